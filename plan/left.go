package plan

import (
	"cmp"
	"slices"

	"lvs/kernel"
)

// Left is the part of a service's weight that is left after changes.
type Left struct {
	Service kernel.ServiceID
	// Weight is the sum of the weights after the changes. All is what it would be if no
	// server was out of service.
	Weight, All int64
	// Lost is set if a server goes out of service, and not only gets a lower weight.
	Lost bool
}

// Percent returns the share that is left, rounded down.
func (l *Left) Percent() int {
	if l.All == 0 {
		return 100
	}
	return int(float64(l.Weight) / float64(l.All) * 100)
}

// WeightLeft returns the services whose weight the changes lower, the smallest share first.
// out returns the weight that a server of weight 0 has if it is in service, or 0.
//
// A service whose servers all get lower weights is not among them: its connections go to
// the same servers. Neither is one that is deleted.
func WeightLeft(before *kernel.Snapshot, changes []kernel.Change, out func(kernel.ServerKey) int) []Left {
	services := map[kernel.ServiceID]*leftOver{}
	entries := before.Index()
	for i := range changes {
		c := &changes[i]
		id := c.Service.ServiceID
		l := services[id]
		if l == nil && entries[id] != nil {
			l = &leftOver{now: map[kernel.ServerKey]int{}}
			services[id] = l
		}
		switch key := (kernel.ServerKey{Service: id, Server: c.Server.Addr}); {
		case l == nil: // a new service
		case c.Op == kernel.DeleteService:
			l.deleted = true
		case c.Op == kernel.AddServer, c.Op == kernel.EditServer:
			l.now[key] = c.Server.Weight
		case c.Op == kernel.DeleteServer:
			l.now[key] = 0
		}
	}
	var all []Left
	for id, l := range services {
		if l.count(entries[id], out); !l.deleted && l.lower() {
			all = append(all, Left{id, l.after, l.all, l.lost})
		}
	}
	slices.SortFunc(all, func(a, b Left) int {
		return cmp.Or(cmp.Compare(a.Percent(), b.Percent()), a.Service.Compare(b.Service))
	})
	return all
}

// leftOver sums up the weights of a service.
type leftOver struct {
	// now are the weights of the servers that change, 0 if they are deleted.
	now     map[kernel.ServerKey]int
	deleted bool

	before, after, all int64
	// lost is set if a server goes out of service, kept if one keeps its weight.
	lost, kept bool
}

func (l *leftOver) count(e *kernel.ServiceEntry, out func(kernel.ServerKey) int) {
	for i := range e.Servers {
		key := kernel.ServerKey{Service: e.ServiceID, Server: e.Servers[i].Addr}
		was := e.Servers[i].Weight
		to, changes := l.now[key]
		if !changes {
			to = was
		}
		delete(l.now, key)
		l.before += int64(was)
		l.after += int64(to)
		l.lost = l.lost || was > 0 && to == 0
		l.kept = l.kept || was > 0 && to >= was
		if was == 0 && to == 0 {
			was = out(key)
		}
		l.all += int64(max(was, to))
	}
	for _, weight := range l.now { // new servers
		l.after += int64(weight)
	}
	l.all = max(l.all, l.after)
}

// lower reports whether the service has less weight than before, and not only because
// all of its servers have.
func (l *leftOver) lower() bool { return l.after < l.before && (l.lost || l.kept) }
