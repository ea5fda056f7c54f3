package ipvsadm

import (
	"net/netip"

	"lvs/kernel"
)

// tableOf gives the table that lines make of an empty one, where they do
// nothing but change it and the kernel is not expected to refuse any.
func tableOf(lines []Line) (_ []Service, ok bool) {
	for i := range lines {
		if l := &lines[i]; l.Verb > DeleteServer {
			return nil, false
		}
	}
	services, err := Replay(lines)
	return services, err == nil
}

// changesTo gives the changes that make one table of another: first what is
// new or different, then what is to go.
func changesTo(before *kernel.Snapshot, wanted []Service) []kernel.Change {
	old := make(map[kernel.ServiceID]*kernel.ServiceEntry, len(before.Services))
	for i := range before.Services {
		old[before.Services[i].ServiceID] = &before.Services[i]
	}
	var do, drop []kernel.Change
	for i := range wanted {
		want := &wanted[i]
		have := old[want.ServiceID]
		delete(old, want.ServiceID)
		switch {
		case have == nil:
			do = append(do, kernel.Change{Op: kernel.AddService, Service: want.Service})
		case !sameService(&have.Service, &want.Service):
			do = append(do, kernel.Change{Op: kernel.EditService, Service: want.Service})
		}
		do, drop = serverChanges(do, drop, have, want)
	}
	for i := range before.Services {
		if s := &before.Services[i]; old[s.ServiceID] != nil {
			drop = append(drop, kernel.Change{Op: kernel.DeleteService, Service: s.Service})
		}
	}
	return append(do, drop...)
}

// serverChanges appends what makes a service's servers of those that it has;
// have is nil where it is new.
func serverChanges(do, drop []kernel.Change, have *kernel.ServiceEntry, want *Service) (_, _ []kernel.Change) {
	old := map[netip.AddrPort]*kernel.Server{}
	if have != nil {
		for i := range have.Servers {
			old[have.Servers[i].Addr] = &have.Servers[i].Server
		}
	}
	for _, v := range want.Servers {
		c := kernel.Change{Op: kernel.AddServer, Service: want.Service, Server: v.Server}
		if was := old[v.Addr]; was != nil {
			delete(old, v.Addr)
			if *was == v.Server {
				continue
			}
			c.Op = kernel.EditServer
		}
		do = append(do, c)
	}
	for _, was := range old {
		drop = append(drop, kernel.Change{Op: kernel.DeleteServer, Service: want.Service, Server: *was})
	}
	return do, drop
}

// sameService tells whether two services are the same to the kernel, which
// knows several ways to say that clients are not grouped.
func sameService(a, b *kernel.Service) bool {
	x, y := *a, *b
	if x.Netmask.Whole(x.Family) {
		x.Netmask = 0
	}
	if y.Netmask.Whole(y.Family) {
		y.Netmask = 0
	}
	return x == y
}
