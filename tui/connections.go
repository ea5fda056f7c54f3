package tui

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
)

// connections counts the connections of a scope, by client or by something
// else. The table is walked beside the loop: with 200,000 entries that lasts.
type connections struct {
	of    scope
	name  string
	by    int
	found *walked
	err   error
	table table[groupKey, connectionGroup]
	walks
}

// walks is what a screen needs to walk the connection table now and then.
type walks struct {
	ctx    context.Context
	cancel context.CancelFunc
	busy   bool
	began  time.Time
	took   time.Duration
}

// walkEvery is the least time between two walks. One that is slow leaves ten
// times as long alone.
const walkEvery = 2 * time.Second

// walkMsg is what came of a walk for a screen.
type walkMsg struct {
	to  interface{ walked(*Model, *walked, error) }
	w   *walked
	err error
}

// start walks beside the loop, if it is time.
func (s *walks) start(m *Model, to interface{ walked(*Model, *walked, error) }, w walker, now bool) tea.Cmd {
	if s.busy || !now && m.now().Sub(s.began) < max(walkEvery, 10*s.took) {
		return nil
	}
	if s.ctx == nil {
		s.ctx, s.cancel = context.WithCancel(m.ctx)
	}
	s.busy, s.began = true, m.now()
	w.open, w.now = m.o.Open, m.o.Now
	if m.sample != nil {
		w.timeouts = m.sample.slow.timeouts
	}
	ctx := s.ctx
	return func() tea.Msg {
		found, err := w.walk(ctx)
		return walkMsg{to, found, err}
	}
}

// leave ends a walk that nobody waits for any more.
func (s *walks) leave() {
	if s.cancel != nil {
		s.cancel()
		s.ctx = nil
	}
}

// ended takes the result of a walk; false is one that was broken off.
func (s *walks) ended(w *walked, err error) bool {
	s.busy = false
	if w != nil {
		s.took = w.took
	}
	return !errors.Is(err, context.Canceled)
}

func newConnections(m *Model, of scope, name string) *connections {
	s := &connections{of: of, name: name}
	s.table = table[groupKey, connectionGroup]{
		name: "connections", columns: groupColumns(m, s),
		keyOf:  func(r *connectionGroup) groupKey { return r.key },
		textOf: func(r *connectionGroup) string { return r.name },
		empty:  "reading the connection table",
		sort:   "all", down: true,
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
	s.table.empty = "there is no connection"
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

// walkHead sums up what was found: how many, in which states, how long idle.
func (m *Model) walkHead(f *walked, err error) []line {
	if err != nil {
		return []line{text(red, clean(err.Error())), nil, nil}
	}
	if f == nil {
		return []line{text(dim, "walking through the connection table "+m.g.more), nil, nil}
	}
	l := text(bold, countText(f.all))
	if f.read != f.all {
		l = l.add(dim, " of "+countText(f.read))
	}
	l = l.add(dim, " entries  ")
	if f.templates > 0 {
		l = l.add(bold, countText(f.templates)).add(dim, " templates of persistence  ")
	}
	l = l.add(dim, "as of "+f.at.Format("15:04:05"))
	if f.others > 0 {
		l = l.add(yellow, "  "+countText(f.others)+" of groups beyond the first "+countText(maxGroups))
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
		idle = text(dim, "idle    not known of these")
	}
	return []line{l, states, idle}
}

func (s *connections) keys() []group {
	return []group{{"Connections", []binding{
		{keys: []string{"enter"}, label: "Enter", help: "the connections of the group", short: "entries", do: func(m *Model) tea.Cmd {
			if r := s.table.current(); r != nil {
				return m.push(newEntries(m, s.of, groupings[s.by], r.key))
			}
			return nil
		}},
		{keys: []string{"b"}, help: "count by client network, client, large network, server, virtual address", short: "by", do: func(m *Model) tea.Cmd {
			s.by = (s.by + 1) % len(groupings)
			s.leave()
			s.busy = false
			s.table.forget()
			m.say(plain, "counting by %s", groupings[s.by].name)
			return s.start(m, s, s.walker(), true)
		}},
	}}}
}

func groupColumns(m *Model, s *connections) []column[connectionGroup] {
	type row = connectionGroup
	number := func(key, title, help string, rank int, of func(*row) uint64) column[row] {
		return column[row]{key: key, title: title, help: help, width: 8, rank: rank, down: true,
			cell: func(r *row) string { return countText(of(r)) }, compare: func(a, b *row) int { return cmp.Compare(of(a), of(b)) }}
	}
	length := func(key, title, help string, rank int, of func(*row) time.Duration) column[row] {
		return column[row]{key: key, title: title, help: help, width: 8, rank: rank, down: true,
			cell: func(r *row) string { return ageText(of(r)) }, compare: func(a, b *row) int { return cmp.Compare(of(a), of(b)) }}
	}
	share := func(r *row) float64 {
		if s.found == nil || s.found.all == 0 {
			return 0
		}
		return float64(r.all) / float64(s.found.all)
	}
	return []column[row]{
		{key: "group", title: "FROM", help: "what is counted by: a network of clients, a client, a server", grown: true, left: true, width: 18,
			cell: func(r *row) string { return r.name }, look: func(*row) look { return bold },
			compare: func(a, b *row) int {
				return cmp.Or(a.key.network.Addr().Compare(b.key.network.Addr()), a.key.end.Compare(b.key.end))
			}},
		number("all", "ENTRIES", "entries of the connection table", 0, func(r *row) uint64 { return r.all }),
		{key: "share", title: "PART", help: "its part of all entries shown", width: 4, rank: 1, down: true,
			cell: func(r *row) string { return percentText(share(r)) }, compare: func(a, b *row) int { return cmp.Compare(a.all, b.all) }},
		number("open", "OPEN", "established, and UDP", 2, func(r *row) uint64 { return r.open }),
		number("templates", "TEMPL", "templates of persistence", 3, func(r *row) uint64 { return r.templates }),
		length("idle", "IDLE", "the longest time without a packet", 4, func(r *row) time.Duration { return r.longestIdle }),
		length("left", "LEFT", "the longest time until an entry expires", 5, func(r *row) time.Duration { return r.longLeft }),
	}
}
