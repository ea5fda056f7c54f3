package tui

import (
	"net/netip"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/output"
)

// serverRow is a server of a service as tables show it.
type serverRow struct {
	o  *object
	e  *kernel.ServerEntry
	of *kernel.ServiceEntry
	traffic
}

// servers shows the servers of one service, or one machine in all services.
type servers struct {
	table   table[kernel.ServerKey, serverRow]
	service kernel.ServiceID
	machine netip.Addr
}

// newServers is the screen of a service.
func newServers(m *Model, id kernel.ServiceID) *servers {
	s := &servers{service: id, table: newServerTable(m, "servers", "server")}
	s.table.empty = "the service has no server"
	return s
}

// newMachine is the screen of a machine: a row for each service it serves.
func newMachine(m *Model, addr netip.Addr) *servers {
	s := &servers{machine: addr, table: newServerTable(m, "machine", "service")}
	s.table.empty = "the machine serves nothing any more"
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
		{keys: []string{"enter"}, label: "Enter", help: "the connections of the server", short: "connections", do: func(m *Model) tea.Cmd {
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
	r := serverRow{o: o, e: v, of: e, traffic: traffic{rates: o.rates, counted: o.counted(), blind: true, public: m.sample.Public}}
	r.traffic.add(v)
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

// serviceLine sums a service up.
func (m *Model) serviceLine(id kernel.ServiceID, w int) line {
	e := m.sample.Find(id)
	if e == nil {
		return text(bold|red, "the service is gone")
	}
	r := newServiceRow(m, m.hist.objects[kernel.ServerKey{Service: id}], e)
	l := text(plain, clean(e.Scheduler))
	if e.Persistence > 0 {
		l = l.add(plain, ", persistent "+output.Duration(e.Persistence))
	}
	if e.OnePacket {
		l = l.add(plain, ", one packet")
	}
	l = l.add(dim, "  active ").add(bold, countText(r.active)).add(dim, "  conn/s ").add(bold, m.rate(r.rates.connections, r.public))
	if room := w - l.width() - 2; room > 10 && !r.public {
		n := min(room, 60)
		l = l.add(plain, "  ").add(cyan, spark(&m.g, m.hist.series(r.o, n, connectionsOf), n))
	}
	return l
}
