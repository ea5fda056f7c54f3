package tui

import (
	"net/netip"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// selectionKeys look closer at what is under the cursor.
func selectionKeys(s targeted) group {
	return group{"The row under the cursor", []binding{
		{keys: []string{"i"}, help: "its settings, counters and a chart", short: "detail", do: func(m *Model) tea.Cmd {
			t, ok := s.target()
			switch {
			case !ok:
				return m.push(newDetail(m, kernel.ServerKey{}))
			case t.v != nil:
				return m.push(newDetail(m, kernel.ServerKey{Service: t.e.ServiceID, Server: t.v.Addr}))
			case t.e != nil:
				return m.push(newDetail(m, kernel.ServerKey{Service: t.e.ServiceID}))
			}
			m.say(yellow, "details belong to services and their servers: Enter goes there")
			return nil
		}},
		{keys: []string{"I"}, help: "counters and a chart of the whole table", do: func(m *Model) tea.Cmd { return m.push(newDetail(m, kernel.ServerKey{})) }},
		{keys: []string{"o"}, help: "its connections", do: func(m *Model) tea.Cmd {
			if t, ok := s.target(); ok {
				return m.push(newConnections(m, t.scope(), "connections of "+t.name()))
			}
			return nil
		}},
	}}
}

// scope are the connections of a target.
func (t *target) scope() scope {
	var out scope
	if t.machine.IsValid() {
		out.machine = t.machine
		return out
	}
	out.service = t.e.ServiceID
	if t.v != nil {
		out.server = t.v.Addr
		return out
	}
	out.servers = map[netip.AddrPort]bool{}
	for i := range t.e.Servers {
		out.servers[t.e.Servers[i].Addr] = true
	}
	return out
}

func (s *services) target() (target, bool) {
	r := s.table.current()
	if r == nil {
		return target{}, false
	}
	return target{e: r.e, o: r.o, gone: s.table.vanished(r)}, true
}

func (s *services) inside() kernel.ServiceID { return kernel.ServiceID{} }

func (s *servers) target() (target, bool) {
	r := s.table.current()
	if r == nil {
		return target{}, false
	}
	return target{e: r.of, v: r.e, o: r.o, gone: s.table.vanished(r)}, true
}

func (s *servers) inside() kernel.ServiceID { return s.service }

func (s *machines) target() (target, bool) {
	r := s.table.current()
	if r == nil {
		return target{}, false
	}
	return target{machine: r.addr, gone: s.table.vanished(r)}, true
}

func (s *machines) inside() kernel.ServiceID { return kernel.ServiceID{} }
