package tui

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/output"
)

// serverRow is a row of a table of servers.
type serverRow struct {
	o  *object
	e  *kernel.ServerEntry
	of *kernel.ServiceEntry
	// outage is why its weight is another than usual. Nil: it is not.
	outage *output.Outage
	// directed is what the director says about it. Nil: it does not keep it.
	directed *output.DirectedServerRow
	activity
}

// weightText returns the weight, and a word if it does not stay: 0 DRAINED. The director
// knows better than what is remembered.
func (r *serverRow) weightText() string {
	text := countFull(r.e.Weight)
	switch {
	case r.directed != nil:
		if word := r.directed.WeightWord(); word != "" {
			text += " " + strings.ToUpper(word)
		}
		return text
	case r.outage == nil:
		return text
	case r.outage.Set > 0:
		return text + " TEMPORARY"
	}
	return text + " DRAINED"
}

// servers is the screen of the servers of one service, or of one real server in all
// its services.
type servers struct {
	table   table[kernel.ServerKey, serverRow]
	service kernel.ServiceID
	// machine is the address of the real server. The zero value: the screen is
	// that of a service.
	machine netip.Addr
}

// newServers returns the screen of the servers of a service.
func newServers(m *Model, id kernel.ServiceID) *servers {
	s := &servers{service: id, table: newServerTable(m, "servers", "server")}
	s.table.empty = "this service has no servers"
	return s
}

// newMachine returns the screen of a real server, with one row per service.
func newMachine(m *Model, addr netip.Addr) *servers {
	s := &servers{machine: addr, table: newServerTable(m, "machine", "service")}
	s.table.empty = "this server is in no service"
	return s
}

func newServerTable(m *Model, name, sort string) table[kernel.ServerKey, serverRow] {
	t := table[kernel.ServerKey, serverRow]{
		name:    name,
		columns: serverColumns(m, name == "machine"),
		keyOf:   func(r *serverRow) kernel.ServerKey { return r.o.key },
		textOf:  func(r *serverRow) string { return r.o.name + " " + r.e.Forward.String() },
		sort:    sort,
	}
	if name == "machine" {
		t.textOf = func(r *serverRow) string { return r.of.ServiceID.String() + " " + r.o.name }
	}
	m.recall(&t)
	return t
}

func (s *servers) crumb() string {
	if s.machine.IsValid() {
		return s.machine.String()
	}
	return s.service.String()
}

func (s *servers) grid() grid { return &s.table }

func (s *servers) keys() []group {
	return []group{{"Servers", []binding{
		{keys: []string{"enter"}, label: "Enter", help: "show the connections of the server", short: "connections",
			do: func(m *Model) tea.Cmd {
				if t, ok := s.target(); ok {
					return m.push(newConnections(m, t.scope(), "connections of "+t.name()))
				}
				return nil
			}},
	}}}
}

func (s *servers) refresh(m *Model) tea.Cmd {
	var rows []serverRow
	for i := range m.sample.Services {
		e := &m.sample.Services[i]
		if !s.machine.IsValid() && e.ServiceID != s.service {
			continue
		}
		for j := range e.Servers {
			if v := &e.Servers[j]; !s.machine.IsValid() || v.Addr.Addr() == s.machine {
				rows = append(rows, newServerRow(m, e, v))
			}
		}
	}
	s.table.set(rows, m.now())
	return nil
}

func newServerRow(m *Model, e *kernel.ServiceEntry, v *kernel.ServerEntry) serverRow {
	o := m.hist.objects[kernel.ServerKey{Service: e.ServiceID, Server: v.Addr}]
	r := serverRow{o: o, e: v, of: e, activity: m.activityOf(o)}
	r.blind, r.directed = true, m.director.server(o.key)
	if out, known := m.sample.outages[o.key]; known {
		r.outage = &out
	}
	r.activity.add(v)
	return r
}

func (s *servers) view(m *Model, w, h int) []line {
	var out []line
	if !s.machine.IsValid() && h >= 8 {
		out = append(out, m.serviceLine(s.service, w))
	}
	s.table.y = len(out)
	return append(out, s.table.view(&m.g, w, h-len(out))...)
}

func (s *servers) target() (target, bool) {
	r := s.table.current()
	if r == nil {
		return target{}, false
	}
	return target{e: r.of, v: r.e, o: r.o, gone: s.table.vanished(r)}, true
}

func (s *servers) inside() kernel.ServiceID { return s.service }

// serviceLine draws a summary of a service in one line.
func (m *Model) serviceLine(id kernel.ServiceID, w int) line {
	e := m.sample.Find(id)
	if e == nil {
		return text(bold|red, "the service no longer exists")
	}
	r := newServiceRow(m, m.hist.objects[kernel.ServerKey{Service: id}], e)
	l := text(plain, clean(e.Scheduler))
	if e.Persistence > 0 {
		l = l.add(plain, ", persistent "+output.Duration(e.Persistence))
	}
	if e.OnePacket {
		l = l.add(plain, ", one-packet scheduling")
	}
	l = l.add(dim, "  active ").add(bold, countText(r.active)).
		add(dim, "  conns/s ").add(bold, m.rate(r.rates.Connections, &r.activity))
	l = append(l, m.serviceState(id)...)
	if room := w - l.width() - 2; room >= 10 && !r.public {
		n := min(room, 60)
		l = l.add(plain, "  ").add(cyan, spark(&m.g, m.hist.series(r.o, n, connectionsOf), n))
	}
	return l
}

// serverColumns returns the columns of a table of servers. byService is set for
// the table of one real server in all its services.
func serverColumns(m *Model, byService bool) []column[serverRow] {
	type row = serverRow
	of := func(r *row) *activity { return &r.activity }
	service := column[row]{key: "service", title: "SERVICE", help: "virtual service",
		grown: true, left: true, width: 18, off: !byService,
		cell: func(r *row) string { return r.of.ServiceID.String() },
		compare: func(a, b *row) int {
			return cmp.Or(a.of.ServiceID.Compare(b.of.ServiceID), a.e.Addr.Compare(b.e.Addr))
		}}
	server := column[row]{key: "server", title: "SERVER", help: "real server", grown: true, left: true, width: 14,
		cell: func(r *row) string { return r.o.name }, look: serverLook,
		compare: func(a, b *row) int { return a.e.Addr.Compare(b.e.Addr) }}
	if byService {
		service.look, server.rank = serverLook, 8
	}
	forward := column[row]{key: "forward", title: "FORWARD", short: "FWD",
		help: "forwarding method: direct, nat or tunnel", left: true, width: 6, rank: 8,
		cell:    func(r *row) string { return r.e.Forward.String() },
		compare: func(a, b *row) int { return cmp.Compare(a.e.Forward, b.e.Forward) }}
	weight := column[row]{key: "weight", title: "WEIGHT",
		help: "weight; with 0 the server gets no new connections; DRAINED by lvs drain, " +
			"MASKED by a director",
		grown: true, width: 6, down: true, cell: (*row).weightText, look: weightLook,
		compare: func(a, b *row) int { return cmp.Compare(a.e.Weight, b.e.Weight) }}
	health := healthColumn(m, "what the checks of a director found: up, down or unknown",
		func(r *row) *output.DirectedServerRow { return r.directed })
	return slices.Concat([]column[row]{service, server, forward, weight, health},
		connectionColumns(m, of), shareColumns(m), rateColumns(m, of), thresholdColumns(m), countedColumns(m, of),
		[]column[row]{trendColumn(m, of, func(r *row) *object { return r.o })})
}

// shareColumns returns the columns that compare the share of new connections a
// server got with the share that is due by its weight.
func shareColumns(m *Model) []column[serverRow] {
	type row = serverRow
	got := func(r *row) float64 {
		if r.o.share.Of == 0 {
			return 0
		}
		return float64(r.o.share.Got) / float64(r.o.share.Of)
	}
	return []column[row]{
		{key: "got", title: "GOT%",
			help:  "share of new connections, last 1 to 2 minutes; ! if it differs from DUE% by more than chance",
			width: 5, rank: 4, down: true,
			cell: func(r *row) string {
				switch {
				case r.public:
					return "?"
				case r.o.share.Of == 0:
					return m.g.dash
				case r.o.share.Off:
					return m.g.warn + percentText(got(r))
				}
				return percentText(got(r))
			},
			look:    func(r *row) look { return (bold | yellow) * look(boolInt(r.o.share.Off)) },
			compare: func(a, b *row) int { return cmp.Compare(got(a), got(b)) }},
		{key: "due", title: "DUE%", help: "share of new connections due by weight", width: 4, rank: 5, down: true,
			cell: func(r *row) string {
				if r.public {
					return "?"
				}
				return percentText(r.o.share.Due)
			},
			compare: func(a, b *row) int { return cmp.Compare(a.o.share.Due, b.o.share.Due) }},
	}
}

func thresholdColumns(m *Model) []column[serverRow] {
	type row = serverRow
	threshold := func(key, title, help string, of func(*row) uint32) column[row] {
		return column[row]{key: key, title: title, help: help, width: 5, rank: 12, off: true, down: true,
			cell: func(r *row) string {
				if of(r) == 0 && !r.public {
					return m.g.dash
				}
				return m.count(uint64(of(r)), r.public)
			},
			compare: func(a, b *row) int { return cmp.Compare(of(a), of(b)) }}
	}
	return []column[row]{
		threshold("upper", "UPPER", "upper threshold: no new connections at this many",
			func(r *row) uint32 { return r.e.Upper }),
		threshold("lower", "LOWER", "lower threshold: new connections again below this many",
			func(r *row) uint32 { return r.e.Lower }),
	}
}

func serverLook(r *serverRow) look {
	if r.e.Weight == 0 {
		return dim
	}
	return bold
}

func weightLook(r *serverRow) look {
	switch {
	case r.directed != nil && r.e.Weight == 0 && r.directed.WeightWord() == "masked":
		return red
	case r.directed == nil && r.outage != nil && r.outage.Set == 0 && r.e.Weight > 0:
		return red // drained, but someone else set a weight
	case r.e.Weight == 0, r.outage != nil:
		return yellow
	}
	return plain
}

// machineRow is a row of the table of real servers: one address in all its
// services.
type machineRow struct {
	addr netip.Addr
	name string
	activity
	// entries is how often the server is in the IPVS table, up how often with a
	// weight above 0.
	entries, up int
	// directed is the worst of what a director says about it. Nil: none keeps it.
	directed *output.DirectedServerRow
}

// machines is the screen of all real servers, one row per address.
type machines struct {
	table table[netip.Addr, machineRow]
}

func newMachines(m *Model) *machines {
	s := &machines{table[netip.Addr, machineRow]{
		name:    "machines",
		columns: machineColumns(m),
		keyOf:   func(r *machineRow) netip.Addr { return r.addr },
		textOf:  func(r *machineRow) string { return r.name },
		empty:   "no real servers",
		sort:    "server",
	}}
	m.recall(&s.table)
	return s
}

func (s *machines) crumb() string { return "real servers" }
func (s *machines) grid() grid    { return &s.table }

func (s *machines) refresh(m *Model) tea.Cmd {
	var rows []machineRow
	at := map[netip.Addr]int{}
	for i := range m.sample.Services {
		e := &m.sample.Services[i]
		for j := range e.Servers {
			v := &e.Servers[j]
			addr := v.Addr.Addr()
			n, known := at[addr]
			if !known {
				n = len(rows)
				at[addr] = n
				rows = append(rows, machineRow{addr: addr, name: addr.String(),
					activity: activity{blind: true, public: m.sample.Public, stopped: m.sample.Stopped != ""}})
			}
			r, o := &rows[n], m.hist.services[i].servers[j]
			r.entries++
			r.up += boolInt(v.Weight > 0)
			r.activity.add(v)
			r.directed = worse(r.directed, m.director.server(o.key))
			r.rates.Add(o.Rates)
			r.unknown = r.unknown || o.Unknown
			r.counted = r.counted.Add(o.counted())
		}
	}
	s.table.set(rows, m.now())
	return nil
}

func (s *machines) view(m *Model, w, h int) []line { return s.table.view(&m.g, w, h) }

func (s *machines) keys() []group {
	return []group{{"Real servers", []binding{
		{keys: []string{"enter"}, label: "Enter", help: "show the services of the real server", short: "services",
			do: func(m *Model) tea.Cmd {
				if r := s.table.current(); r != nil {
					return m.push(newMachine(m, r.addr))
				}
				return nil
			}},
	}}}
}

func (s *machines) target() (target, bool) {
	r := s.table.current()
	if r == nil {
		return target{}, false
	}
	return target{machine: r.addr, gone: s.table.vanished(r)}, true
}

func (s *machines) inside() kernel.ServiceID { return kernel.ServiceID{} }

func machineColumns(m *Model) []column[machineRow] {
	type row = machineRow
	of := func(r *row) *activity { return &r.activity }
	own := []column[row]{
		{key: "server", title: "SERVER", was: "machine", help: "address of the real server",
			grown: true, left: true, width: 12,
			cell: func(r *row) string { return r.name },
			look: func(r *row) look {
				if r.up == 0 {
					return dim
				}
				return bold
			},
			compare: func(a, b *row) int { return a.addr.Compare(b.addr) }},
		{key: "up", title: "UP", help: "services in which its weight is above 0, of all its services",
			grown: true, width: 3,
			cell: func(r *row) string { return fmt.Sprintf("%d/%d", r.up, r.entries) },
			look: func(r *row) look { return yellow * look(boolInt(r.up < r.entries)) },
			compare: func(a, b *row) int {
				return cmp.Or(cmp.Compare(a.up, b.up), cmp.Compare(a.entries, b.entries))
			}},
	}
	own = append(own, healthColumn(m, "the worst health in its services, by the checks of a director",
		func(r *row) *output.DirectedServerRow { return r.directed }))
	return slices.Concat(own, connectionColumns(m, of), rateColumns(m, of), countedColumns(m, of))
}
