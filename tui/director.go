package tui

import (
	"cmp"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/output"
)

// director is what the director of the table said last. It does not change after that. The
// methods of a nil director, which does not run, return nothing.
type director struct {
	// row is nil if err is not: then nothing is known about its services and servers.
	row      *output.DirectorRow
	err      error
	services map[kernel.ServiceID]*output.DirectedServiceRow
	servers  map[kernel.ServerKey]*output.DirectedServerRow
	// met is set if a director of this dashboard has ever answered.
	met bool
}

// directorPace is the shortest time between two questions to the director. It is a little
// less than the second in which a director renews its state.
const directorPace = 900 * time.Millisecond

// directorMsg is the answer of the director. Nil: none runs.
type directorMsg struct{ d *director }

// ask asks the director outside the event loop, unless it is being asked. The readings of
// the table do not wait for it.
func (m *Model) ask() tea.Cmd {
	if m.o.Director == nil || m.asking || m.now().Before(m.askAt) {
		return nil
	}
	m.asking, m.askAt = true, m.now()
	return func() tea.Msg { return directorMsg{m.answer()} }
}

// answer asks the director and waits for its answer.
func (m *Model) answer() *director {
	row, err := m.o.Director(m.ctx)
	if row == nil && err == nil {
		return nil
	}
	d := &director{row: row, err: err}
	if row != nil {
		d.services, d.servers = row.Index()
		d.met = true
	}
	return d
}

// answered shows an answer. A director that answers slowly is asked less often.
func (m *Model) answered(msg directorMsg) tea.Cmd {
	m.asking = false
	m.askAt = m.askAt.Add(max(directorPace, 4*m.now().Sub(m.askAt)))
	if msg.d != nil && m.director != nil {
		msg.d.met = msg.d.met || m.director.met
	}
	m.director = msg.d
	return m.refresh()
}

func (d *director) service(id kernel.ServiceID) *output.DirectedServiceRow {
	if d == nil {
		return nil
	}
	return d.services[id]
}

func (d *director) server(key kernel.ServerKey) *output.DirectedServerRow {
	if d == nil {
		return nil
	}
	return d.servers[key]
}

// states returns what the director says about its servers, for saved tables.
func (d *director) states() map[kernel.ServerKey]output.DirectedStateRow {
	if d == nil || d.row == nil {
		return nil
	}
	return output.Directed(d.row)
}

// directorTrouble returns the line about the director: that it cannot be believed, or its
// worst fault. Nil: all is well, or none runs.
func (m *Model) directorTrouble() line {
	switch {
	case m.director == nil:
		return nil
	case m.director.err != nil:
		return text(bold|red, clean(m.director.err.Error()))
	}
	faults := m.director.row.Faults()
	if len(faults) == 0 {
		return nil
	}
	says := "director: " + faults[0]
	if more := len(faults) - 1; more > 0 {
		says += fmt.Sprintf(" (%d more: %s director)", more, m.o.Name)
	}
	return text(bold|yellow, clean(says))
}

// directs reports whether columns of a director are shown: one runs, and has answered.
func (m *Model) directs() bool { return m.director != nil && m.director.met }

// unsure returns the cell of an object that the director does not mention.
func (m *Model) unsure() string {
	if m.director != nil && m.director.err != nil {
		return "?"
	}
	return m.g.dash
}

// healthColumn returns the column with the health of servers.
func healthColumn[R any](m *Model, help string, of func(*R) *output.DirectedServerRow) column[R] {
	return column[R]{key: "health", title: "HEALTH", help: help, left: true, width: 7, rank: 2, when: m.directs,
		cell: func(r *R) string {
			switch d := of(r); {
			case d == nil:
				return m.unsure()
			case !d.Checked:
				return m.g.dash
			default:
				return d.Health
			}
		},
		look:    func(r *R) look { return healthLook(of(r)) },
		compare: func(a, b *R) int { return cmp.Compare(healthRank(of(a)), healthRank(of(b))) }}
}

func healthLook(d *output.DirectedServerRow) look {
	switch {
	case d == nil, !d.Checked:
		return dim
	case d.Health == "down":
		return bold | red
	case d.Suspect, d.Health == "unknown":
		return yellow
	}
	return green
}

// healthRank orders servers, the worst first.
func healthRank(d *output.DirectedServerRow) int {
	switch {
	case d == nil:
		return 4
	case !d.Checked:
		return 3
	case d.Health == "down":
		return 0
	case d.Health == "unknown":
		return 1
	}
	return 2
}

// worse returns the server with the worse health.
func worse(a, b *output.DirectedServerRow) *output.DirectedServerRow {
	if healthRank(b) < healthRank(a) {
		return b
	}
	return a
}

// stateColumn returns the column with the state of services.
func stateColumn(m *Model) column[serviceRow] {
	of := func(r *serviceRow) string {
		switch {
		case r.directed == nil:
			return m.unsure()
		case r.directed.FallbackInUse:
			return r.directed.State + " FALLBACK"
		}
		return r.directed.State
	}
	return column[serviceRow]{key: "health", title: "HEALTH", left: true, width: 7, grown: true, rank: 2, when: m.directs,
		help: "state by a director: up, down or unknown; FALLBACK if that is in use", cell: of,
		look:    func(r *serviceRow) look { return stateLook(r.directed) },
		compare: func(a, b *serviceRow) int { return cmp.Compare(of(a), of(b)) }}
}

func stateLook(d *output.DirectedServiceRow) look {
	switch {
	case d == nil:
		return dim
	case d.State == "down":
		return bold | red
	case d.State == "unknown", d.FallbackInUse:
		return yellow
	}
	return green
}

// serviceState draws the state of a service, in one line with its traffic.
func (m *Model) serviceState(id kernel.ServiceID) line {
	d := m.director.service(id)
	if d == nil {
		return nil
	}
	return line{}.add(plain, "  ").add(stateLook(d), d.State).add(dim, ", "+clean(d.WhyText()))
}

// stateFacts draw the state of a service, and its servers that the director keeps out of
// the table, or that are not in it (yet).
func (m *Model) stateFacts(e *kernel.ServiceEntry, d *output.DirectedServiceRow) (out []line) {
	if d == nil {
		return nil
	}
	out = m.wrapped("state", stateLook(d), d.StateText(m.now()))
	for i := range d.Servers {
		r := &d.Servers[i]
		addr, err := kernel.ParseAddrPort(r.Server)
		if err != nil || e.Server(addr) != nil || r.WeightWord() == "standby" {
			continue
		}
		out = append(out, m.wrapped("not in use", healthLook(r), r.Server+": "+r.WhyText()+"; "+r.HealthText(m.now()))...)
	}
	return out
}

// directedFacts draw the health of a server and why it has its weight.
func (m *Model) directedFacts(d *output.DirectedServerRow) (out []line) {
	if d == nil {
		return nil
	}
	l := plain
	if d.WeightWord() != "" {
		l = yellow
	}
	return append(m.wrapped("health", healthLook(d), d.HealthText(m.now())),
		m.wrapped("weight", l, d.WeightText(m.now()))...)
}

// wrapped draws a value with its name, in as many lines as it needs.
func (m *Model) wrapped(name string, l look, value string) (out []line) {
	for _, part := range wrap(clean(value), max(m.w-12, 12)) {
		out = append(out, label(&m.g, name, 12).add(l, part))
		name = ""
	}
	return out
}

// released draws what an undrain ends of decisions that the director has.
func (m *Model) released(t target) (out []line) {
	if m.director == nil || m.director.row == nil {
		return nil
	}
	for i := range m.director.row.Services {
		s := &m.director.row.Services[i]
		if t.e != nil && s.Service != t.e.ServiceID.String() {
			continue
		}
		for j := range s.Servers {
			r := &s.Servers[j]
			addr, err := kernel.ParseAddrPort(r.Server)
			here := t.v != nil && addr == t.v.Addr || t.machine.IsValid() && addr.Addr() == t.machine
			if err != nil || !here || r.Admin == "ready" && r.AdminWeight == nil {
				continue
			}
			why := cmp.Or(map[string]string{"drain": "drained", "maintenance": "in maintenance"}[r.Admin],
				"weight set by an admin")
			out = append(out, m.change("weight", why, "the director decides").
				add(dim, "  "+clean(r.Server+" in "+r.Service)))
		}
	}
	return out
}
