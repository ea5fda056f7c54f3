package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/output"
)

// serviceRow is a row of the table of services.
type serviceRow struct {
	o *object
	e *kernel.ServiceEntry
	activity
	// up is the number of servers with a weight above 0.
	up int
}

// services is the screen of all services. The overview shows the same table.
type services struct {
	table table[kernel.ServerKey, serviceRow]
}

func newServices(m *Model) *services {
	s := &services{table[kernel.ServerKey, serviceRow]{
		name:    "services",
		columns: serviceColumns(m),
		keyOf:   func(r *serviceRow) kernel.ServerKey { return r.o.key },
		textOf:  func(r *serviceRow) string { return r.o.name + " " + r.e.Scheduler },
		float:   func(r *serviceRow) bool { return r.up == 0 },
		empty:   "no services",
		sort:    "service",
	}}
	m.recall(&s.table)
	return s
}

func (s *services) crumb() string { return "services" }
func (s *services) grid() grid    { return &s.table }

func (s *services) refresh(m *Model) tea.Cmd {
	rows := make([]serviceRow, 0, len(m.sample.Services))
	for i := range m.sample.Services {
		rows = append(rows, newServiceRow(m, m.hist.services[i], &m.sample.Services[i]))
	}
	s.table.set(rows, m.now())
	return nil
}

func newServiceRow(m *Model, o *object, e *kernel.ServiceEntry) serviceRow {
	r := serviceRow{o: o, e: e, activity: activity{
		rates: o.Rates, counted: o.counted(), blind: len(e.Servers) > 0, public: m.sample.Public,
	}}
	for j := range e.Servers {
		r.activity.add(&e.Servers[j])
		r.up += boolInt(e.Servers[j].Weight > 0)
	}
	return r
}

func (s *services) view(m *Model, w, h int) []line {
	s.table.y = 0
	return s.table.view(&m.g, w, h)
}

func (s *services) keys() []group {
	return []group{{"Services", []binding{
		{keys: []string{"enter"}, label: "Enter", help: "show the servers of the service", short: "servers",
			do: func(m *Model) tea.Cmd {
				if r := s.table.current(); r != nil {
					return m.push(newServers(m, r.e.ServiceID))
				}
				return nil
			}},
	}}}
}

func (s *services) target() (target, bool) {
	r := s.table.current()
	if r == nil {
		return target{}, false
	}
	return target{e: r.e, o: r.o, gone: s.table.vanished(r)}, true
}

func (s *services) inside() kernel.ServiceID { return kernel.ServiceID{} }

func serviceColumns(m *Model) []column[serviceRow] {
	type row = serviceRow
	of := func(r *row) *activity { return &r.activity }
	own := []column[row]{
		{key: "service", title: "SERVICE", help: "virtual service", grown: true, left: true, width: 18,
			cell: func(r *row) string { return r.o.name }, look: serviceLook,
			compare: func(a, b *row) int { return a.e.ServiceID.Compare(b.e.ServiceID) }},
		{key: "scheduler", title: "SCHEDULER", short: "SCHED", help: "scheduling algorithm", left: true, width: 5, rank: 8,
			cell:    func(r *row) string { return clean(r.e.Scheduler) },
			compare: func(a, b *row) int { return cmp.Compare(a.e.Scheduler, b.e.Scheduler) }},
		{key: "up", title: "UP", help: "servers with a weight above 0, of all servers", grown: true, width: 3, rank: 1,
			cell: func(r *row) string { return fmt.Sprintf("%d/%d", r.up, len(r.e.Servers)) }, look: upLook,
			compare: func(a, b *row) int {
				return cmp.Or(cmp.Compare(a.up, b.up), cmp.Compare(len(a.e.Servers), len(b.e.Servers)))
			}},
	}
	trend := trendColumn(m, of, func(r *row) *object { return r.o })
	return slices.Concat(own, connectionColumns(m, of), rateColumns(m, of), countedColumns(m, of),
		[]column[row]{trend})
}

func serviceLook(r *serviceRow) look {
	if r.up == 0 {
		return bold | red
	}
	return bold
}

func upLook(r *serviceRow) look {
	switch {
	case r.up == 0:
		return bold | red
	case r.up < len(r.e.Servers):
		return yellow
	}
	return plain
}

// overview is the screen with a summary of the whole table above the services.
type overview struct{ *services }

func (s *overview) crumb() string { return "overview" }

func (s *overview) view(m *Model, w, h int) []line {
	panel := m.summary(w, h)
	s.table.y = len(panel)
	return append(panel, s.table.view(&m.g, w, h-len(panel))...)
}

// summary draws the summary, in at most a third of the height.
func (m *Model) summary(w, h int) []line {
	o := m.hist.objects[kernel.ServerKey{}]
	public := m.sample.Public
	if h < 14 || w < 60 {
		l := text(dim, "conns/s ").add(bold, m.rate(o.Rates.Connections, public)).
			add(dim, " active ").add(bold, countText(o.active)).add(plain, " ")
		if room := w - l.width(); room > 0 && !public {
			l = l.add(cyan, spark(&m.g, m.hist.series(o, room, connectionsOf), room))
		}
		return []line{l}
	}
	var inactive, clients uint64
	for i := range m.sample.Services {
		for _, v := range m.sample.Services[i].Servers {
			inactive += uint64(v.Inactive)
			clients += uint64(v.Persistent)
		}
	}
	pic := w - 46
	rate := func(name string, in, out float64, both bool, of func(point) half) line {
		l := label(&m.g, name, 14).add(bold, fit(&m.g, m.rate(in, public), 6, false))
		if both {
			l = l.add(dim, " in ").add(bold, fit(&m.g, m.rate(out, public), 6, false)).add(dim, " out ")
		}
		l = l.pad(37)
		if !public {
			l = l.add(cyan, spark(&m.g, m.hist.series(o, pic, of), pic))
		}
		return l
	}
	lines := []line{
		rate("connections/s", o.Rates.Connections, 0, false, connectionsOf),
		rate("packets/s", o.Rates.PacketsIn, o.Rates.PacketsOut, true, packetsOf),
		rate("bytes/s", o.Rates.BytesIn, o.Rates.BytesOut, true, bytesOf),
		label(&m.g, "connections", 14).add(bold, fit(&m.g, countText(o.active), 6, false)).add(dim, " active ").
			add(bold, countText(inactive)).add(dim, " inactive ").
			add(bold, m.count(clients, public)).add(dim, " clients").
			add(plain, m.fill(o.active+inactive)),
		m.settings(),
	}
	if m.hist.based.IsZero() {
		return append(lines, nil)
	}
	return append(lines, text(dim, "counting since "+m.hist.based.Format("15:04:05")))
}

// fill returns how full the connection table is: its entries and its buckets. A
// bucket can hold several entries. Linux 7 reports both numbers; earlier kernels
// report only the size, so the entries are the known connections.
func (m *Model) fill(known uint64) string {
	held, buckets := known, uint64(m.sample.Info.ConnTableSize)
	for _, s := range m.sample.slow.status {
		switch n := firstNumber(s.Value); s.Name {
		case "Conns":
			held = n
		case "Conn buckets":
			buckets = n
		}
	}
	if buckets == 0 {
		return ""
	}
	part := percentText(float64(held) / float64(buckets))
	return fmt.Sprintf("  table %s/%s %s", countText(held), countText(buckets), part)
}

// firstNumber returns the number at the beginning of a text, or 0.
func firstNumber(s string) uint64 {
	word, _, _ := strings.Cut(s, " ")
	n, _ := strconv.ParseUint(word, 10, 64)
	return n
}

// settings draws the timeouts and the sync daemons.
func (m *Model) settings() line {
	s := m.sample.slow
	l := label(&m.g, "timeouts", 14)
	if s.timeouts == (kernel.Timeouts{}) {
		l = l.add(plain, "?")
	} else {
		l = l.add(plain, fmt.Sprintf("tcp %s  fin %s  udp %s", output.Duration(s.timeouts.TCP),
			output.Duration(s.timeouts.TCPFin), output.Duration(s.timeouts.UDP)))
	}
	l = l.add(dim, "   sync ")
	switch {
	case s.daemons == nil:
		return l.add(plain, "?")
	case len(s.daemons) == 0:
		return l.add(plain, "off")
	}
	for i, d := range s.daemons {
		if i > 0 {
			l = l.add(plain, ", ")
		}
		l = l.add(plain, clean(fmt.Sprintf("%s on %s (id %d)", d.Role, d.Interface, d.ID)))
	}
	return l
}
