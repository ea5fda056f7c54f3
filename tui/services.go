package tui

import (
	"cmp"
	"fmt"
	"slices"

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
	// directed is what the director says about it. Nil: it does not keep it.
	directed *output.DirectedServiceRow
}

// out reports whether the service cannot take new connections, or its director says that
// it is down.
func (r *serviceRow) out() bool { return r.up == 0 || r.directed != nil && r.directed.State == "down" }

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
		float:   (*serviceRow).out,
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
	r := serviceRow{o: o, e: e, activity: m.activityOf(o), directed: m.director.service(e.ServiceID)}
	r.blind = len(e.Servers) > 0
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
	own = append(own, stateColumn(m))
	trend := trendColumn(m, of, func(r *row) *object { return r.o })
	return slices.Concat(own, connectionColumns(m, of), rateColumns(m, of), countedColumns(m, of),
		[]column[row]{trend})
}

func serviceLook(r *serviceRow) look {
	if r.out() {
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
