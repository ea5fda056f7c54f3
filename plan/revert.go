package plan

import (
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
	// changes made of them to what they are now. The steps undo that too.
	Since []Object
	// Lost are servers that cannot be restored, because their service no longer
	// exists.
	Lost []Object
}

// Revert plans how to undo changes to objects, each of which appears once (Merge).
// It compares each object with the table as it is now and leaves out what is
// already as before, so it does not matter how many of the changes were made.
func Revert(made []Object, now *Table) *Reversal {
	r := &reverter{now: now, want: map[kernel.ServiceID]*Service{}, made: made}
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
	// order has the changed services; want has their wanted state, nil to delete one.
	order   []kernel.ServiceID
	want    map[kernel.ServiceID]*Service
	entries map[kernel.ServiceID]*kernel.ServiceEntry
}

// begin starts from the changed services as they are.
func (r *reverter) begin() {
	touched := map[kernel.ServiceID]bool{}
	for i := range r.made {
		id := r.made[i].Service
		if id != (kernel.ServiceID{}) && !r.made[i].Zeroed && !touched[id] {
			touched[id] = true
			r.order = append(r.order, id)
		}
	}
	part := &kernel.Snapshot{}
	for i := range r.now.Services {
		if touched[r.now.Services[i].ServiceID] {
			part.Services = append(part.Services, r.now.Services[i])
		}
	}
	r.Before = &Table{part, r.now.Timeouts, r.now.Daemons}
	r.entries = r.Before.Index()
	state := Of(r.Before.Snapshot)
	for i := range state {
		r.want[state[i].ServiceID] = &state[i]
	}
}

func (r *reverter) service(o *Object) {
	e := r.entries[o.Service]
	var now *kernel.Service
	if e != nil {
		now = &e.Service
	}
	if alike(now, o.BeforeService, sameService) {
		return
	}
	if !alike(now, o.AfterService, sameService) {
		r.Since = append(r.Since, Object{Service: o.Service, BeforeService: o.AfterService, AfterService: now})
	}
	switch {
	case o.BeforeService == nil:
		r.added(e)
		r.want[o.Service] = nil
	case now == nil:
		r.want[o.Service] = &Service{Service: *o.BeforeService}
	default:
		r.want[o.Service].Service = *o.BeforeService
	}
}

// added collects the servers that were added to a service after the changes added
// it: they are deleted with it.
func (r *reverter) added(e *kernel.ServiceEntry) {
	known := map[objectKey]bool{}
	for i := range r.made {
		known[r.made[i].key()] = true
	}
	for i := range e.Servers {
		v := &e.Servers[i].Server
		if o := (Object{Service: e.ServiceID, Server: v.Addr, AfterServer: v}); !known[o.key()] {
			r.Since = append(r.Since, o)
		}
	}
}

func (r *reverter) server(o *Object) {
	var now *kernel.Server
	if v := r.entries[o.Service].Server(o.Server); v != nil {
		now = &v.Server
	}
	if alike(now, o.BeforeServer, sameServer) {
		return
	}
	if !alike(now, o.AfterServer, sameServer) {
		r.Since = append(r.Since,
			Object{Service: o.Service, Server: o.Server, BeforeServer: o.AfterServer, AfterServer: now})
	}
	s := r.want[o.Service]
	switch {
	case s == nil && o.BeforeServer != nil:
		r.Lost = append(r.Lost, *o)
	case s == nil: // it is deleted with its service
	case o.BeforeServer == nil:
		for i := range s.Servers {
			if s.Servers[i].Addr == o.Server {
				s.Servers = append(s.Servers[:i], s.Servers[i+1:]...)
				break
			}
		}
	case now == nil:
		s.Servers = append(s.Servers, *o.BeforeServer)
	default:
		for i := range s.Servers {
			if s.Servers[i].Addr == o.Server {
				s.Servers[i] = *o.BeforeServer
			}
		}
	}
}

func (r *reverter) timeouts(o *Object) {
	now := r.now.Timeouts
	if now == *o.BeforeTimeouts {
		return
	}
	if now != *o.AfterTimeouts {
		r.Since = append(r.Since, Object{BeforeTimeouts: o.AfterTimeouts, AfterTimeouts: &now})
	}
	r.PlanTimeouts(now, *o.BeforeTimeouts)
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
	}
	if now != nil {
		r.Stop = append(r.Stop, *now)
	}
	if o.BeforeDaemon != nil {
		r.Start = append(r.Start, *o.BeforeDaemon)
	}
}

func (r *reverter) end() *Reversal {
	var want []Service
	for _, id := range r.order {
		if s := r.want[id]; s != nil {
			want = append(want, *s)
		}
	}
	r.Changes = Between(r.Before.Snapshot, want, Options{Prune: true})
	r.Objects = r.Steps.Objects(r.Before)
	return &r.Reversal
}

// alike reports whether both exist and are the same, or neither exists.
func alike[T any](a, b *T, same func(a, b T) bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return same(*a, *b)
}
