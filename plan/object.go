package plan

import (
	"net/netip"

	"lvs/kernel"
)

// Object is one thing that a command changes, with what it was before and what
// it is to be after: a service without its servers, a server, a sync daemon, or
// the timeouts. Nil is not there.
type Object struct {
	// Service is zero where the object belongs to none.
	Service kernel.ServiceID
	// Server is not valid where the object is the service itself.
	Server netip.AddrPort

	BeforeService, AfterService   *kernel.Service
	BeforeServer, AfterServer     *kernel.Server
	BeforeDaemon, AfterDaemon     *kernel.Daemon
	BeforeTimeouts, AfterTimeouts *kernel.Timeouts
	// Zeroed is set where nothing but counters changes: nobody can bring them
	// back.
	Zeroed bool

	// Change is the place of the change that does it, among those that are sent
	// together. The journal does not keep it.
	Change int
}

// Touched gives the objects that changes to a table concern. A service is
// deleted with its servers, in the order in which they would be added again.
func Touched(before *kernel.Snapshot, changes []kernel.Change) []Object {
	there := index(before)
	out := make([]Object, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		e := there[c.Service.ServiceID]
		o := Object{Service: c.Service.ServiceID, Change: i}
		if c.Op.OnServer() {
			o.Server = c.Server.Addr
			o.BeforeServer = serverOf(e, c.Server.Addr)
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

// Objects gives the objects that the steps concern.
func (s *Steps) Objects(before *Table) []Object {
	out := Touched(before.Snapshot, s.Changes)
	place := len(s.Changes)
	add := func(o Object) {
		o.Change = place
		place++
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

// DeletedServers gives the servers that go with a service; change is the place
// of its deletion.
func DeletedServers(e *kernel.ServiceEntry, change int) []Object {
	out := make([]Object, len(e.Servers))
	for i := range e.Servers {
		v := &e.Servers[len(out)-1-i].Server
		out[i] = Object{Service: e.ServiceID, Server: v.Addr, BeforeServer: v, Change: change}
	}
	return out
}

func serverOf(e *kernel.ServiceEntry, addr netip.AddrPort) *kernel.Server {
	if e == nil {
		return nil
	}
	for i := range e.Servers {
		if e.Servers[i].Addr == addr {
			return &e.Servers[i].Server
		}
	}
	return nil
}

// Count tells how many objects are added, edited and deleted.
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

// Merge returns the objects without those at the places in without (in ascending
// order), and one object for each that was touched several times: from what it was
// first to what it was last.
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

// objectKey names what an object is.
type objectKey struct {
	service kernel.ServiceID
	server  netip.AddrPort
	daemon  kernel.Role
	zeroed  bool
}

// key names the object. Timeouts are what has no name at all.
func (o *Object) key() objectKey {
	k := objectKey{service: o.Service, server: o.Server, zeroed: o.Zeroed}
	if d := o.daemon(); d != nil {
		k.daemon = d.Role
	}
	return k
}

// daemon is what the object was or will be, where it is a sync daemon.
func (o *Object) daemon() *kernel.Daemon {
	if o.BeforeDaemon != nil {
		return o.BeforeDaemon
	}
	return o.AfterDaemon
}
