package tui

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// connections is the screen of the connections of a scope, counted by group. The
// connection table is read outside the event loop: with 200,000 entries that takes
// long.
type connections struct {
	of    scope
	name  string
	by    int
	found *walked
	err   error
	table table[groupKey, connectionGroup]
	walks
}

func newConnections(m *Model, of scope, name string) *connections {
	s := &connections{of: of, name: name}
	s.table = table[groupKey, connectionGroup]{
		name: "connections", columns: groupColumns(m, s),
		keyOf:  func(r *connectionGroup) groupKey { return r.key },
		textOf: func(r *connectionGroup) string { return r.name },
		empty:  "reading the connection table",
		sort:   "total", down: true,
	}
	m.recall(&s.table)
	return s
}

func (s *connections) crumb() string { return s.name }
func (s *connections) grid() grid    { return &s.table }

func (s *connections) walker() walker { return walker{scope: s.of, by: groupings[s.by]} }

func (s *connections) refresh(m *Model) tea.Cmd { return s.start(m, s, s.walker(), false) }

func (s *connections) walked(m *Model, w *walked, err error) {
	if !s.ended(w, err) {
		return
	}
	if s.err = err; err != nil || w.by != groupings[s.by].name {
		return
	}
	s.found = w
	s.table.empty = "no connections"
	s.table.set(w.groups, m.now())
}

func (s *connections) view(m *Model, w, h int) []line {
	out := append(m.walkHead(s.found, s.err), nil)
	if h < 12 {
		out = out[:1]
	}
	s.table.y = len(out)
	return append(out, s.table.view(&m.g, w, h-len(out))...)
}

// walkHead draws a summary of the connections: their number, states and idle
// times.
func (m *Model) walkHead(f *walked, err error) []line {
	if err != nil {
		return []line{text(red, clean(err.Error())), nil, nil}
	}
	if f == nil {
		return []line{text(dim, "reading the connection table "+m.g.more), nil, nil}
	}
	l := text(bold, countText(f.all))
	if f.read != f.all {
		l = l.add(dim, " of "+countText(f.read))
	}
	l = l.add(dim, " entries  ")
	if f.templates > 0 {
		noun := " persistence template  "
		if f.templates > 1 {
			noun = " persistence templates  "
		}
		l = l.add(bold, countText(f.templates)).add(dim, noun)
	}
	l = l.add(dim, "as of "+f.at.Format("15:04:05"))
	if f.others > 0 {
		l = l.add(yellow, "  "+countText(f.others)+" not in the first "+countText(maxGroups)+" groups")
	}
	states := text(dim, "states  ")
	for _, name := range slices.SortedFunc(maps.Keys(f.states), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.states[b], f.states[a]), cmp.Compare(a, b))
	}) {
		states = states.add(plain, clean(name)+" ").add(bold, countText(f.states[name])).add(plain, "  ")
	}
	idle, counted := text(dim, "idle    "), uint64(0)
	for i, n := range f.idle {
		name := "longer "
		if i < len(idleSteps) {
			name = "<" + ageText(idleSteps[i]) + " "
		}
		idle = idle.add(plain, name).add(bold, countText(n)).add(plain, "  ")
		counted += n
	}
	if counted == 0 {
		idle = text(dim, "idle    unknown for these states")
	}
	return []line{l, states, idle}
}

func (s *connections) keys() []group {
	return []group{{"Connections", []binding{
		{keys: []string{"enter"}, label: "Enter", help: "show the connections of the group", short: "entries",
			do: func(m *Model) tea.Cmd {
				if r := s.table.current(); r != nil {
					return m.push(newEntries(m, s.of, groupings[s.by], r.key))
				}
				return nil
			}},
		{keys: []string{"b"}, short: "group",
			help: "group by the next of: client network, client, large client network, server, virtual address",
			do:   s.nextGrouping},
	}}}
}

func (s *connections) nextGrouping(m *Model) tea.Cmd {
	s.by = (s.by + 1) % len(groupings)
	s.leave()
	s.busy = false
	s.table.forget()
	m.say(plain, "grouped by %s", groupings[s.by].name)
	return s.start(m, s, s.walker(), true)
}

func groupColumns(m *Model, s *connections) []column[connectionGroup] {
	type row = connectionGroup
	number := func(key, title, help string, rank int, of func(*row) uint64) column[row] {
		return column[row]{key: key, title: title, help: help, width: 8, rank: rank, down: true,
			cell:    func(r *row) string { return countText(of(r)) },
			compare: func(a, b *row) int { return cmp.Compare(of(a), of(b)) }}
	}
	length := func(key, title, help string, rank int, of func(*row) time.Duration) column[row] {
		return column[row]{key: key, title: title, help: help, width: 8, rank: rank, down: true,
			cell:    func(r *row) string { return ageText(of(r)) },
			compare: func(a, b *row) int { return cmp.Compare(of(a), of(b)) }}
	}
	share := func(r *row) float64 {
		if s.found == nil || s.found.all == 0 {
			return 0
		}
		return float64(r.all) / float64(s.found.all)
	}
	total := number("total", "TOTAL", "entries of the connection table", 0, func(r *row) uint64 { return r.all })
	total.was = "all"
	expires := length("expires", "EXPIRES", "longest time until an entry expires", 5,
		func(r *row) time.Duration { return r.longLeft })
	expires.was = "left"
	return []column[row]{
		{key: "group", title: "GROUP", help: "network of clients, client, server or virtual address",
			grown: true, left: true, width: 18,
			cell: func(r *row) string { return r.name }, look: func(*row) look { return bold },
			compare: func(a, b *row) int {
				return cmp.Or(a.key.network.Addr().Compare(b.key.network.Addr()), a.key.end.Compare(b.key.end))
			}},
		total,
		{key: "share", title: "SHARE", help: "share of all entries on this screen", width: 5, rank: 1, down: true,
			cell:    func(r *row) string { return percentText(share(r)) },
			compare: func(a, b *row) int { return cmp.Compare(a.all, b.all) }},
		number("open", "OPEN", "established TCP connections, and UDP", 2, func(r *row) uint64 { return r.open }),
		number("templates", "TEMPLATES", "persistence templates", 3, func(r *row) uint64 { return r.templates }),
		length("idle", "IDLE", "longest time without a packet", 4, func(r *row) time.Duration { return r.longestIdle }),
		expires,
	}
}

// entryKey identifies a connection.
type entryKey struct {
	protocol                kernel.Protocol
	client, virtual, server netip.AddrPort
}

type entryRow struct {
	kernel.Connection
	idle string
}

// entries is the screen of the connections of a group, one per row.
type entries struct {
	of    scope
	by    grouping
	group groupKey
	found *walked
	err   error
	table table[entryKey, entryRow]
	walks
}

func newEntries(m *Model, of scope, by grouping, group groupKey) *entries {
	s := &entries{of: of, by: by, group: group}
	s.table = table[entryKey, entryRow]{
		name: "entries", columns: entryColumns(m),
		keyOf: func(r *entryRow) entryKey {
			return entryKey{r.Protocol, r.Client, r.Virtual, r.Server}
		},
		textOf: func(r *entryRow) string {
			return fmt.Sprint(r.Protocol, " ", r.Client, " ", r.Virtual, " ", r.Server, " ", r.State)
		},
		empty: "reading the connection table",
		sort:  "expires", down: true,
	}
	m.recall(&s.table)
	return s
}

func (s *entries) crumb() string { return s.group.String() }
func (s *entries) grid() grid    { return &s.table }
func (s *entries) keys() []group { return nil }

func (s *entries) refresh(m *Model) tea.Cmd {
	return s.start(m, s, walker{scope: s.of, by: s.by, only: &s.group}, false)
}

func (s *entries) walked(m *Model, w *walked, err error) {
	if !s.ended(w, err) {
		return
	}
	if s.err = err; err != nil {
		return
	}
	s.found = w
	s.table.empty = "no connections left"
	rows := make([]entryRow, len(w.entries))
	for i, c := range w.entries {
		rows[i] = entryRow{c, m.g.dash}
		if idle, known := idleOf(&c, m.sample.slow.timeouts); known {
			rows[i].idle = ageText(idle)
		}
	}
	s.table.set(rows, m.now())
}

func (s *entries) view(m *Model, w, h int) []line {
	out := append(m.walkHead(s.found, s.err), nil)
	if s.found != nil && s.found.all > maxEntries {
		out[3] = text(yellow, fmt.Sprintf("only the first %d are shown", maxEntries))
	}
	if h < 12 {
		out = out[:1]
	}
	s.table.y = len(out)
	return append(out, s.table.view(&m.g, w, h-len(out))...)
}

func entryColumns(m *Model) []column[entryRow] {
	type row = entryRow
	end := func(key, title, help string, rank int, of func(*row) netip.AddrPort) column[row] {
		return column[row]{key: key, title: title, help: help, grown: true, left: true, width: 12, rank: rank,
			cell:    func(r *row) string { return of(r).String() },
			compare: func(a, b *row) int { return of(a).Compare(of(b)) }}
	}
	protocol := func(r *row) string {
		if r.Protocol == 0 {
			return m.g.dash
		}
		return r.Protocol.String()
	}
	return []column[row]{
		{key: "protocol", title: "PROTOCOL", short: "PROTO", help: "tcp, udp or sctp", left: true, width: 5, rank: 4,
			cell: protocol, compare: func(a, b *row) int { return cmp.Compare(a.Protocol, b.Protocol) }},
		end("client", "CLIENT", "address of the client; port 0 is a persistence template", 0,
			func(r *row) netip.AddrPort { return r.Client }),
		end("virtual", "VIRTUAL", "address of the service that the client connected to", 3,
			func(r *row) netip.AddrPort { return r.Virtual }),
		end("server", "SERVER", "real server of the connection", 1, func(r *row) netip.AddrPort { return r.Server }),
		{key: "state", title: "STATE", help: "state in the kernel", left: true, width: 11, rank: 2,
			cell:    func(r *row) string { return clean(r.Shown()) },
			compare: func(a, b *row) int { return cmp.Compare(a.Shown(), b.Shown()) }},
		{key: "idle", title: "IDLE", help: "time without a packet, if the timeout of the state is known",
			width: 5, rank: 5, down: true,
			cell:    func(r *row) string { return r.idle },
			compare: func(a, b *row) int { return cmp.Compare(b.Expires, a.Expires) }},
		{key: "expires", title: "EXPIRES", was: "left", help: "time until the entry expires", width: 5, rank: 2, down: true,
			cell:    func(r *row) string { return ageText(r.Expires) },
			compare: func(a, b *row) int { return cmp.Compare(a.Expires, b.Expires) }},
	}
}
