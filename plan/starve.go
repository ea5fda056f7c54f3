package plan

import (
	"slices"

	"lvs/kernel"
)

// Starved returns the services that changes leave without a server that accepts
// new connections, and that have one before. Services that are deleted, or become
// empty by nothing that the changes do, are not among them.
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
