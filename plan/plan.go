// Package plan compares tables and plans the way from one to another: which objects
// change, in which order, what that costs those who are connected, and how to undo
// it. It carries plans out, all or nothing, and decides nothing about when.
package plan

import (
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Options limit what a plan may change.
type Options struct {
	// Prune deletes services that are not among the wanted ones.
	Prune bool
	// KeepWeights keeps the weights of existing servers.
	KeepWeights bool
}

// Between returns the changes that bring a table to the wanted state: only what
// differs, and nothing is deleted that can be edited. Their order interrupts no
// service: first everything new is added, then existing objects are edited
// (servers that come into use before servers that go out of use), and last the
// unwanted ones are deleted. The table must not be Public: that lacks settings.
func Between(have *kernel.Snapshot, want []Service, o Options) []kernel.Change {
	p := plan{options: o}
	there := have.Index()
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

// newObjects counts the services that have to be added, and their servers.
func newObjects(there map[kernel.ServiceID]*kernel.ServiceEntry, want []Service) (n int) {
	for i := range want {
		if there[want[i].ServiceID] == nil {
			n += 1 + len(want[i].Servers)
		}
	}
	return n
}

// plan collects changes by stage. The stages are carried out in this order.
type plan struct {
	add    []kernel.Change // services and servers that are new
	raise  []kernel.Change // edits of services, and of servers that come into use
	edit   []kernel.Change // other edits of servers
	lower  []kernel.Change // edits of servers that go out of use
	remove []kernel.Change // servers to delete
	drop   []kernel.Change // services to delete

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
		if old != nil && p.options.KeepWeights {
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
	// Undo adds servers in the order of the journal, which is this one: the oldest first.
	for i := range slices.Backward(have.Servers) {
		if s := &have.Servers[i].Server; there[s.Addr] != nil {
			p.remove = append(p.remove, kernel.Change{Op: kernel.DeleteServer, Service: want.Service, Server: *s})
		}
	}
}

// sameServers reports whether two lists are equal, in the same order or in the
// reverse one, which is the kernel's. Other orders count as different: it is only
// a shortcut.
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

// Service is a wanted service with its servers. A wanted state has each service
// once, and a service has each server once.
type Service struct {
	kernel.Service
	// Servers are added in this order. The kernel lists the last added first.
	Servers []kernel.Server
}

// Of returns the state of a table: planning from the table to it yields no change.
// An empty kernel that is brought to it lists the servers in the same order.
func Of(s *kernel.Snapshot) []Service {
	out := make([]Service, len(s.Services))
	for i := range s.Services {
		e := &s.Services[i]
		servers := make([]kernel.Server, len(e.Servers))
		for j := range e.Servers {
			servers[len(servers)-1-j] = e.Servers[j].Server
		}
		out[i] = Service{e.Service, servers}
	}
	return out
}

// sameService reports whether the kernel treats both alike.
func sameService(a, b kernel.Service) bool { return PlainService(a) == PlainService(b) }

// PlainService returns a service without settings that have no effect: netmask without
// persistence (ip_vs_sched_persist), one-packet scheduling for a protocol other than UDP
// (ip_vs_schedule). The kernel keeps an engine without persistence, and uses it for
// connections that servers open (ip_vs_new_conn_out).
func PlainService(s kernel.Service) kernel.Service {
	if s.Persistence == 0 {
		s.Netmask = 0
	}
	if s.Netmask.Whole(s.Family) {
		s.Netmask = 0
	}
	if s.Protocol == kernel.TCP || s.Protocol == kernel.SCTP {
		s.OnePacket = false
	}
	return s
}

// sameServer reports whether the kernel treats both alike.
func sameServer(a, b kernel.Server) bool {
	if a.Forward == kernel.Local || b.Forward == kernel.Local {
		// Old kernels show a server that is the director itself as local, whatever
		// forwarding method was set.
		a.Forward, a.Tunnel = b.Forward, b.Tunnel
	}
	return PlainServer(a) == PlainServer(b)
}

// PlainServer returns a server without tunnel settings that have no effect.
func PlainServer(s kernel.Server) kernel.Server {
	switch {
	case s.Forward != kernel.Tunneling:
		s.Tunnel = kernel.Tunnel{}
	case s.Tunnel.Type == kernel.IPIP:
		s.Tunnel = kernel.Tunnel{Type: kernel.IPIP}
	case s.Tunnel.Type == kernel.GRE:
		s.Tunnel.Port = 0
	}
	return s
}
