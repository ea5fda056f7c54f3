package plan

import (
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Options say how far a plan may go.
type Options struct {
	// Prune deletes services that are not wanted.
	Prune bool
	// KeepWeights leaves the weights of servers that are there as they are.
	KeepWeights bool
	// Drained tells of a server whose weight is 0 for a while and stays so. Nil is
	// none.
	Drained func(kernel.ServiceID, netip.AddrPort) bool
}

// Between gives the changes that bring a table to the wanted state: only what
// differs, and nothing is deleted that can be edited. Their order interrupts
// nothing: first what is new comes, then what changes is edited in place,
// servers that come into use before those that go out of it, and at last what
// is not wanted goes. The table must not be a Public one, which does not know
// enough.
func Between(have *kernel.Snapshot, want []Service, o Options) []kernel.Change {
	p := plan{options: o}
	there := make(map[kernel.ServiceID]*kernel.ServiceEntry, len(have.Services))
	for i := range have.Services {
		there[have.Services[i].ServiceID] = &have.Services[i]
	}
	p.add = make([]kernel.Change, 0, newObjects(there, want))
	for i := range want {
		if e := there[want[i].ServiceID]; e != nil {
			p.update(e, &want[i])
			delete(there, want[i].ServiceID)
		} else {
			p.create(&want[i])
		}
	}
	if o.Prune {
		for i := range have.Services {
			if s := &have.Services[i]; there[s.ServiceID] != nil {
				p.drop = append(p.drop, kernel.Change{Op: kernel.DeleteService, Service: s.Service})
			}
		}
	}
	return append(p.add, slices.Concat(p.raise, p.edit, p.lower, p.remove, p.drop)...)
}

// newObjects counts the services that are not there, and their servers.
func newObjects(there map[kernel.ServiceID]*kernel.ServiceEntry, want []Service) (n int) {
	for i := range want {
		if there[want[i].ServiceID] == nil {
			n += 1 + len(want[i].Servers)
		}
	}
	return n
}

// plan collects changes by the stage in which they are made.
type plan struct {
	add    []kernel.Change // services and servers that are new
	raise  []kernel.Change // edits of services, and of servers that come into use
	edit   []kernel.Change // other edits of servers
	lower  []kernel.Change // edits of servers that are out of use then
	remove []kernel.Change // servers that go
	drop   []kernel.Change // services that go

	options Options
}

func (p *plan) create(s *Service) {
	p.add = append(p.add, kernel.Change{Op: kernel.AddService, Service: s.Service})
	for i := range s.Servers {
		p.add = append(p.add, kernel.Change{Op: kernel.AddServer, Service: s.Service, Server: s.Servers[i]})
	}
}

func (p *plan) update(have *kernel.ServiceEntry, want *Service) {
	if !sameService(have.Service, want.Service) {
		p.raise = append(p.raise, kernel.Change{Op: kernel.EditService, Service: want.Service})
	}
	if sameServers(have.Servers, want.Servers) {
		return
	}
	there := make(map[netip.AddrPort]*kernel.Server, len(have.Servers))
	for i := range have.Servers {
		there[have.Servers[i].Addr] = &have.Servers[i].Server
	}
	for _, s := range want.Servers {
		old := there[s.Addr]
		delete(there, s.Addr)
		if old != nil && (p.options.KeepWeights || old.Weight == 0 && p.options.Drained != nil && p.options.Drained(want.ServiceID, s.Addr)) {
			s.Weight = old.Weight
		}
		switch {
		case old == nil:
			p.add = append(p.add, kernel.Change{Op: kernel.AddServer, Service: want.Service, Server: s})
		case sameServer(*old, s):
		case old.Weight == 0 && s.Weight > 0:
			p.raise = append(p.raise, kernel.Change{Op: kernel.EditServer, Service: want.Service, Server: s})
		case s.Weight == 0:
			p.lower = append(p.lower, kernel.Change{Op: kernel.EditServer, Service: want.Service, Server: s})
		default:
			p.edit = append(p.edit, kernel.Change{Op: kernel.EditServer, Service: want.Service, Server: s})
		}
	}
	for i := range have.Servers {
		if s := &have.Servers[i].Server; there[s.Addr] != nil {
			p.remove = append(p.remove, kernel.Change{Op: kernel.DeleteServer, Service: want.Service, Server: *s})
		}
	}
}

// sameServers is a shortcut: it knows lists that are equal in the same order or
// in the opposite one, which is the kernel's.
func sameServers(have []kernel.ServerEntry, want []kernel.Server) bool {
	if len(have) != len(want) {
		return false
	}
	n := len(want)
	alike := func(place func(int) int) bool {
		for i := range want {
			h := &have[place(i)].Server
			if h.Addr != want[i].Addr || !sameServer(*h, want[i]) {
				return false
			}
		}
		return true
	}
	return alike(func(i int) int { return n - 1 - i }) || alike(func(i int) int { return i })
}
