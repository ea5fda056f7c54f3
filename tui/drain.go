package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// drain asks before a server is drained: in the service that is shown, or in
// all of its services.
func (m *Model) drain(t target) tea.Cmd {
	if t.v == nil && !t.machine.IsValid() {
		return m.onlyServers()
	}
	everywhere := t.v == nil
	addr := t.machine
	if t.v != nil {
		addr = t.v.Addr.Addr()
	}
	c := &confirm{do: "Drain"}
	set := func() {
		c.title = "Drain " + t.name()
		var rows []drainPlace
		if everywhere {
			c.title = "Drain " + addr.String() + " in all services"
			c.args = []string{"drain", addr.String(), "--yes"}
			rows = places(m.sample.Snapshot, func(e *kernel.ServiceEntry, v *kernel.ServerEntry) bool { return v.Addr.Addr() == addr })
		} else {
			c.args = []string{"drain", t.v.Addr.String(), "--service", t.e.ServiceID.String(), "--yes"}
			rows = places(m.sample.Snapshot, func(e *kernel.ServiceEntry, v *kernel.ServerEntry) bool {
				return e.ServiceID == t.e.ServiceID && v.Addr == t.v.Addr
			})
		}
		c.body = m.drainBody(rows)
		keys := make([]kernel.ServerKey, len(rows))
		for i, r := range rows {
			keys[i] = kernel.ServerKey{Service: r.e.ServiceID, Server: r.v.Addr}
		}
		c.after = func(m *Model, _ Result) tea.Cmd { return m.push(newCockpit(m, keys)) }
	}
	set()
	if drained := m.drained(t); drained != nil {
		m.say(plain, "%s takes no new connections already", t.name())
		return m.push(newCockpit(m, drained))
	}
	if t.v != nil {
		c.keys = "m: all its services"
		c.own = func(_ *confirm, stroke string) bool {
			if stroke != "m" {
				return false
			}
			everywhere = !everywhere
			set()
			return true
		}
	}
	m.over = c
	return nil
}

// drained gives the places of a target that has no weight in any of them. Nil is
// one that has.
func (m *Model) drained(t target) []kernel.ServerKey {
	var out []kernel.ServerKey
	for _, p := range places(m.sample.Snapshot, func(e *kernel.ServiceEntry, v *kernel.ServerEntry) bool {
		return t.v != nil && e.ServiceID == t.e.ServiceID && v.Addr == t.v.Addr || t.v == nil && v.Addr.Addr() == t.machine
	}) {
		if p.v.Weight > 0 {
			return nil
		}
		out = append(out, kernel.ServerKey{Service: p.e.ServiceID, Server: p.v.Addr})
	}
	return out
}

// drainPlace is a server in one of its services.
type drainPlace struct {
	e *kernel.ServiceEntry
	v *kernel.ServerEntry
}

func places(s *kernel.Snapshot, is func(*kernel.ServiceEntry, *kernel.ServerEntry) bool) []drainPlace {
	var out []drainPlace
	for i := range s.Services {
		e := &s.Services[i]
		for j := range e.Servers {
			if is(e, &e.Servers[j]) {
				out = append(out, drainPlace{e, &e.Servers[j]})
			}
		}
	}
	return out
}

// drainBody says what draining changes, and which services are left without.
func (m *Model) drainBody(rows []drainPlace) []line {
	const most = 6
	var body []line
	var active, persistent uint64
	leaving := map[kernel.ServiceID]int{}
	for i, r := range rows {
		active += uint64(r.v.Active)
		persistent += uint64(r.v.Persistent)
		leaving[r.e.ServiceID] += boolInt(r.v.Weight > 0)
		if i < most {
			body = append(body, m.change("weight", fmt.Sprint(r.v.Weight), "0").add(dim, "  "+r.v.Addr.String()+" in "+r.e.ServiceID.String()))
		}
	}
	if len(rows) > most {
		body = append(body, text(dim, fmt.Sprintf("and %d more", len(rows)-most)))
	}
	body = append(body, text(plain, plural(active, "active connection")+" may go on, new ones go elsewhere"))
	if persistent > 0 {
		body = append(body, text(yellow, plural(persistent, "client")+" bound by persistence may come back to it"))
	}
	for _, r := range rows {
		up := 0
		for i := range r.e.Servers {
			up += boolInt(r.e.Servers[i].Weight > 0)
		}
		if n := leaving[r.e.ServiceID]; n > 0 && n == up {
			body = append(body, text(bold|red, r.e.ServiceID.String()+" would have no server"))
			leaving[r.e.ServiceID] = 0
		}
	}
	return body
}

func splitLines(s string) []string {
	var out []string
	for l := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		if l != "" {
			out = append(out, clean(strings.TrimRight(l, " ")))
		}
	}
	return out
}
