package plan

import (
	"slices"

	"lvs/kernel"
)

// Cost is how many current connections and clients a change affects.
type Cost struct {
	// Established is the number of active connections that are cut: their packets
	// are no longer forwarded.
	Established uint64
	// Other is the number of inactive connections that are cut: they are closing, or
	// not established yet.
	Other uint64
	// Persistent is the number of clients that lose the server that persistence binds
	// them to, and get another one.
	Persistent uint64
}

// Add adds another cost.
func (c *Cost) Add(d Cost) {
	c.Established += d.Established
	c.Other += d.Other
	c.Persistent += d.Persistent
}

// None reports whether nothing is affected.
func (c Cost) None() bool { return c == Cost{} }

// Costs returns the cost of each change, from the counts in the table. Only a
// deletion has a cost: an edit keeps all connections.
func Costs(table *kernel.Snapshot, changes []kernel.Change) []Cost {
	out := make([]Cost, len(changes))
	var services map[kernel.ServiceID]*kernel.ServiceEntry
	for i := range changes {
		if KindOf(changes[i].Op) != Deleting {
			continue
		}
		if services == nil {
			services = table.Index()
		}
		e := services[changes[i].Service.ServiceID]
		if e == nil {
			continue
		}
		if changes[i].Op == kernel.DeleteServer {
			if v := e.Server(changes[i].Server.Addr); v != nil {
				out[i] = costOf(v)
			}
			continue
		}
		for j := range e.Servers {
			out[i].Add(costOf(&e.Servers[j]))
		}
	}
	return out
}

func costOf(s *kernel.ServerEntry) Cost {
	return Cost{Established: uint64(s.Active), Other: uint64(s.Inactive), Persistent: uint64(s.Persistent)}
}

// Starved returns the services that have a server that accepts new connections
// before the changes, and none after them, sorted. Services that are deleted, or
// whose servers are neither edited nor deleted, are not among them.
func Starved(before *kernel.Snapshot, changes []kernel.Change) []kernel.ServiceID {
	takes := func(c kernel.Change) bool { return c.Op == kernel.EditServer || c.Op == kernel.DeleteServer }
	if !slices.ContainsFunc(changes, takes) {
		return nil
	}
	after := map[kernel.ServiceID]int{}
	entries := before.Index()
	count := func(id kernel.ServiceID, weight, by int) {
		if weight > 0 {
			after[id] += by
		}
	}
	var touched []kernel.ServiceID
	for i := range changes {
		c := &changes[i]
		id := c.Service.ServiceID
		old := 0
		if v := entries[id].Server(c.Server.Addr); v != nil {
			old = v.Weight
		}
		switch c.Op {
		case kernel.AddServer:
			count(id, c.Server.Weight, 1)
		case kernel.EditServer:
			count(id, old, -1)
			count(id, c.Server.Weight, 1)
			touched = append(touched, id)
		case kernel.DeleteServer:
			count(id, old, -1)
			touched = append(touched, id)
		}
	}
	slices.SortFunc(touched, kernel.ServiceID.Compare)
	return slices.DeleteFunc(slices.Compact(touched), func(id kernel.ServiceID) bool {
		e := entries[id]
		return e == nil || e.Capacity() == 0 || e.Capacity()+after[id] > 0
	})
}
