package tui

import (
	"fmt"
	"net/netip"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// target is what keys that act are about: the row under the cursor.
type target struct {
	// e is its service; nil for a machine.
	e *kernel.ServiceEntry
	// v is the server; nil for a service or a machine.
	v *kernel.ServerEntry
	// machine is a server in all its services.
	machine netip.Addr
	// o is the server's history.
	o *object
	// gone is set for a row that is only a memory.
	gone bool
}

// name says what it is about.
func (t *target) name() string {
	switch {
	case t.v != nil:
		return t.v.Addr.String()
	case t.machine.IsValid():
		return t.machine.String()
	case t.e != nil:
		return t.e.ServiceID.String()
	}
	return "nothing"
}

// targeted is a screen with something to act on.
type targeted interface {
	// target gives what is under the cursor. False is nothing.
	target() (target, bool)
	// inside is the service that new servers are added to. The zero value is
	// none.
	inside() kernel.ServiceID
}

// actKeys change things, each by a dialog.
func actKeys(s targeted) group {
	// on makes a key that needs a row that is there.
	on := func(b binding, do func(m *Model, t target) tea.Cmd) binding {
		b.acts = true
		b.do = func(m *Model) tea.Cmd {
			t, ok := s.target()
			switch {
			case m.refused():
			case !ok:
				m.say(yellow, "there is nothing under the cursor")
			case t.gone:
				m.say(yellow, "%s is gone", t.name())
			case m.paused: // what is asked about must not be old
				return tea.Batch(do(m, t), m.look())
			default:
				return do(m, t)
			}
			return nil
		}
		return b
	}
	shift := func(n int) func(*Model, target) tea.Cmd {
		return func(m *Model, t target) tea.Cmd { return m.weigh(t, n) }
	}
	free := func(b binding, do func(m *Model) tea.Cmd) binding {
		b.acts = true
		b.do = func(m *Model) tea.Cmd {
			if m.refused() {
				return nil
			}
			return do(m)
		}
		return b
	}
	// Only keys that mean something to a row are proposed at the foot.
	short := func(word string) string {
		switch s.(type) {
		case *services, *overview:
			return ""
		case *machines:
			if word == "weight" {
				return ""
			}
		}
		return word
	}
	return group{"Changing", []binding{
		on(binding{keys: []string{"d"}, help: "drain: no new connections, the present ones end", short: short("drain")}, (*Model).drain),
		on(binding{keys: []string{"u"}, help: "undrain: the weight that it had", short: short("undrain")}, (*Model).undrain),
		on(binding{keys: []string{"f5", "{"}, label: "F5, {", help: "weight 10 less"}, shift(-10)),
		on(binding{keys: []string{"f6", "["}, label: "F6, [", help: "weight 1 less", short: short("weight")}, shift(-1)),
		on(binding{keys: []string{"f7", "]"}, label: "F7, ]", help: "weight 1 more"}, shift(1)),
		on(binding{keys: []string{"f8", "}"}, label: "F8, }", help: "weight 10 more"}, shift(10)),
		on(binding{keys: []string{"f4", "\\"}, label: "F4, \\", help: "the weight that it had when it was first seen here"}, func(m *Model, t target) tea.Cmd {
			if t.v == nil {
				return m.onlyServers()
			}
			return m.weigh(t, t.o.firstWeight-t.v.Weight)
		}),
		free(binding{keys: []string{"a"}, help: "add a service, or a server to the service that is shown", short: "add"}, func(m *Model) tea.Cmd {
			return m.addForm(s.inside())
		}),
		on(binding{keys: []string{"e"}, help: "edit the service or server", short: "edit"}, (*Model).editForm),
		on(binding{keys: []string{"x", "delete"}, label: "x, Del", help: "delete the service or server", short: "delete"}, (*Model).remove),
		free(binding{keys: []string{"Z"}, help: "set the kernel's counters to zero, of the service or of all"}, func(m *Model) tea.Cmd {
			t, _ := s.target()
			return m.zero(t)
		}),
	}}
}

func (m *Model) onlyServers() tea.Cmd {
	m.say(yellow, "that is for the servers of a service: Enter goes there")
	return nil
}

// weigh asks for another weight. Its keys go on changing it while the dialog is
// open.
func (m *Model) weigh(t target, by int) tea.Cmd {
	if t.v == nil {
		return m.onlyServers()
	}
	old, id, server := t.v.Weight, t.e.ServiceID, t.v.Addr
	to := old
	c := &confirm{title: "Weight of " + server.String(), do: "Change", keys: "F5 to F8"}
	others := 0
	for i := range t.e.Servers {
		others += boolInt(t.e.Servers[i].Weight > 0 && t.e.Servers[i].Addr != server)
	}
	set := func(n int) {
		to = min(max(n, 0), kernel.MaxWeight)
		c.args = []string{"weight", id.String(), server.String(), strconv.Itoa(to)}
		c.body = []line{
			m.change("weight", strconv.Itoa(old), strconv.Itoa(to)),
			text(dim, fit(&m.g, "of", 12, true)).add(plain, id.String()),
		}
		switch {
		case to == old:
			c.body = append(c.body, text(dim, "nothing would change"))
		case to == 0 && others == 0:
			c.body = append(c.body, text(bold|red, "no server of the service would take new connections"))
		case to == 0:
			c.body = append(c.body, text(yellow, "it would take no new connections"))
		}
	}
	set(old + by)
	c.stale = func(m *Model) string {
		e := m.sample.Find(id)
		if e == nil {
			return id.String() + " is gone"
		}
		switch v := findServer(e, kernel.ServerKey{Service: id, Server: server}); {
		case v == nil:
			return server.String() + " is gone"
		case v.Weight != old:
			return fmt.Sprintf("somebody made the weight %d meanwhile", v.Weight)
		}
		return ""
	}
	c.own = func(_ *confirm, stroke string) bool {
		switch stroke {
		case "f5", "{":
			set(to - 10)
		case "f6", "[":
			set(to - 1)
		case "f7", "]":
			set(to + 1)
		case "f8", "}":
			set(to + 10)
		case "f4", "\\":
			set(t.o.firstWeight)
		default:
			return false
		}
		return true
	}
	m.over = c
	return nil
}

// change writes old → new.
func (m *Model) change(name, before, after string) line {
	l := text(dim, fit(&m.g, name, 12, true)).add(plain, clean(before)).add(dim, " "+m.g.arrow+" ")
	if before == after {
		return l.add(plain, clean(after))
	}
	return l.add(bold, clean(after))
}

// remove asks before a service or server is deleted.
func (m *Model) remove(t target) tea.Cmd {
	switch {
	case t.v != nil:
		m.over = &confirm{title: "Delete server", do: "Delete", args: []string{"server", "delete", t.e.ServiceID.String(), t.v.Addr.String(), "--yes"}, body: []line{
			m.change("server", t.v.Addr.String(), "none"),
			text(dim, fit(&m.g, "of", 12, true)).add(plain, t.e.ServiceID.String()),
			text(bold|red, "cuts "+plural(uint64(t.v.Active)+uint64(t.v.Inactive), "connection")+fmt.Sprintf(", %d active", t.v.Active)),
		}}
	case t.e != nil:
		r := newServiceRow(m, t.o, t.e)
		m.over = &confirm{title: "Delete service", do: "Delete", args: []string{"service", "delete", t.e.ServiceID.String(), "--yes"}, body: []line{
			m.change("service", t.e.ServiceID.String(), "none"),
			m.change("servers", strconv.Itoa(len(t.e.Servers)), "none"),
			text(bold|red, "cuts "+plural(r.active+r.inactive, "connection")+fmt.Sprintf(", %d active", r.active)),
		}}
	default:
		return m.onlyServers()
	}
	return nil
}

// zero asks before the kernel's counters are set to zero.
func (m *Model) zero(t target) tea.Cmd {
	c := &confirm{title: "Zero counters", do: "Zero", args: []string{"zero"}}
	what, o := "of every service", m.hist.objects[kernel.ServerKey{}]
	if t.e != nil {
		what, o = "of "+t.e.ServiceID.String(), m.hist.objects[kernel.ServerKey{Service: t.e.ServiceID}]
		c.args = append(c.args, t.e.ServiceID.String())
	}
	c.body = []line{text(plain, "the kernel's counters "+what)}
	if o != nil {
		c.body = append(c.body, m.change("connections", strconv.FormatUint(o.last.Connections, 10), "0"),
			m.change("bytes in", strconv.FormatUint(o.last.BytesIn, 10), "0"))
	}
	c.body = append(c.body, text(yellow, "whatever else reads them sees it too, and there is no undo"))
	m.over = c
	return nil
}

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
