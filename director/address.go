package director

import (
	"net/netip"
	"slices"
	"time"
)

// AddressStatus is the state of a virtual address over all its services. A router sends an
// address here as a whole, so that this decides whether it should.
type AddressStatus struct {
	Addr  netip.Addr
	State AddressState
	// Since is when the state of one of its services changed last.
	Since time.Time
	// Up, Down and Unknown are how many of its services are in each state.
	Up, Down, Unknown int
}

// AddressState is the state of a virtual address.
type AddressState string

// The states.
const (
	// AddressUnknown: a service has no verdict yet.
	AddressUnknown AddressState = "unknown"
	// AddressUp: all services hold their quorum.
	AddressUp AddressState = "up"
	// AddressDegraded: some do, others do not.
	AddressDegraded AddressState = "degraded"
	// AddressDown: none does.
	AddressDown AddressState = "down"
)

// AddressesOf returns the states of the addresses of services, sorted. Firewall marks have
// no address and are left out.
func AddressesOf(services []ServiceStatus) []AddressStatus {
	at := map[netip.Addr]int{}
	out := []AddressStatus{}
	for i := range services {
		s := &services[i]
		if s.ID.FWMark != 0 {
			continue
		}
		n, known := at[s.ID.Addr]
		if !known {
			n = len(out)
			at[s.ID.Addr] = n
			out = append(out, AddressStatus{Addr: s.ID.Addr})
		}
		out[n].add(s)
	}
	slices.SortFunc(out, func(a, b AddressStatus) int { return a.Addr.Compare(b.Addr) })
	return out
}

func (a *AddressStatus) add(s *ServiceStatus) {
	switch s.State {
	case ServiceUp:
		a.Up++
	case ServiceDown:
		a.Down++
	default:
		a.Unknown++
	}
	if s.Since.After(a.Since) {
		a.Since = s.Since
	}
	switch {
	case a.Unknown > 0:
		a.State = AddressUnknown
	case a.Down == 0:
		a.State = AddressUp
	case a.Up == 0:
		a.State = AddressDown
	default:
		a.State = AddressDegraded
	}
}
