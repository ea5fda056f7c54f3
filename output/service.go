package output

import (
	"slices"

	"lvs/kernel"
)

// node is a service as it is shown: with the servers that the filter leaves, in
// their order, and with the sums over all its servers.
type node struct {
	entry                     *kernel.ServiceEntry
	servers                   []*kernel.ServerEntry
	active, inactive, clients uint64
	// capacity is set if a server has a weight above 0.
	capacity bool
	outages  map[kernel.ServerKey]Outage
	directed map[kernel.ServerKey]DirectedStateRow
}

// line is a row of the table: a service, or one of its servers.
type line struct {
	node   *node
	server *kernel.ServerEntry // nil in a service's own row
	gaps
}

// gaps are what is not known about a table.
type gaps struct {
	// public is Snapshot.Public.
	public bool
	// stopped is set if counters and rates are not up to date, see Snapshot.Stopped.
	stopped bool
}

func gapsOf(s *kernel.Snapshot) gaps { return gaps{s.Public, s.Stopped != ""} }

// outage returns what is remembered of the row's server, or nil.
func (l *line) outage() *Outage {
	if l.server == nil {
		return nil
	}
	return l.node.outage(l.server)
}

func (n *node) outage(v *kernel.ServerEntry) *Outage {
	if len(n.outages) == 0 {
		return nil
	}
	if o, ok := n.outages[kernel.ServerKey{Service: n.entry.ServiceID, Server: v.Addr}]; ok {
		return &o
	}
	return nil
}

// Services writes the whole table: each service followed by its servers.
//
// A condition on a column that servers have (server, forward, weight …, and every
// counter) applies to the servers: a service stays if one of its servers does, and
// its sums stay those of all. It applies to the service if that has no servers.
// Sorting orders the services, and the servers of each.
func (p *Printer) Services(s *kernel.Snapshot, v View) error {
	if p.Streams() {
		return p.StreamServices(s, v, func(e *kernel.ServiceEntry) ([]kernel.ServerEntry, error) { return e.Servers, nil })
	}
	k := serviceKind(v)
	nodes, err := p.nodes(&k, s.Services, gapsOf(s))
	if err != nil {
		return err
	}
	if p.rowFormat() {
		return p.lines(&k, nodes, gapsOf(s), true)
	}
	d := p.document("ServiceList", false)
	for i := range nodes {
		if err := d.done(appendService(d.open(), &nodes[i], gapsOf(s), d.more)); err != nil {
			return err
		}
	}
	return d.close()
}

// ReadServers reads the servers of a service. They are valid until the next call.
type ReadServers func(*kernel.ServiceEntry) ([]kernel.ServerEntry, error)

// Streams reports whether each service is written before the next one is needed: as JSON
// lines in the order of the table.
func (p *Printer) Streams() bool {
	return p.o.Format == "jsonl" && (p.o.Sort == "" || kernelOrder(p.o.Sort))
}

// StreamServices is Services for a printer that streams: it reads the servers of one
// service after another, so that a large table needs little memory.
func (p *Printer) StreamServices(s *kernel.Snapshot, v View, servers ReadServers) error {
	k, missing := serviceKind(v), gapsOf(s)
	if _, err := p.nodes(&k, nil, missing); err != nil {
		return err
	}
	d := p.document("ServiceList", false)
	for i := range s.Services {
		one := []kernel.ServiceEntry{s.Services[i]}
		var err error
		if one[0].Servers, err = servers(&s.Services[i]); err != nil {
			return err
		}
		nodes, err := p.nodes(&k, one, missing)
		if err != nil {
			return err
		}
		for j := range nodes {
			if err := d.done(appendService(d.open(), &nodes[j], missing, d.more)); err != nil {
				return err
			}
		}
	}
	return d.close()
}

// Servers writes servers of one service, which were read with a snapshot.
func (p *Printer) Servers(s *kernel.Snapshot, id kernel.ServiceID, rows []kernel.ServerEntry, v View) error {
	k, missing := serverKind(v), gapsOf(s)
	entry := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id}, Servers: rows}
	nodes, err := p.nodes(&k, []kernel.ServiceEntry{entry}, missing)
	if err != nil {
		return err
	}
	if p.rowFormat() {
		return p.lines(&k, nodes, missing, false)
	}
	d := p.document("ServerList", false)
	for i := range nodes {
		for j := range nodes[i].servers {
			b := nodes[i].appendServer(d.open(), nodes[i].servers[j], missing)
			if err := d.done(b); err != nil {
				return err
			}
		}
	}
	return d.close()
}

// rowFormat reports whether the format consists of rows, not of documents.
func (p *Printer) rowFormat() bool { return p.o.tabular() || p.o.Format == "name" }

// lines writes the nodes as rows. In a table too wide for the terminal, servers
// are below their service instead of beside it.
func (p *Printer) lines(k *kind[line], nodes []node, missing gaps, withServices bool) error {
	w, err := rows(p, k)
	if err != nil {
		return err
	}
	t, isTable := w.(*table[line])
	if isTable && !t.human {
		// The first pass keeps only the widths, so that a large table needs no memory.
		t.scanning = true
		if err := p.fill(w, nodes, missing, withServices); err != nil {
			return err
		}
		t.scanning = false
		t.window = 64
	}
	if err := p.fill(w, nodes, missing, withServices); err != nil {
		return err
	}
	if isTable && withServices && t.tooWide(p.o.Width) && len(p.o.Columns) == 0 {
		stacked := stack(k)
		if w, err = rows(p, &stacked); err != nil {
			return err
		}
		if err := p.fill(w, nodes, missing, withServices); err != nil {
			return err
		}
	}
	return w.close()
}

// fill hands the nodes to a writer, row by row.
func (p *Printer) fill(w rowWriter[line], nodes []node, missing gaps, withServices bool) error {
	for i := range nodes {
		l := line{node: &nodes[i], gaps: missing}
		if withServices {
			if err := w.row(&l); err != nil {
				return err
			}
			if p.o.Format == "name" {
				continue
			}
		}
		for j := range nodes[i].servers {
			l.server = nodes[i].servers[j]
			if err := w.row(&l); err != nil {
				return err
			}
		}
	}
	return nil
}

// byAddress compares servers by address. The kernel's order depends on when each
// was added.
func byAddress(a, b *kernel.ServerEntry) int { return a.Addr.Compare(b.Addr) }

// nodes returns the services that the filter leaves, sorted.
func (p *Printer) nodes(k *kind[line], entries []kernel.ServiceEntry, missing gaps) ([]node, error) {
	conditions, err := tests(p, k)
	if err != nil {
		return nil, err
	}
	order, err := k.order(&p.o)
	if err != nil {
		return nil, err
	}
	nodes := make([]node, 0, len(entries))
	for i := range entries {
		n := newNode(&entries[i])
		n.outages, n.directed = p.o.Outages, p.o.Directed
		if !n.filter(conditions, missing) {
			continue
		}
		if !kernelOrder(p.o.Sort) {
			slices.SortFunc(n.servers, byAddress)
		}
		if order != nil {
			slices.SortStableFunc(n.servers, func(a, b *kernel.ServerEntry) int {
				return order(&line{&n, a, missing}, &line{&n, b, missing})
			})
		}
		nodes = append(nodes, n)
	}
	if order != nil {
		slices.SortStableFunc(nodes, func(a, b node) int {
			return order(&line{&a, nil, missing}, &line{&b, nil, missing})
		})
	}
	return nodes, nil
}

func newNode(e *kernel.ServiceEntry) node {
	n := node{entry: e, servers: make([]*kernel.ServerEntry, len(e.Servers)), capacity: e.Capacity() > 0}
	for i := range e.Servers {
		s := &e.Servers[i]
		n.servers[i] = s
		n.active += uint64(s.Active)
		n.inactive += uint64(s.Inactive)
		n.clients += uint64(s.Persistent)
	}
	return n
}

// filter keeps the servers that meet all conditions, and reports whether the
// service is shown.
func (n *node) filter(conditions []*test[line], missing gaps) bool {
	l := line{node: n, gaps: missing}
	var ofServers []*test[line]
	for _, t := range conditions {
		if !ofService(t.column.key) {
			ofServers = append(ofServers, t)
		} else if !t.holds(&l) {
			return false
		}
	}
	if len(ofServers) == 0 {
		return true
	}
	if len(n.servers) == 0 {
		return allHold(ofServers, &l)
	}
	n.servers = slices.DeleteFunc(n.servers, func(s *kernel.ServerEntry) bool {
		l.server = s
		return !allHold(ofServers, &l)
	})
	return len(n.servers) > 0
}
