package tui

import (
	"cmp"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// commandLog lists what was run from here.
type commandLog struct {
	table table[int, ran]
}

func newLog(m *Model) *commandLog {
	s := &commandLog{table[int, ran]{
		name: "log", columns: logColumns(),
		keyOf:  func(r *ran) int { return r.number },
		textOf: func(r *ran) string { return r.line + " " + r.says() },
		empty:  "nothing was changed from here yet",
		sort:   "number", down: true,
	}}
	m.recall(&s.table)
	return s
}

func (s *commandLog) crumb() string { return "commands" }
func (s *commandLog) grid() grid    { return &s.table }

func (s *commandLog) refresh(m *Model) tea.Cmd {
	s.table.set(append([]ran(nil), m.log...), m.now())
	return nil
}

func (s *commandLog) view(m *Model, w, h int) []line {
	s.table.y = 0
	rows := min(len(s.table.rows)+1, max(h*2/3, 2))
	out := s.table.view(&m.g, w, min(rows, h))
	r := s.table.current()
	if r == nil || len(out)+2 > h {
		return out
	}
	out = append(out, nil, text(dim, "exit status "+strconv.Itoa(r.Status)))
	for l := range strings.SplitSeq(strings.TrimSpace(r.Out+r.Err), "\n") {
		for _, part := range wrap(clean(l), max(w, 10)) {
			out = append(out, text(plain, part))
		}
	}
	return out[:min(len(out), h)]
}

func (s *commandLog) keys() []group {
	return []group{{"Commands", []binding{
		{keys: []string{"c", "enter"}, label: "c, Enter", help: "copy the command to the terminal's clipboard (OSC 52)", short: "copy", do: func(m *Model) tea.Cmd {
			if r := s.table.current(); r != nil {
				return m.copy(r.line)
			}
			return nil
		}},
	}}}
}

func logColumns() []column[ran] {
	return []column[ran]{
		{key: "number", title: "#", help: "in the order in which they were run", width: 3, rank: 3, down: true,
			cell: func(r *ran) string { return strconv.Itoa(r.number) }, compare: func(a, b *ran) int { return cmp.Compare(a.number, b.number) }},
		{key: "time", title: "TIME", help: "when", width: 8, left: true, rank: 2,
			cell: func(r *ran) string { return r.at.Format("15:04:05") }, compare: func(a, b *ran) int { return cmp.Compare(a.number, b.number) }},
		{key: "result", title: "RESULT", help: "done, or the exit status", width: 8, left: true, rank: 1,
			cell: func(r *ran) string {
				if r.Status == 0 {
					return "done"
				}
				return "failed " + strconv.Itoa(r.Status)
			},
			look: func(r *ran) look {
				if r.Status == 0 {
					return green
				}
				return bold | red
			},
			compare: func(a, b *ran) int { return cmp.Compare(a.Status, b.Status) }},
		{key: "command", title: "COMMAND", help: "what can be typed instead", left: true, grown: true, width: 20,
			cell: func(r *ran) string { return clean(r.line) }, compare: func(a, b *ran) int { return cmp.Compare(a.line, b.line) }},
	}
}
