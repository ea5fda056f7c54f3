package ipvsadm

import (
	"fmt"
	"io"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// Service is a service of the table that a text makes, with the last line that
// configures it.
type Service struct {
	kernel.Service
	Line    int
	Servers []Server
}

// Server is a server of a Service, with the last line that configures it.
type Server struct {
	kernel.Server
	Line int
}

// ReadSave reads a text of command lines, as ipvsadm -S writes it, and returns the
// table that they make of an empty one. Empty lines and comments are ignored. The
// error is Faults, in the order of the text, unless reading failed or the text is
// too long; then the table is nil.
func ReadSave(r io.Reader, names Names) ([]Service, error) {
	p := &parser{names: names}
	t := newTable()
	err := p.read(r, func(l *Line) {
		// A line with a fault may have added what a later line needs.
		t.incomplete = len(p.faults) > 0
		t.take(l)
	})
	if err != nil {
		return nil, err
	}
	all := slices.Concat(p.faults, t.faults)
	slices.SortStableFunc(all, func(a, b Fault) int { return a.Line - b.Line })
	return t.list(), all.err()
}

// replay returns the table that the lines make of an empty one, in the order of the
// lines. A line that cannot be applied, such as a server of a missing service, is a
// fault.
func replay(lines []Line) ([]Service, error) {
	t := newTable()
	for i := range lines {
		t.take(&lines[i])
	}
	return t.list(), t.faults.err()
}

type table struct {
	services map[kernel.ServiceID]*entry
	order    []*entry
	last     *entry // the service of the previous line: usually that of the next too
	faults   Faults
	// incomplete is set if lines are left out.
	incomplete bool
	// block is memory for the servers of services whose lines follow one another;
	// the last servers in it are those of tail.
	block []Server
	tail  *entry
}

// blockLen is the number of servers in a block.
const blockLen = 1024

func newTable() *table { return &table{services: map[kernel.ServiceID]*entry{}} }

type entry struct {
	Service
	// at is the index in Servers by address. It is nil as long as they are few.
	at map[netip.AddrPort]int
}

// few is the number of servers that are found as fast without a map.
const few = 16

// gone is the line of a deleted service or server.
const gone = 0

func (t *table) take(l *Line) {
	if l.Verb == Clear {
		clear(t.services)
		t.order, t.last = nil, nil
		return
	}
	e := t.find(l.Service.ServiceID)
	if l.Verb == AddService {
		if e != nil {
			t.fault(l, l.service, fmt.Sprintf("the service already exists, added in line %d", e.Line))
			return
		}
		t.add(l)
		return
	}
	if e == nil {
		t.missing(l, l.service, "no earlier line adds the service")
		return
	}
	switch l.Verb {
	case EditService:
		e.Service.Service, e.Line = l.Service, l.Number
	case DeleteService:
		e.Line = gone
		delete(t.services, l.Service.ServiceID)
		t.last = nil
	default:
		t.takeServer(e, l)
	}
}

func (t *table) find(id kernel.ServiceID) *entry {
	if t.last == nil || t.last.ServiceID != id {
		t.last = t.services[id]
	}
	return t.last
}

func (t *table) add(l *Line) {
	e := &entry{Service: Service{Service: l.Service, Line: l.Number, Servers: []Server{}}}
	t.services[l.Service.ServiceID] = e
	t.order = append(t.order, e)
	t.last = e
}

func (t *table) takeServer(e *entry, l *Line) {
	i := e.find(l.Server.Addr)
	there := i >= 0
	switch {
	case l.Verb == AddServer && there:
		t.fault(l, l.serverAt, fmt.Sprintf("the server already exists, added in line %d", e.Servers[i].Line))
	case l.Verb == AddServer:
		if a := l.Server.Addr.Addr(); a.IsUnspecified() || a.IsMulticast() {
			t.fault(l, l.serverAt, "want a unicast address")
			return
		}
		t.append(e, Server{l.Server, l.Number})
		e.index()
	case !there:
		t.missing(l, l.serverAt, "no earlier line adds the server")
	case l.Verb == EditServer:
		e.Servers[i] = Server{l.Server, l.Number}
	case l.Verb == DeleteServer:
		e.Servers[i].Line = gone
		delete(e.at, l.Server.Addr)
	}
}

// find returns the index of a server, or -1.
func (e *entry) find(a netip.AddrPort) int {
	if e.at != nil {
		if i, ok := e.at[a]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(e.Servers, func(s Server) bool { return s.Addr == a && s.Line != gone })
}

// append adds a server, in the block as long as the lines of the service follow one
// another.
func (t *table) append(e *entry, s Server) {
	if len(e.Servers) == 0 {
		if cap(t.block)-len(t.block) < few {
			t.block = make([]Server, 0, blockLen)
		}
		t.tail = e
	} else if t.tail != e || len(t.block) == cap(t.block) {
		e.Servers = append(e.Servers, s)
		return
	}
	t.block = append(t.block, s)
	n := len(t.block)
	e.Servers = t.block[n-1-len(e.Servers) : n : n]
}

// index adds the last server to the map of addresses, if there is one.
func (e *entry) index() {
	last := len(e.Servers) - 1
	switch {
	case e.at != nil:
		e.at[e.Servers[last].Addr] = last
	case last >= few:
		e.at = make(map[netip.AddrPort]int)
		for i, s := range e.Servers {
			if s.Line != gone {
				e.at[s.Addr] = i
			}
		}
	}
}

func (t *table) missing(l *Line, w word, why string) {
	if !t.incomplete {
		t.fault(l, w, why)
	}
}

func (t *table) fault(l *Line, w word, why string) {
	if !t.faults.full() {
		t.faults = append(t.faults, Fault{Line: l.Number, Column: column(l.Text, w.at), Text: w.text, Why: why})
	}
}

// list returns the table, without what was deleted.
func (t *table) list() []Service {
	out := make([]Service, 0, len(t.services))
	for _, e := range t.order {
		if e.Line == gone {
			continue
		}
		e.Servers = slices.DeleteFunc(e.Servers, func(s Server) bool { return s.Line == gone })
		out = append(out, e.Service)
	}
	return out
}
