package plan

import (
	"net/netip"

	"lvs/kernel"
)

// Object is one thing that a command changes, with its settings before and after:
// a service without its servers, a server, a sync daemon, or the timeouts. Nil
// means that it does not exist.
type Object struct {
	// Service is zero if the object belongs to none.
	Service kernel.ServiceID
	// Server is invalid if the object is the service itself.
	Server netip.AddrPort

	BeforeService, AfterService   *kernel.Service
	BeforeServer, AfterServer     *kernel.Server
	BeforeDaemon, AfterDaemon     *kernel.Daemon
	BeforeTimeouts, AfterTimeouts *kernel.Timeouts
	// Zeroed is set if only counters change. They cannot be restored.
	Zeroed bool

	// Change is the index of the change that does it, among those that are sent
	// together. The journal does not keep it.
	Change int
}

// Touched returns the objects that changes to a table affect. The servers of a
// deleted service follow it, in the order in which they would be added again.
func Touched(before *kernel.Snapshot, changes []kernel.Change) []Object {
	entries := before.Index()
	out := make([]Object, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		e := entries[c.Service.ServiceID]
		o := Object{Service: c.Service.ServiceID, Change: i}
		if c.Op.OnServer() {
			o.Server = c.Server.Addr
			if v := e.Server(c.Server.Addr); v != nil {
				o.BeforeServer = &v.Server
			}
		} else if e != nil {
			o.BeforeService = &e.Service
		}
		switch c.Op {
		case kernel.AddService, kernel.EditService:
			o.AfterService = &c.Service
		case kernel.AddServer, kernel.EditServer:
			o.AfterServer = &c.Server
		}
		out = append(out, o)
		if c.Op == kernel.DeleteService && e != nil {
			out = append(out, DeletedServers(e, i)...)
		}
	}
	return out
}

// Objects returns the objects that the steps affect.
func (s *Steps) Objects(before *Table) []Object {
	out := Touched(before.Snapshot, s.Changes)
	next := len(s.Changes)
	add := func(o Object) {
		o.Change = next
		next++
		out = append(out, o)
	}
	if s.Timeouts != (kernel.Timeouts{}) {
		after := before.Timeouts.With(s.Timeouts)
		add(Object{BeforeTimeouts: &before.Timeouts, AfterTimeouts: &after})
	}
	for i := range s.Stop {
		add(Object{BeforeDaemon: &s.Stop[i]})
	}
	for i := range s.Start {
		add(Object{AfterDaemon: &s.Start[i]})
	}
	return out
}

// DeletedServers returns the servers that are deleted with a service; change is the
// index of its deletion.
func DeletedServers(e *kernel.ServiceEntry, change int) []Object {
	out := make([]Object, len(e.Servers))
	for i := range e.Servers {
		v := &e.Servers[len(out)-1-i].Server
		out[i] = Object{Service: e.ServiceID, Server: v.Addr, BeforeServer: v, Change: change}
	}
	return out
}

// Count returns how many objects are added, edited and deleted.
func Count(objects []Object) (r Result) {
	for i := range objects {
		o := &objects[i]
		before := o.BeforeService != nil || o.BeforeServer != nil || o.BeforeDaemon != nil || o.BeforeTimeouts != nil
		after := o.AfterService != nil || o.AfterServer != nil || o.AfterDaemon != nil || o.AfterTimeouts != nil
		switch {
		case before && after:
			r.Edited++
		case after:
			r.Added++
		case before:
			r.Deleted++
		}
	}
	return r
}

// Merge returns the objects without those whose indexes are in without, which is
// ascending. An object that was changed several times appears once, from its first
// settings to its last.
func Merge(objects []Object, without []int) []Object {
	out := make([]Object, 0, len(objects))
	place := map[objectKey]int{}
	for i := range objects {
		if len(without) > 0 && without[0] == i {
			without = without[1:]
			continue
		}
		o := objects[i]
		if at, ok := place[o.key()]; ok {
			first := &out[at]
			first.AfterService, first.AfterServer = o.AfterService, o.AfterServer
			first.AfterDaemon, first.AfterTimeouts = o.AfterDaemon, o.AfterTimeouts
			continue
		}
		place[o.key()] = len(out)
		out = append(out, o)
	}
	return out
}

// objectKey identifies an object.
type objectKey struct {
	service kernel.ServiceID
	server  netip.AddrPort
	daemon  kernel.Role
	zeroed  bool
}

// key returns what identifies the object. The zero key stands for the timeouts.
func (o *Object) key() objectKey {
	k := objectKey{service: o.Service, server: o.Server, zeroed: o.Zeroed}
	if d := o.daemon(); d != nil {
		k.daemon = d.Role
	}
	return k
}

// daemon returns the sync daemon, or nil if the object is none.
func (o *Object) daemon() *kernel.Daemon {
	if o.BeforeDaemon != nil {
		return o.BeforeDaemon
	}
	return o.AfterDaemon
}

// Known reports whether a table has one of the services or servers that were changed, or
// nothing that only a table could have was: timeouts and daemons fit any table.
func Known(made []Object, now *Table) bool {
	entries := now.Index()
	any := false
	for i := range made {
		o := &made[i]
		e := entries[o.Service]
		if o.Service != (kernel.ServiceID{}) && !o.Zeroed {
			any = true
			if e != nil && (!o.Server.IsValid() || e.Server(o.Server) != nil) {
				return true
			}
		}
	}
	return !any
}
