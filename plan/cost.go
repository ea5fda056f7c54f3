package plan

import (
	"net/netip"

	"lvs/kernel"
)

// Cost is what a change does to those who are connected now.
type Cost struct {
	// Established connections are cut: their packets find no way any more.
	Established uint64
	// Other connections are cut too: they are ending, or have not begun.
	Other uint64
	// Persistent clients lose the server they are bound to and get another.
	Persistent uint64
}

// Add sums up.
func (c *Cost) Add(d Cost) {
	c.Established += d.Established
	c.Other += d.Other
	c.Persistent += d.Persistent
}

// None tells that nobody is concerned.
func (c Cost) None() bool { return c == Cost{} }

// Costs gives the cost of each change by what the table counted. Only what is
// deleted cuts anything: an edit leaves connections as they are.
func Costs(table *kernel.Snapshot, changes []kernel.Change) []Cost {
	out := make([]Cost, len(changes))
	var services map[kernel.ServiceID]*kernel.ServiceEntry
	for i := range changes {
		if KindOf(changes[i].Op) != Deleting {
			continue
		}
		if services == nil {
			services = index(table)
		}
		e := services[changes[i].Service.ServiceID]
		if e == nil {
			continue
		}
		if changes[i].Op == kernel.DeleteServer {
			out[i] = costOf(e, changes[i].Server.Addr)
			continue
		}
		for j := range e.Servers {
			out[i].Add(costOfServer(&e.Servers[j]))
		}
	}
	return out
}

func index(table *kernel.Snapshot) map[kernel.ServiceID]*kernel.ServiceEntry {
	out := make(map[kernel.ServiceID]*kernel.ServiceEntry, len(table.Services))
	for i := range table.Services {
		out[table.Services[i].ServiceID] = &table.Services[i]
	}
	return out
}

func costOf(e *kernel.ServiceEntry, server netip.AddrPort) Cost {
	for i := range e.Servers {
		if e.Servers[i].Addr == server {
			return costOfServer(&e.Servers[i])
		}
	}
	return Cost{}
}

func costOfServer(s *kernel.ServerEntry) Cost {
	return Cost{Established: uint64(s.Active), Other: uint64(s.Inactive), Persistent: uint64(s.Persistent)}
}
