package plan

import (
	"slices"

	"lvs/kernel"
)

// Starved returns the services that have a server that accepts new connections
// before the changes, and none after them, sorted. Services that are deleted, or
// whose servers are neither edited nor deleted, are not among them.
func Starved(before *kernel.Snapshot, changes []kernel.Change) []kernel.ServiceID {
	var touched []kernel.ServiceID
	for i := range changes {
		if op := changes[i].Op; op == kernel.EditServer || op == kernel.DeleteServer {
			touched = append(touched, changes[i].Service.ServiceID)
		}
	}
	if len(touched) == 0 {
		return nil
	}
	r := remaining(before, changes)
	slices.SortFunc(touched, kernel.ServiceID.Compare)
	return slices.DeleteFunc(slices.Compact(touched), func(id kernel.ServiceID) bool {
		e := r.before[id]
		return e == nil || r.deleted[id] || e.Capacity() == 0 || r.left(id) > 0
	})
}
