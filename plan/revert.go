package plan

import (
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Reversal is a plan that undoes changes.
type Reversal struct {
	// Steps undo the changes in Before: the table as it is now, with only the
	// services that were changed.
	Steps
	Before *Table
	// Objects are the objects that the steps change.
	Objects []Object
	// Since are the objects that were changed again after the changes, from what the
	// changes made of them to what they are now. Revert undoes that too, RevertUnchanged
	// keeps it.
	Since []Object
	// Lost are servers that cannot be restored, because their service no longer
	// exists.
	Lost []Object
	// Kept are services that RevertUnchanged leaves as they are, with all their servers,
	// because of what was changed in them since.
	Kept []kernel.ServiceID
}

// Revert plans how to undo changes to objects, each of which appears once (Merge).
// It compares each object with the table as it is now and leaves out what is
// already as before, so it does not matter how many of the changes were made.
func Revert(made []Object, now *Table) *Reversal { return revert(made, now, nil) }

// RevertUnchanged is Revert, but what was changed again since the changes stays as it
// is now. A service that would be deleted stays with all its servers if one of them was
// added or changed since, and so does a service that was created again with other
// settings. A service that would lose its last server with a weight because another
// change is kept stays, too: its servers depend on each other.
func RevertUnchanged(made []Object, now *Table) *Reversal {
	whole := map[kernel.ServiceID]bool{}
	for {
		r := revert(made, now, whole)
		more := false
		changed := map[kernel.ServiceID]bool{}
		for i := range r.Since {
			changed[r.Since[i].Service] = true
		}
		for _, id := range Starved(r.Before.Snapshot, r.Changes) {
			if changed[id] && !whole[id] {
				whole[id], more = true, true
			}
		}
		if !more {
			return r
		}
	}
}

// revert plans a Reversal. whole is nil to undo all; otherwise what was changed since is
// kept, and of the services in whole everything.
func revert(made []Object, now *Table, whole map[kernel.ServiceID]bool) *Reversal {
	r := &reverter{now: now, made: made, keep: whole != nil, whole: whole}
	r.begin()
	// Services come first: the servers of one that was drained and then deleted
	// precede it in the journal's entry, and they are restored into it.
	for i := range r.made {
		if o := &r.made[i]; o.Service != (kernel.ServiceID{}) && !o.Server.IsValid() && !o.Zeroed {
			r.service(o)
		}
	}
	for i := range r.made {
		switch o := &r.made[i]; {
		case o.Zeroed:
		case o.Server.IsValid():
			r.server(o)
		case o.BeforeTimeouts != nil && o.AfterTimeouts != nil:
			r.timeouts(o)
		case o.daemon() != nil:
			r.daemon(o)
		}
	}
	return r.end()
}

// reverter collects a Reversal.
type reverter struct {
	Reversal
	now  *Table
	made []Object
	// keep is set if what was changed since is kept; whole has the services of which
	// everything is.
	keep  bool
	whole map[kernel.ServiceID]bool
	// order has the changed services.
	order []kernel.ServiceID
	want  map[kernel.ServiceID]*restored
}

// restored is what becomes of a service that was changed.
type restored struct {
	// entry is the service as it is now; nil if it does not exist.
	entry *kernel.ServiceEntry
	// servers are those of the entry.
	servers map[netip.AddrPort]*kernel.Server
	// made are the changes of its servers.
	made []*Object
	// service are the wanted settings; nil deletes it.
	service *kernel.Service
	// set has the servers that are edited, or nil for those that are deleted; add has
	// those that are added, in order.
	set map[netip.AddrPort]*kernel.Server
	add []kernel.Server
	// kept is set if something would have been undone, and whole prevents it.
	kept bool
}

// begin starts from the changed services as they are.
func (r *reverter) begin() {
	r.want = map[kernel.ServiceID]*restored{}
	for i := range r.made {
		o := &r.made[i]
		if o.Service == (kernel.ServiceID{}) || o.Zeroed {
			continue
		}
		w := r.want[o.Service]
		if w == nil {
			w = &restored{}
			r.want[o.Service] = w
			r.order = append(r.order, o.Service)
		}
		if o.Server.IsValid() {
			w.made = append(w.made, o)
		}
	}
	part := &kernel.Snapshot{}
	for i := range r.now.Services {
		if r.want[r.now.Services[i].ServiceID] != nil {
			part.Services = append(part.Services, r.now.Services[i])
		}
	}
	r.Before = &Table{part, r.now.Timeouts, r.now.Daemons}
	for i := range part.Services {
		e := &part.Services[i]
		w := r.want[e.ServiceID]
		w.entry, w.service = e, &e.Service
		w.servers = make(map[netip.AddrPort]*kernel.Server, len(e.Servers))
		for j := range e.Servers {
			w.servers[e.Servers[j].Addr] = &e.Servers[j].Server
		}
	}
}

func (r *reverter) service(o *Object) {
	w := r.want[o.Service]
	var now *kernel.Service
	if w.entry != nil {
		now = &w.entry.Service
	}
	if alike(now, o.BeforeService, sameService) {
		return
	}
	changed := !alike(now, o.AfterService, sameService)
	if changed {
		r.Since = append(r.Since, Object{Service: o.Service, BeforeService: o.AfterService, AfterService: now})
	}
	if now != nil && o.BeforeService == nil {
		later := r.addedLater(w)
		r.Since = append(r.Since, later...)
		if r.keep && (changed || len(later) > 0 || w.serverChanged()) {
			r.whole[o.Service] = true
		}
	}
	if r.keep && changed && o.AfterService == nil {
		r.whole[o.Service] = true // it was created again
	}
	switch {
	case r.whole[o.Service]:
		w.kept = true
	case r.keep && changed:
	case o.BeforeService == nil:
		w.service = nil
	default:
		w.service = o.BeforeService
	}
}

// addedLater returns the servers that were added to a service after the changes added
// it: they would be deleted with it.
func (r *reverter) addedLater(w *restored) (later []Object) {
	known := make(map[netip.AddrPort]bool, len(w.made))
	for _, o := range w.made {
		known[o.Server] = true
	}
	for i := range w.entry.Servers {
		if v := &w.entry.Servers[i].Server; !known[v.Addr] {
			later = append(later, Object{Service: w.entry.ServiceID, Server: v.Addr, AfterServer: v})
		}
	}
	return later
}

// serverChanged reports whether a server of the changes exists and was changed since.
func (w *restored) serverChanged() bool {
	return slices.ContainsFunc(w.made, func(o *Object) bool {
		now := w.servers[o.Server]
		return now != nil && !alike(now, o.AfterServer, sameServer) && !alike(now, o.BeforeServer, sameServer)
	})
}

func (r *reverter) server(o *Object) {
	w := r.want[o.Service]
	now := w.servers[o.Server]
	if alike(now, o.BeforeServer, sameServer) {
		return
	}
	changed := !alike(now, o.AfterServer, sameServer)
	if changed {
		r.Since = append(r.Since,
			Object{Service: o.Service, Server: o.Server, BeforeServer: o.AfterServer, AfterServer: now})
	}
	switch {
	case r.whole[o.Service]:
		w.kept = true
	case r.keep && changed && w.service != nil:
	case w.service == nil && o.BeforeServer != nil:
		r.Lost = append(r.Lost, *o)
	case w.service == nil: // it is deleted with its service
	case now == nil:
		w.add = append(w.add, *o.BeforeServer)
	default:
		if w.set == nil {
			w.set = map[netip.AddrPort]*kernel.Server{}
		}
		w.set[o.Server] = o.BeforeServer
	}
}

func (r *reverter) timeouts(o *Object) {
	now := r.now.Timeouts
	if now == *o.BeforeTimeouts {
		return
	}
	if now != *o.AfterTimeouts {
		r.Since = append(r.Since, Object{BeforeTimeouts: o.AfterTimeouts, AfterTimeouts: &now})
		if r.keep {
			r.PlanTimeouts(now, unchangedTimeouts(now, *o.BeforeTimeouts, *o.AfterTimeouts))
			return
		}
	}
	r.PlanTimeouts(now, *o.BeforeTimeouts)
}

// unchangedTimeouts returns the timeouts before a change, but those that were changed
// since as they are now: the three are set one by one.
func unchangedTimeouts(now, before, after kernel.Timeouts) kernel.Timeouts {
	if now.TCP != after.TCP {
		before.TCP = now.TCP
	}
	if now.TCPFin != after.TCPFin {
		before.TCPFin = now.TCPFin
	}
	if now.UDP != after.UDP {
		before.UDP = now.UDP
	}
	return before
}

func (r *reverter) daemon(o *Object) {
	var now *kernel.Daemon
	for i := range r.now.Daemons {
		if r.now.Daemons[i].Role == o.daemon().Role {
			now = &r.now.Daemons[i]
		}
	}
	if alike(now, o.BeforeDaemon, sameDaemon) {
		return
	}
	if !alike(now, o.AfterDaemon, sameDaemon) {
		r.Since = append(r.Since, Object{BeforeDaemon: o.AfterDaemon, AfterDaemon: now})
		if r.keep {
			return
		}
	}
	if now != nil {
		r.Stop = append(r.Stop, *now)
	}
	if o.BeforeDaemon != nil {
		r.Start = append(r.Start, *o.BeforeDaemon)
	}
}

func (r *reverter) end() *Reversal {
	var want, again []Service
	for _, id := range r.order {
		w := r.want[id]
		if w.kept {
			r.Kept = append(r.Kept, id)
		}
		switch {
		case w.service == nil:
		case w.entry == nil:
			again = append(again, Service{*w.service, w.wanted()})
		default:
			want = append(want, Service{*w.service, w.wanted()})
		}
	}
	// The kernel keeps deleted servers in a list for some two minutes, the last one first,
	// and searches it for each server that is added. In the reverse order of the deletion,
	// it finds each at once; for 100,000 servers that is a second instead of minutes.
	slices.Reverse(again)
	want = append(want, again...)
	r.Changes = Between(r.Before.Snapshot, want, Options{Prune: true})
	r.Objects = r.Steps.Objects(r.Before)
	return &r.Reversal
}

// wanted returns the servers of a service that is not deleted, in the order in which
// they would be added to an empty one.
func (w *restored) wanted() []kernel.Server {
	if w.entry == nil {
		return w.add
	}
	out := make([]kernel.Server, 0, len(w.entry.Servers)+len(w.add))
	for i := range slices.Backward(w.entry.Servers) {
		v := w.entry.Servers[i].Server
		if to, touched := w.set[v.Addr]; !touched {
			out = append(out, v)
		} else if to != nil {
			out = append(out, *to)
		}
	}
	return append(out, w.add...)
}

// alike reports whether both exist and are the same, or neither exists.
func alike[T any](a, b *T, same func(a, b T) bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return same(*a, *b)
}
