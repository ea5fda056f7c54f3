package plan

import (
	"lvs/kernel"
)

// Reversal is the way back from changes to what was before them.
type Reversal struct {
	// Steps lead back from Before, which is the table as it is now as far as the
	// changes touch it.
	Steps
	Before *Table
	// Objects are what the steps change.
	Objects []Object
	// Since are the objects that were changed again since, from what the changes
	// made of them to what they are now. The way back takes no notice of that.
	Since []Object
	// Lost are servers that cannot come back, because the service they belonged
	// to is gone.
	Lost []Object
}

// Revert plans the way back from changes to objects, each of which stands there
// once (Merge). It looks at each object in the table as it is now: what is as it
// was before stays, so it does not matter how much was carried out.
func Revert(made []Object, now *Table) *Reversal {
	r := &reverter{now: now, want: map[kernel.ServiceID]*Service{}, made: made}
	r.begin()
	// Services come first: one that was drained and then deleted has its servers
	// before it in the entry, and they come back into it.
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
	// order names the services touched, and want says what they are to be; nil
	// is not there.
	order []kernel.ServiceID
	want  map[kernel.ServiceID]*Service
	there map[kernel.ServiceID]*kernel.ServiceEntry
}

// begin takes the services touched as they are.
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
	r.there = index(r.Before.Snapshot)
	state := Of(r.Before.Snapshot)
	for i := range state {
		r.want[state[i].ServiceID] = &state[i]
	}
}

func (r *reverter) service(o *Object) {
	e := r.there[o.Service]
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

// added finds servers that came to a service since the entry made it: they
// would go with it.
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
	now := serverOf(r.there[o.Service], o.Server)
	if alike(now, o.BeforeServer, sameServer) {
		return
	}
	if !alike(now, o.AfterServer, sameServer) {
		r.Since = append(r.Since, Object{Service: o.Service, Server: o.Server, BeforeServer: o.AfterServer, AfterServer: now})
	}
	s := r.want[o.Service]
	switch {
	case s == nil && o.BeforeServer != nil:
		r.Lost = append(r.Lost, *o)
	case s == nil: // it goes with its service
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

// alike compares what may not be there.
func alike[T any](a, b *T, same func(a, b T) bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	return same(*a, *b)
}
