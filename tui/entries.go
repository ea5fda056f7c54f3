package tui

import (
	"cmp"
	"fmt"
	"net/netip"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// entryKey names a connection.
type entryKey struct {
	protocol                kernel.Protocol
	client, virtual, server netip.AddrPort
}

type entryRow struct {
	kernel.Connection
	idle string
}

// entries shows the connections of a group one by one.
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
		sort:  "left", down: true,
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
	s.table.empty = "there is no connection any more"
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
		out[3] = text(yellow, fmt.Sprintf("the first %d are shown", maxEntries))
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
		return column[row]{key: key, title: title, help: help, grown: true, left: true, width: 16, rank: rank,
			cell: func(r *row) string { return of(r).String() }, compare: func(a, b *row) int { return of(a).Compare(of(b)) }}
	}
	return []column[row]{
		{key: "protocol", title: "PROTO", help: "tcp, udp or sctp", left: true, width: 5, rank: 4,
			cell: func(r *row) string {
				if r.Protocol == 0 {
					return m.g.dash
				}
				return r.Protocol.String()
			}, compare: func(a, b *row) int { return cmp.Compare(a.Protocol, b.Protocol) }},
		end("client", "CLIENT", "who connected; port 0 is a template of persistence", 0, func(r *row) netip.AddrPort { return r.Client }),
		end("virtual", "VIRTUAL", "the address connected to", 3, func(r *row) netip.AddrPort { return r.Virtual }),
		end("server", "SERVER", "the server chosen", 1, func(r *row) netip.AddrPort { return r.Server }),
		{key: "state", title: "STATE", help: "the kernel's word", left: true, width: 11, rank: 2,
			cell: func(r *row) string { return clean(r.State) }, compare: func(a, b *row) int { return cmp.Compare(a.State, b.State) }},
		{key: "idle", title: "IDLE", help: "time without a packet, where the state's timeout is known", width: 5, rank: 5, down: true,
			cell: func(r *row) string { return r.idle }, compare: func(a, b *row) int { return cmp.Compare(b.Expires, a.Expires) }},
		{key: "left", title: "LEFT", help: "time until it expires", width: 5, rank: 2, down: true,
			cell: func(r *row) string { return ageText(r.Expires) }, compare: func(a, b *row) int { return cmp.Compare(a.Expires, b.Expires) }},
	}
}
