package tui

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/doctor"
	"lvs/kernel"
	"lvs/output"
	"lvs/traffic"
)

// drain opens the dialog for draining a server, in one service or in all its
// services. If the server is already drained, it shows the drain screen.
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
			rows = places(m.sample.Snapshot, func(_ *kernel.ServiceEntry, v *kernel.ServerEntry) bool {
				return v.Addr.Addr() == addr
			})
		} else {
			c.args = []string{"drain", t.v.Addr.String(), "--service", t.e.ServiceID.String(), "--yes"}
			rows = places(m.sample.Snapshot, func(e *kernel.ServiceEntry, v *kernel.ServerEntry) bool {
				return e.ServiceID == t.e.ServiceID && v.Addr == t.v.Addr
			})
		}
		c.body, c.minded = m.drainBody(rows), m.weightZero(rows)
		keys := make([]kernel.ServerKey, len(rows))
		for i, r := range rows {
			keys[i] = kernel.ServerKey{Service: r.e.ServiceID, Server: r.v.Addr}
		}
		c.after = func(m *Model, _ Result) tea.Cmd { return m.push(newCockpit(m, keys)) }
	}
	set()
	if drained := m.drained(t); drained != nil {
		m.say(plain, "%s is already drained: it gets no new connections", t.name())
		return m.push(newCockpit(m, drained))
	}
	if t.v != nil {
		c.hint, c.does = "m", "all services"
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

// drained returns the servers of a target that is drained: all of them have the
// weight 0. Nil: it is not drained.
func (m *Model) drained(t target) []kernel.ServerKey {
	var out []kernel.ServerKey
	for _, p := range places(m.sample.Snapshot, func(e *kernel.ServiceEntry, v *kernel.ServerEntry) bool {
		if t.v == nil {
			return v.Addr.Addr() == t.machine
		}
		return e.ServiceID == t.e.ServiceID && v.Addr == t.v.Addr
	}) {
		key := kernel.ServerKey{Service: p.e.ServiceID, Server: p.v.Addr}
		if d := m.director.server(key); p.v.Weight > 0 || d != nil && d.Admin == "ready" {
			return nil // the director would put a server that is only masked back into use
		}
		out = append(out, key)
	}
	return out
}

// drainPlace is a server of a service.
type drainPlace struct {
	e *kernel.ServiceEntry
	v *kernel.ServerEntry
}

// places returns the servers for which is returns true.
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

// drainBody returns the text of the dialog: the weights, the connections, and the
// services that would have no server left.
func (m *Model) drainBody(rows []drainPlace) []line {
	const most = 6
	var body []line
	var active uint64
	leaving := map[kernel.ServiceID][]netip.AddrPort{}
	masked := 0
	for i, r := range rows {
		active += uint64(r.v.Active)
		if d := m.director.server(kernel.ServerKey{Service: r.e.ServiceID, Server: r.v.Addr}); d != nil {
			masked += boolInt(d.WeightWord() == "masked")
		}
		leaving[r.e.ServiceID] = append(leaving[r.e.ServiceID], r.v.Addr)
		if i < most {
			body = append(body, m.change("weight", fmt.Sprint(r.v.Weight), "0").
				add(dim, "  "+r.v.Addr.String()+" in "+r.e.ServiceID.String()))
		}
	}
	if len(rows) > most {
		body = append(body, text(dim, fmt.Sprintf("and %d more", len(rows)-most)))
	}
	if masked > 0 {
		body = append(body, text(plain, "masked by the director: stays out also when its checks pass again"))
	}
	body = append(body, text(plain, plural(active, "active connection")+" can finish, new ones go to other servers"))
	for _, r := range rows {
		if going := leaving[r.e.ServiceID]; len(going) > 0 && r.e.Capacity() > 0 && r.e.Capacity(going...) == 0 {
			body = append(body, text(bold|red, r.e.ServiceID.String()+" would have no server left"))
			delete(leaving, r.e.ServiceID)
		}
	}
	return body
}

// weightZero returns who keeps coming to servers of weight 0, as the verbs say it.
func (m *Model) weightZero(rows []drainPlace) []*doctor.Diagnosis {
	servers := make([]doctor.Server, len(rows))
	for i, r := range rows {
		servers[i] = doctor.Server{Service: r.e.Service, ServerEntry: *r.v}
	}
	return doctor.WeightZero(doctor.Settings{Sysctls: m.sample.slow.sysctls}, servers)
}

// fix returns the fix of a diagnosis for the network namespace of the table.
func (m *Model) fix(fix string) string {
	if m.o.Fix == nil {
		return fix
	}
	return m.o.Fix(fix)
}

// cockpit is the drain screen: how many connections are left, how fast they end,
// when the drain will be complete, and what delays it. Whether a server is drained is
// decided as for lvs drain --wait.
type cockpit struct {
	watched []kernel.ServerKey
	addr    netip.Addr
	began   time.Time
	table   table[kernel.ServerKey, serverRow]
	// draining follows the servers, and blocks is what keeps each from being drained.
	draining traffic.Draining
	blocks   map[kernel.ServerKey][]traffic.Block
	found    *walked
	err      error
	walks
}

func newCockpit(m *Model, watched []kernel.ServerKey) *cockpit {
	s := &cockpit{watched: watched, began: m.now(), table: newServerTable(m, "machine", "service")}
	s.table.empty = "the server was deleted from all its services"
	if len(watched) > 0 {
		s.addr = watched[0].Server.Addr()
	}
	return s
}

func (s *cockpit) crumb() string { return "draining " + s.addr.String() }
func (s *cockpit) grid() grid    { return &s.table }

func (s *cockpit) keys() []group {
	return []group{{"Drain", []binding{
		{keys: []string{"t"}, help: "send clients bound by persistence to other servers", short: "release",
			acts: true, do: s.expire},
	}}}
}

// expire opens the dialog for net.ipv4.vs.expire_quiescent_template: with 1, the
// kernel ignores the persistence templates of all servers with the weight 0.
func (s *cockpit) expire(m *Model) tea.Cmd {
	if m.refused() || len(s.watched) == 0 {
		return nil
	}
	before := "?"
	if on, known := kernel.Switch(m.sample.slow.sysctls, kernel.ExpireQuiescentTemplate); known {
		before = countFull(boolInt(on))
	}
	args := []string{"drain", s.addr.String()}
	if len(s.watched) == 1 {
		args = []string{"drain", s.watched[0].Server.String(), "--service", s.watched[0].Service.String()}
	}
	m.over = &confirm{title: "Release clients bound by persistence", do: "Release",
		args: append(args, "--expire-templates", "--yes"),
		body: []line{
			text(dim, "net.ipv4.vs.expire_quiescent_template  ").
				add(plain, before).add(dim, " "+m.g.arrow+" ").add(bold, "1"),
			text(yellow, "this applies to all drained servers of all services, and stays set"),
		}}
	return nil
}

func (s *cockpit) refresh(m *Model) tea.Cmd {
	var rows []serverRow
	s.blocks = map[kernel.ServerKey][]traffic.Block{}
	settings := m.sample.slow.sysctls
	counted := !m.sample.Public && kernel.CountersStopped(settings) == ""
	for i := range m.sample.Services {
		e := &m.sample.Services[i]
		for j := range e.Servers {
			v := &e.Servers[j]
			key := kernel.ServerKey{Service: e.ServiceID, Server: v.Addr}
			if slices.Contains(s.watched, key) {
				rows = append(rows, newServerRow(m, e, v))
				s.blocks[key] = s.draining.Blocks(m.sample.Time, settings, counted, &e.Service, v)
			}
		}
	}
	s.table.set(rows, m.now())
	of := scope{machine: s.addr}
	if len(s.watched) == 1 {
		of = scope{service: s.watched[0].Service, server: s.watched[0].Server}
	}
	return s.start(m, s, walker{scope: of, by: groupings[1]}, false)
}

func (s *cockpit) walked(_ *Model, w *walked, err error) {
	if s.ended(w, err) {
		if s.err = err; err == nil {
			s.found = w
		}
	}
}

func (s *cockpit) target() (target, bool) {
	r := s.table.current()
	if r == nil {
		return target{}, false
	}
	return target{e: r.of, v: r.e, o: r.o, gone: s.table.vanished(r)}, true
}

func (s *cockpit) inside() kernel.ServiceID { return kernel.ServiceID{} }

func (s *cockpit) view(m *Model, w, h int) []line {
	out := s.state(m, w)
	out = append(out, s.reasons(m, w)...)
	if len(out) > h-3 {
		out = out[:max(h-3, 1)]
	}
	if h >= 14 {
		out = append(out, nil)
	}
	s.table.y = len(out)
	return append(out, s.table.view(&m.g, w, h-len(out))...)
}

// state draws how many connections are left, how fast they end, and when the drain
// will be complete.
func (s *cockpit) state(m *Model, w int) []line {
	var active, inactive, clients uint64
	for _, r := range s.table.rows {
		if !s.table.vanished(r) {
			active += uint64(r.e.Active)
			inactive += uint64(r.e.Inactive)
			clients += uint64(r.e.Persistent)
		}
	}
	series := s.series(m)
	slope := slopeOf(series) / m.o.Interval.Seconds()
	l := text(dim, "active ").add(bold, countText(active)).add(dim, "  inactive ").add(bold, countText(inactive)).
		add(dim, "  clients ").add(bold, m.count(clients, m.sample.Public)).
		add(dim, "  started ").add(plain, ageText(m.now().Sub(s.began))).add(dim, " ago")
	ends := text(dim, "active per minute ").add(bold, fmt.Sprintf("%+.1f", slope*60)).add(dim, "  estimated end ")
	switch {
	case s.open():
		ends = ends.add(yellow, "never: it gets new connections")
	case !s.blocked(0):
		ends = text(bold|green, "drained: no packets come any more")
	case active == 0 && s.blocked(traffic.RecentPackets):
		ends = ends.add(yellow, "unknown: packets still come")
	case active == 0 && s.blocked(traffic.BoundClients):
		ends = ends.add(plain, "when the persistence of its clients expires")
	case active == 0:
		ends = ends.add(plain, "when no packets come any more")
	case slope < 0:
		left := time.Duration(float64(active) / -slope * float64(time.Second))
		ends = ends.add(bold, "in "+ageText(left)).add(dim, ", at "+m.now().Add(left).Format("15:04"))
	default:
		ends = ends.add(yellow, "unknown: the number does not decrease")
	}
	n := min(w, 60)
	return []line{l, ends, text(cyan, spark(&m.g, series, n))}
}

// open reports whether the server still gets new connections.
func (s *cockpit) open() bool {
	return slices.ContainsFunc(s.table.rows, func(r *serverRow) bool {
		return r.e.Weight > 0 && !s.table.vanished(r)
	})
}

// blocked reports whether a reason keeps a server from being drained; 0 is any.
func (s *cockpit) blocked(reason traffic.BlockReason) bool {
	for _, blocks := range s.blocks {
		if slices.ContainsFunc(blocks, func(b traffic.Block) bool { return reason == 0 || b.Reason == reason }) {
			return true
		}
	}
	return false
}

// series returns the number of active connections in the last 60 samples. Negative
// values are missing.
func (s *cockpit) series(m *Model) []float64 {
	sum := make([]float64, 60)
	for i := range sum {
		sum[i] = -1
	}
	for _, k := range s.watched {
		o := m.hist.objects[k]
		if o == nil {
			continue
		}
		for i, v := range m.hist.series(o, len(sum), activeOf) {
			if v >= 0 {
				sum[i] = max(sum[i], 0) + v
			}
		}
	}
	return sum
}

// slopeOf returns the change from one value to the next, by least squares. It
// ignores missing (negative) values.
func slopeOf(values []float64) float64 {
	var n, x, y, xx, xy float64
	for i, v := range values {
		if v < 0 {
			continue
		}
		at := float64(i)
		n, x, y, xx, xy = n+1, x+at, y+v, xx+at*at, xy+at*v
	}
	if d := n*xx - x*x; n > 2 && d != 0 {
		return (n*xy - x*y) / d
	}
	return 0
}

// reasons draws what delays the drain.
func (s *cockpit) reasons(m *Model, w int) []line {
	var out []line
	add := func(l look, format string, args ...any) {
		for i, part := range wrap(clean(fmt.Sprintf(format, args...)), max(w-2, 10)) {
			before := m.g.dot + " "
			if i > 0 {
				before = "  "
			}
			out = append(out, text(l, before+part))
		}
	}
	var perSecond float64
	for _, r := range s.table.rows {
		if s.table.vanished(r) {
			continue
		}
		if r.e.Weight > 0 {
			add(bold|red, "it gets new connections from %s: its weight is %d", r.of.ServiceID, r.e.Weight)
		}
		if r.e.Weight == 0 && r.of.Persistence > 0 {
			perSecond += r.rates.Connections
		}
		for _, b := range s.blocks[kernel.ServerKey{Service: r.of.ServiceID, Server: r.e.Addr}] {
			if b.Reason == traffic.ActiveConnections || b.Reason == traffic.BoundClients {
				continue // the numbers above, and the templates below
			}
			add(yellow, "%s", output.BlockText(b))
			if b.Setting.Name != "" {
				add(dim, "hint: %s", m.fix(doctor.ReturnFix(b.Setting, r.e.Forward)))
			}
		}
	}
	if perSecond > 0 {
		add(yellow, "it gets %s connections per second from clients bound by persistence", rateText(perSecond))
	}
	f := s.found
	if s.err != nil {
		add(red, "cannot read the connection table: %v", s.err)
	}
	if f == nil {
		return out
	}
	t := m.sample.slow.timeouts
	expire, _ := kernel.Switch(m.sample.slow.sysctls, kernel.ExpireQuiescentTemplate)
	switch {
	case f.templates > 0 && expire:
		add(dim, "%s left; with expire_quiescent_template=1 the kernel ignores them",
			plural(f.templates, "persistence template"))
	case f.templates > 0:
		add(yellow, "%s bound by persistence, for up to %s more; press t to release them",
			plural(f.templates, "client"), output.Duration(f.templateLeft))
	}
	long := f.idle[len(f.idle)-1] + f.idle[len(f.idle)-2]
	if long > 0 {
		add(plain, "%s connections idle for 5 minutes or longer; the kernel removes idle connections after %s",
			countText(long), output.Duration(t.TCP))
	}
	var waiting uint64
	for _, name := range []string{"FIN_WAIT", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK"} {
		waiting += f.states[name]
	}
	if waiting > 0 {
		add(dim, "%s closed connections; the kernel removes them within %s", countText(waiting), output.Duration(t.TCPFin))
	}
	if n := f.states["UDP"]; n > 0 {
		add(dim, "%s UDP connections; the kernel removes them %s after the last packet", countText(n), output.Duration(t.UDP))
	}
	return out
}
