package tui

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	tea "charm.land/bubbletea/v2"
)

// machineRow is a real server in all services that it serves.
type machineRow struct {
	addr netip.Addr
	name string
	traffic
	// entries are how often it is in the table, up how often with a weight.
	entries, up int
}

// machines lists every real server once.
type machines struct {
	table table[netip.Addr, machineRow]
}

func newMachines(m *Model) *machines {
	s := &machines{table[netip.Addr, machineRow]{
		name:    "machines",
		columns: machineColumns(m),
		keyOf:   func(r *machineRow) netip.Addr { return r.addr },
		textOf:  func(r *machineRow) string { return r.name },
		empty:   "there is no real server",
		sort:    "machine",
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
				rows = append(rows, machineRow{addr: addr, name: addr.String(), traffic: traffic{blind: true, public: m.sample.Public}})
			}
			r, o := &rows[n], m.hist.services[i].servers[j]
			r.entries++
			r.up += boolInt(v.Weight > 0)
			r.traffic.add(v)
			r.rates.add(o.rates)
			addCounters(&r.counted, o.counted())
		}
	}
	s.table.set(rows, m.now())
	return nil
}

func (s *machines) view(m *Model, w, h int) []line { return s.table.view(&m.g, w, h) }

func (s *machines) keys() []group {
	return []group{{"Real servers", []binding{
		{keys: []string{"enter"}, label: "Enter", help: "the machine in every service", short: "services", do: func(m *Model) tea.Cmd {
			if r := s.table.current(); r != nil {
				return m.push(newMachine(m, r.addr))
			}
			return nil
		}},
	}}}
}

func machineColumns(m *Model) []column[machineRow] {
	type row = machineRow
	of := func(r *row) *traffic { return &r.traffic }
	return slices.Concat([]column[row]{
		{key: "machine", title: "REAL SERVER", help: "the machine's address", grown: true, left: true, width: 12,
			cell: func(r *row) string { return r.name },
			look: func(r *row) look {
				if r.up == 0 {
					return dim
				}
				return bold
			},
			compare: func(a, b *row) int { return a.addr.Compare(b.addr) }},
		{key: "up", title: "UP", help: "services in which it has a weight, of all that it serves", width: 5,
			cell:    func(r *row) string { return fmt.Sprintf("%d/%d", r.up, r.entries) },
			look:    func(r *row) look { return yellow * look(boolInt(r.up < r.entries)) },
			compare: func(a, b *row) int { return cmp.Or(cmp.Compare(a.up, b.up), cmp.Compare(a.entries, b.entries)) }}},
		connectionColumns(m, of), rateColumns(m, of), countedColumns(m, of))
}
