package tui

import (
	"cmp"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// serviceRow is a service as its table shows it.
type serviceRow struct {
	o *object
	e *kernel.ServiceEntry
	traffic
	// up is how many servers have a weight.
	up int
}

// services is the table of all services: a screen of its own, and below the
// overview.
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
		empty:   "there is no service",
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
	r := serviceRow{o: o, e: e, traffic: traffic{rates: o.rates, counted: o.counted(), blind: len(e.Servers) > 0, public: m.sample.Public}}
	for j := range e.Servers {
		r.traffic.add(&e.Servers[j])
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
		{keys: []string{"enter"}, label: "Enter", help: "the servers of the service", short: "servers", do: func(m *Model) tea.Cmd {
			if r := s.table.current(); r != nil {
				return m.push(newServers(m, r.e.ServiceID))
			}
			return nil
		}},
	}}}
}

func serviceColumns(m *Model) []column[serviceRow] {
	type row = serviceRow
	of := func(r *row) *traffic { return &r.traffic }
	return slices.Concat([]column[row]{
		{key: "service", title: "SERVICE", help: "the virtual service", grown: true, left: true, width: 18,
			cell: func(r *row) string { return r.o.name }, look: serviceLook,
			compare: func(a, b *row) int { return a.e.ServiceID.Compare(b.e.ServiceID) }},
		{key: "scheduler", title: "SCHED", help: "how a server is chosen", left: true, width: 5, rank: 8,
			cell:    func(r *row) string { return clean(r.e.Scheduler) },
			compare: func(a, b *row) int { return cmp.Compare(a.e.Scheduler, b.e.Scheduler) }},
		{key: "up", title: "UP", help: "servers with a weight, of all", width: 5, rank: 1,
			cell: func(r *row) string { return fmt.Sprintf("%d/%d", r.up, len(r.e.Servers)) }, look: upLook,
			compare: func(a, b *row) int {
				return cmp.Or(cmp.Compare(a.up, b.up), cmp.Compare(len(a.e.Servers), len(b.e.Servers)))
			}}},
		connectionColumns(m, of), rateColumns(m, of), countedColumns(m, of),
		[]column[row]{trendColumn(m, of, func(r *row) *object { return r.o })})
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
