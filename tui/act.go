package tui

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/output"
)

// target is the row that a key acts on: the row with the cursor.
type target struct {
	// e is the service; nil for a real server in all its services.
	e *kernel.ServiceEntry
	// v is the server; nil for a service or a real server in all its services.
	v *kernel.ServerEntry
	// machine is the address of a real server in all its services.
	machine netip.Addr
	// o is the history of the service or server.
	o *object
	// gone is set for a deleted row that is still shown.
	gone bool
}

// name returns the name of the target for messages and command lines.
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

// scope returns the connections of a target.
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

// targeted is a screen whose rows are targets.
type targeted interface {
	// target returns the target under the cursor; false: there is none.
	target() (target, bool)
	// inside is the service to which the key a adds a server. The zero value: the
	// key adds a service.
	inside() kernel.ServiceID
}

// selectionKeys returns the keys that show more about the target.
func selectionKeys(s targeted) group {
	return group{"Selected row", []binding{
		{keys: []string{"i"}, help: "show its settings, counters and a chart", short: "detail",
			do: func(m *Model) tea.Cmd {
				t, ok := s.target()
				switch {
				case !ok:
					return m.push(newDetail(m, kernel.ServerKey{}))
				case t.v != nil:
					return m.push(newDetail(m, kernel.ServerKey{Service: t.e.ServiceID, Server: t.v.Addr}))
				case t.e != nil:
					return m.push(newDetail(m, kernel.ServerKey{Service: t.e.ServiceID}))
				}
				return m.onlyServers()
			}},
		{keys: []string{"I"}, help: "show counters and a chart of the whole table",
			do: func(m *Model) tea.Cmd { return m.push(newDetail(m, kernel.ServerKey{})) }},
		{keys: []string{"o"}, help: "show its connections", do: func(m *Model) tea.Cmd {
			if t, ok := s.target(); ok {
				return m.push(newConnections(m, t.scope(), "connections of "+t.name()))
			}
			return nil
		}},
	}}
}

// actKeys returns the keys that change the table. Each opens a dialog.
func actKeys(s targeted) group {
	on := func(b binding, do func(m *Model, t target) tea.Cmd) binding { return onTarget(s, b, do) }
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
	// The foot shows only keys that work on the rows of the screen.
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
	return group{"Changes", []binding{
		on(binding{keys: []string{"d"}, help: "drain: no new connections, open ones can finish",
			short: short("drain")}, (*Model).drain),
		on(binding{keys: []string{"u"}, help: "undrain: restore the weight from before the drain",
			short: short("undrain")}, (*Model).undrain),
		on(binding{keys: []string{"f5", "{"}, label: "F5, {", help: "decrease the weight by 10"}, shift(-10)),
		on(binding{keys: []string{"f6", "["}, label: "F6, [", help: "decrease the weight by 1",
			short: short("weight")}, shift(-1)),
		on(binding{keys: []string{"f7", "]"}, label: "F7, ]", help: "increase the weight by 1"}, shift(1)),
		on(binding{keys: []string{"f8", "}"}, label: "F8, }", help: "increase the weight by 10"}, shift(10)),
		on(binding{keys: []string{"f4", "\\"}, label: "F4, \\",
			help: "restore the first weight that this dashboard has seen"}, (*Model).resetWeight),
		free(binding{keys: []string{"a"}, help: "add a service, or a server to the service that is shown", short: "add"},
			func(m *Model) tea.Cmd { return m.addForm(s.inside()) }),
		on(binding{keys: []string{"e"}, help: "edit the service or server", short: "edit"}, (*Model).editForm),
		on(binding{keys: []string{"x", "delete"}, label: "x, Del", help: "delete the service or server",
			short: "delete"}, (*Model).remove),
		free(binding{keys: []string{"Z"}, help: "zero the kernel's counters, of the service or of all"},
			func(m *Model) tea.Cmd {
				t, _ := s.target()
				return m.zero(t)
			}),
	}}
}

// onTarget returns a binding that needs a target which still exists.
func onTarget(s targeted, b binding, do func(m *Model, t target) tea.Cmd) binding {
	b.acts = true
	b.do = func(m *Model) tea.Cmd {
		t, ok := s.target()
		switch {
		case m.refused():
		case !ok:
			m.say(yellow, "no row is selected")
		case t.gone:
			m.say(yellow, "%s no longer exists", t.name())
		case m.paused: // the dialog must show current values
			return tea.Batch(do(m, t), m.look())
		default:
			return do(m, t)
		}
		return nil
	}
	return b
}

func (m *Model) onlyServers() tea.Cmd {
	m.say(yellow, "this key works on a server of a service: press Enter to list them")
	return nil
}

func (m *Model) resetWeight(t target) tea.Cmd {
	if t.v == nil {
		return m.onlyServers()
	}
	return m.weigh(t, t.o.firstWeight-t.v.Weight)
}

// weigh opens the dialog for a new weight. The weight keys change the weight while
// the dialog is open.
func (m *Model) weigh(t target, by int) tea.Cmd {
	if t.v == nil {
		return m.onlyServers()
	}
	old, id, server := t.v.Weight, t.e.ServiceID, t.v.Addr
	to := old
	c := &confirm{title: "Weight of " + server.String(), do: "Change", hint: "F5 to F8", does: "weight"}
	others := t.e.Capacity(server)
	set := func(n int) {
		to = min(max(n, 0), kernel.MaxWeight)
		c.args = []string{"weight", id.String(), server.String(), strconv.Itoa(to)}
		if to == 0 {
			c.args = append(c.args, "--yes") // the dialog asks
		}
		c.body = []line{
			m.change("weight", strconv.Itoa(old), strconv.Itoa(to)),
			label(&m.g, "service", 12).add(plain, id.String()),
		}
		switch {
		case to == old:
			c.body = append(c.body, text(dim, "the weight would not change"))
		case to == 0 && others == 0:
			c.body = append(c.body, text(bold|red, "the service would have no server for new connections"))
		case to == 0:
			c.body = append(c.body, text(yellow, "the server would get no new connections"))
		}
		c.minded = nil
		if to == 0 && old > 0 {
			c.minded = m.weightZero([]drainPlace{{t.e, t.v}})
		}
	}
	set(old + by)
	c.stale = func(m *Model) string {
		e := m.sample.Find(id)
		if e == nil {
			return id.String() + " no longer exists"
		}
		switch v := e.Server(server); {
		case v == nil:
			return server.String() + " no longer exists"
		case v.Weight != old:
			return fmt.Sprintf("another process set the weight to %d", v.Weight)
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

// change returns a line with the old and the new value.
func (m *Model) change(name, before, after string) line {
	l := label(&m.g, name, 12).add(plain, clean(before)).add(dim, " "+m.g.arrow+" ")
	if before == after {
		return l.add(plain, clean(after))
	}
	return l.add(bold, clean(after))
}

// remove opens the dialog for deleting a service or server.
func (m *Model) remove(t target) tea.Cmd {
	var title string
	var args []string
	var body []line
	switch {
	case t.v != nil:
		id, server := t.e.ServiceID.String(), t.v.Addr.String()
		title, args = "Delete server", []string{"server", "delete", id, server, "--yes"}
		body = []line{m.change("server", server, "none"), label(&m.g, "service", 12).add(plain, id)}
	case t.e != nil:
		id := t.e.ServiceID.String()
		title, args = "Delete service", []string{"service", "delete", id, "--yes"}
		body = []line{m.change("service", id, "none"), m.change("servers", strconv.Itoa(len(t.e.Servers)), "none")}
	default:
		return m.onlyServers()
	}
	return m.try(append(args[:len(args):len(args)], "--output=json"), func(m *Model, r Result) tea.Cmd {
		return m.proposed(title, "Delete", args, append(body, m.cuts(r.Out)...), r)
	})
}

// cuts returns what a deletion cuts, and what happens to it, from the JSON output of a
// dry run.
func (m *Model) cuts(document string) []line {
	var d struct{ Items []output.ChangeRow }
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return nil
	}
	var body []line
	for i := range d.Items {
		c := d.Items[i].Cuts
		if c == nil {
			continue
		}
		what := strings.ReplaceAll(cmp.Or(c.Text(), "cuts no connection"), ": ", "; ")
		for part := range strings.SplitSeq(what, "; ") { // for narrow screens
			body = append(body, text(bold|red, part))
		}
		if c.Sysctl != nil {
			body = append(body, text(yellow, "because "+*c.Sysctl+" is 0"))
		}
	}
	return body
}

// zero opens the dialog for setting the kernel's counters to zero.
func (m *Model) zero(t target) tea.Cmd {
	c := &confirm{title: "Zero counters", do: "Zero", args: []string{"zero"}}
	what, o := "all services", m.hist.objects[kernel.ServerKey{}]
	if t.e != nil {
		what, o = t.e.ServiceID.String(), m.hist.objects[kernel.ServerKey{Service: t.e.ServiceID}]
		c.args = append(c.args, what)
	}
	c.body = []line{text(plain, "the kernel's counters of "+what)}
	if o != nil {
		c.body = append(c.body, m.change("connections", strconv.FormatUint(o.Last.Connections, 10), "0"),
			m.change("bytes in", strconv.FormatUint(o.Last.BytesIn, 10), "0"))
	}
	c.body = append(c.body, text(yellow, "all programs see the new values; this cannot be undone"))
	m.over = c
	return nil
}
