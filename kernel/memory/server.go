package memory

import (
	"math"
	"net/netip"
	"slices"

	"lvs/kernel"
)

func (t *table) addServer(s *service, want kernel.Server) (commit func(), err error) {
	want = normalServer(want)
	if err := t.checkServer(s, want); err != nil {
		return nil, err
	}
	if s.byAddr[want.Addr] != nil {
		return nil, kernel.ErrExists
	}
	if !servable(want.Addr.Addr()) {
		return nil, kernel.ErrInvalid
	}
	return func() { s.insert(&kernel.ServerEntry{Server: want}) }, nil
}

func (t *table) editServer(s *service, want kernel.Server) (commit func(), err error) {
	want = normalServer(want)
	if err := t.checkServer(s, want); err != nil {
		return nil, err
	}
	old := s.byAddr[want.Addr]
	if old == nil {
		return nil, kernel.ErrNoServer
	}
	return func() { old.Server = want }, nil
}

func (s *service) deleteServer(addr netip.AddrPort) (commit func(), err error) {
	old := s.byAddr[addr]
	if old == nil {
		return nil, kernel.ErrNoServer
	}
	return func() {
		delete(s.byAddr, addr)
		s.servers = slices.DeleteFunc(s.servers, func(e *kernel.ServerEntry) bool { return e == old })
	}, nil
}

func (s *service) insert(e *kernel.ServerEntry) {
	s.servers = append(s.servers, e)
	s.byAddr[e.Addr] = e
}

// normalServer returns the server as the kernel lists it.
func normalServer(v kernel.Server) kernel.Server {
	if v.Forward != kernel.Tunneling {
		v.Tunnel = kernel.Tunnel{}
	}
	return v
}

// checkServer returns why the kernel refuses a server before it looks it up.
func (t *table) checkServer(s *service, want kernel.Server) error {
	mixed := want.Addr.IsValid() && kernel.FamilyOf(want.Addr.Addr()) != s.Family
	switch {
	case mixed && want.Forward != kernel.Tunneling:
		return kernel.ErrInvalid
	case mixed && len(t.daemons) > 0: // sync messages have one family per service
		return kernel.ErrMixedFamilies
	case want.Weight < 0 || want.Weight > kernel.MaxWeight:
		return kernel.ErrRange
	case want.Lower > want.Upper:
		return kernel.ErrRange
	case want.Upper > math.MaxInt32: // from Linux 7.2
		return kernel.ErrInvalid
	case want.Tunnel.Type == kernel.GUE && want.Tunnel.Port == 0:
		return kernel.ErrInvalid
	}
	return nil
}

// mixedServers reports whether a server has another family than its service.
func (t *table) mixedServers() bool {
	for _, s := range t.services {
		for _, e := range s.servers {
			if kernel.FamilyOf(e.Addr.Addr()) != s.Family {
				return true
			}
		}
	}
	return false
}

// servable reports whether an address can be that of a server. The real kernel
// checks its routes too: it also refuses the broadcast address of a connected
// network.
func servable(a netip.Addr) bool {
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
		return false
	}
	if a.Is4() {
		return a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
	}
	return !a.IsLinkLocalUnicast() && !a.Is4In6()
}
