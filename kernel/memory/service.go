package memory

import (
	"net/netip"
	"slices"
	"time"

	"lvs/kernel"
)

// checkID refuses an identity that is impossible. The real kernel would read an
// address of the wrong family as some other address.
func checkID(id kernel.ServiceID) error {
	if id.Family != kernel.IPv4 && id.Family != kernel.IPv6 {
		return kernel.ErrNotSupported
	}
	if id.FWMark == 0 && kernel.FamilyOf(id.Addr) != id.Family {
		return kernel.ErrInvalid
	}
	return nil
}

func (t *table) addService(old *service, want kernel.Service) (commit func(), err error) {
	if err := checkNames(want); err != nil {
		return nil, err
	}
	if old != nil {
		return nil, kernel.ErrExists
	}
	if err := checkService(want); err != nil {
		return nil, err
	}
	return func() {
		t.services[want.ServiceID] = &service{
			Service: normal(want),
			byAddr:  map[netip.AddrPort]*kernel.ServerEntry{},
		}
	}, nil
}

func (s *service) edit(want kernel.Service) (commit func(), err error) {
	if err := checkNames(want); err != nil {
		return nil, err
	}
	if err := checkService(want); err != nil {
		return nil, err
	}
	return func() { s.Service = normal(want) }, nil
}

// checkNames refuses names that do not fit into a netlink attribute, before the
// kernel reads its table.
func checkNames(s kernel.Service) error {
	if len(s.Scheduler) > kernel.MaxName || len(s.Engine) > kernel.MaxName {
		return kernel.ErrInvalid
	}
	return nil
}

func checkService(s kernel.Service) error {
	if !slices.Contains(kernel.Schedulers(), s.Scheduler) ||
		s.Engine != "" && !slices.Contains(kernel.Engines(), s.Engine) {
		return kernel.NoScheduler(&s)
	}
	if s.Family == kernel.IPv6 && s.Netmask > 128 {
		return kernel.ErrInvalid
	}
	return nil
}

// normal returns the service as the kernel lists it.
func normal(s kernel.Service) kernel.Service {
	if s.Netmask.Whole(s.Family) {
		s.Netmask = 0
	}
	s.Persistence = max(s.Persistence.Truncate(time.Second), 0)
	return s
}
