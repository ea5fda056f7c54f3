package commands

import (
	"slices"

	"lvs/kernel"
	"lvs/plan"
)

// noteReturned prints the services to which changes add servers again that were not
// necessarily the last to be added, if the scheduler goes by the order: the kernel lists a
// server that is added first.
func (a *App) noteReturned(before *kernel.Snapshot, changes []kernel.Change) {
	want, returned := returning(before, changes)
	orders := stayingOrders(before, want, changes)
	for i := range orders {
		o := &orders[i]
		if i == mostListed {
			a.note("… and %s with servers that come back in another order",
				plural(len(orders)-i, "other service"))
			break
		}
		a.note("%v: what comes back becomes the first in the kernel's list, whatever its place was: %s; with %s, clients "+
			"may reach other servers than before", o.Service, listed(serversOf(returned[o.Service])), o.Scheduler)
	}
	if len(orders) > 0 {
		a.say("hint: %s list --sort kernel %v shows the order", a.here(), orders[0].Service)
	}
}

// returning returns the services that exist and to which changes add servers, as if those had
// been the first to be added: the order that differs most from the one that they get. It also
// returns the servers that are added.
func returning(before *kernel.Snapshot, changes []kernel.Change) (
	[]plan.Service, map[kernel.ServiceID][]kernel.ServerKey) {
	var want []plan.Service
	returned := map[kernel.ServiceID][]kernel.ServerKey{}
	at := map[kernel.ServiceID]int{}
	entries := before.Index()
	for i := range changes {
		c := &changes[i]
		id := c.Service.ServiceID
		e := entries[id]
		if e == nil || c.Op != kernel.AddServer {
			continue
		}
		if _, found := at[id]; !found {
			at[id] = len(want)
			want = append(want, plan.Service{Service: e.Service})
		}
		w := &want[at[id]]
		w.Servers = append(w.Servers, c.Server)
		returned[id] = append(returned[id], kernel.ServerKey{Service: id, Server: c.Server.Addr})
	}
	for i := range want {
		for _, v := range slices.Backward(entries[want[i].ServiceID].Servers) {
			want[i].Servers = append(want[i].Servers, v.Server)
		}
	}
	return want, returned
}
