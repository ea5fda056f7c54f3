package kernel

import (
	"net/netip"
	"slices"
	"time"
)

// ServiceEntry is one row of the table: a service, its statistics, and its servers
// in the kernel's order.
type ServiceEntry struct {
	Service
	Stats   Stats
	Servers []ServerEntry
}

// ServerEntry is a real server of a service with its connections and statistics.
type ServerEntry struct {
	Server
	// Active counts established connections, Inactive connections in any other
	// state, and Persistent the clients bound to the server by persistence.
	Active, Inactive, Persistent uint32
	Stats                        Stats
}

// Snapshot is the table as read in one pass. The kernel has no transactions: a
// change that another process makes meanwhile may be half in it.
type Snapshot struct {
	Time time.Time
	Info Info
	// Public is set if the table came from /proc/net/ip_vs, which every user may
	// read. Then statistics, thresholds, persistence (the file has it in ticks of
	// unknown length), scheduler flags, engines and tunnel details are not known,
	// nor is the family of a mark without servers.
	Public bool
	// Stopped is the sysctl because of which the Stats are not up to date, see
	// CountersStopped. It is empty if they are, and if Public is set.
	Stopped string
	// Services is in canonical order (ServiceID.Compare).
	Services []ServiceEntry
	// Order is the order in which the kernel listed the services, which it may
	// change at any time: Services[Order[0]] came first. It is nil if services
	// were read by name or if Public is set, and is invalid once Services is cut
	// or sorted otherwise.
	Order []int
}

// Find returns the entry of a service, or nil. It points into s.Services.
func (s *Snapshot) Find(id ServiceID) *ServiceEntry {
	for i := range s.Services {
		if s.Services[i].ServiceID == id {
			return &s.Services[i]
		}
	}
	return nil
}

// Index returns the entries by service. They point into s.Services.
func (s *Snapshot) Index() map[ServiceID]*ServiceEntry {
	out := make(map[ServiceID]*ServiceEntry, len(s.Services))
	for i := range s.Services {
		out[s.Services[i].ServiceID] = &s.Services[i]
	}
	return out
}

// Server returns the entry of the server at an address, or nil. It points into
// e.Servers. A nil entry has no servers.
func (e *ServiceEntry) Server(addr netip.AddrPort) *ServerEntry {
	if e == nil {
		return nil
	}
	for i := range e.Servers {
		if e.Servers[i].Addr == addr {
			return &e.Servers[i]
		}
	}
	return nil
}

// Capacity returns how many servers accept new connections, those whose weight
// is not zero. Servers at the addresses in without do not count: a service that
// has capacity, but none without some servers, is left empty when they go.
func (e *ServiceEntry) Capacity(without ...netip.AddrPort) int {
	n := 0
	for i := range e.Servers {
		if v := &e.Servers[i]; v.Weight > 0 && !slices.Contains(without, v.Addr) {
			n++
		}
	}
	return n
}

// OutboundKnown reports whether the outbound counters show what the service sends: the
// replies of some server pass the director, or the service has no servers.
func (e *ServiceEntry) OutboundKnown() bool {
	for i := range e.Servers {
		if e.Servers[i].OutboundKnown() {
			return true
		}
	}
	return len(e.Servers) == 0
}

// OutboundKnown reports whether the outbound counters say what the server
// sends. With direct routing or a tunnel, zero means not known: replies usually
// bypass the director. Once some were counted, they do pass it (the server is
// the director itself, or routes its replies through it).
func (e *ServerEntry) OutboundKnown() bool {
	return e.Forward.RepliesPassDirector() || e.Stats.Counters.PacketsOut > 0
}
