package plan

import (
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Order is a service whose servers the kernel has in another order than wanted. An
// existing server keeps its place: only adding it again would move it. Both lists are in
// the order of adding, the opposite of the kernel's, and have the same servers.
type Order struct {
	Service kernel.Service
	// Have is the order after the changes, and Want the wanted one.
	Have, Want []kernel.Server
}

// Orders returns the services that exist and will have their servers in another order
// than wanted once the changes, which were planned for the table before, are made.
// Servers that are not wanted but stay are left out.
func Orders(before *kernel.Snapshot, want []Service, changes []kernel.Change) []Order {
	var out []Order
	var byService map[kernel.ServiceID][]*kernel.Change
	there := before.Index()
	for i := range want {
		w := &want[i]
		e := there[w.ServiceID]
		if e == nil || len(w.Servers) < 2 || addedInOrder(e.Servers, w.Servers) {
			continue
		}
		if byService == nil {
			byService = changesByService(changes)
		}
		have := after(e.Servers, byService[w.ServiceID])
		o := Order{w.Service, common(have, w.Servers, have), common(w.Servers, have, have)}
		if !slices.EqualFunc(o.Have, o.Want, func(a, b kernel.Server) bool { return a.Addr == b.Addr }) {
			out = append(out, o)
		}
	}
	return out
}

// addedInOrder reports whether the kernel's list has the same servers, the last first.
func addedInOrder(listed []kernel.ServerEntry, want []kernel.Server) bool {
	if len(listed) != len(want) {
		return false
	}
	for i := range want {
		if listed[len(listed)-1-i].Addr != want[i].Addr {
			return false
		}
	}
	return true
}

func changesByService(changes []kernel.Change) map[kernel.ServiceID][]*kernel.Change {
	out := map[kernel.ServiceID][]*kernel.Change{}
	for i := range changes {
		if c := &changes[i]; c.Op.OnServer() {
			out[c.Service.ServiceID] = append(out[c.Service.ServiceID], c)
		}
	}
	return out
}

// after returns the servers of a service after changes, in the order of adding.
func after(listed []kernel.ServerEntry, changes []*kernel.Change) []kernel.Server {
	out := make([]kernel.Server, 0, len(listed)+len(changes))
	for i := range slices.Backward(listed) {
		out = append(out, listed[i].Server)
	}
	for _, c := range changes {
		at := slices.IndexFunc(out, func(v kernel.Server) bool { return v.Addr == c.Server.Addr })
		switch {
		case c.Op == kernel.AddServer && at < 0:
			out = append(out, c.Server)
		case c.Op == kernel.EditServer && at >= 0:
			out[at] = c.Server
		case c.Op == kernel.DeleteServer && at >= 0:
			out = slices.Delete(out, at, at+1)
		}
	}
	return out
}

// common returns the servers of a list that another has too, with the settings that
// they have in now.
func common(list, other, now []kernel.Server) []kernel.Server {
	index := func(servers []kernel.Server) map[netip.AddrPort]int {
		out := make(map[netip.AddrPort]int, len(servers))
		for i := range servers {
			out[servers[i].Addr] = i
		}
		return out
	}
	in, at := index(other), index(now)
	var out []kernel.Server
	for i := range list {
		_, both := in[list[i].Addr]
		if n, known := at[list[i].Addr]; both && known {
			out = append(out, now[n])
		}
	}
	return out
}
