package tui

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// ran is a command line that was run.
type ran struct {
	number int
	at     time.Time
	line   string
	Result
}

// says returns the first line of the output, of standard error if there is any.
func (r *ran) says() string {
	said := strings.TrimSpace(r.Err)
	if said == "" {
		said = strings.TrimSpace(r.Out)
	}
	said, _, _ = strings.Cut(said, "\n")
	return clean(said)
}

// maxLog is how many commands the log holds.
const maxLog = 500

// ranMsg is the result of a command line.
type ranMsg struct {
	args  []string
	res   Result
	after func(*Model, Result) tea.Cmd
}

// run runs a command line that changes the table. Only a confirmed dialog calls it:
// the dashboard changes the kernel in no other way. after is called if the command
// succeeds; it may be nil.
func (m *Model) run(args []string, after func(*Model, Result) tea.Cmd) tea.Cmd {
	if m.refused() || m.running {
		return nil
	}
	m.running = true
	m.say(plain, "running %s %s", m.o.Line(args), m.g.more)
	args = append(args[:len(args):len(args)], m.o.Globals...)
	return func() tea.Msg { return ranMsg{args, m.o.Run(m.ctx, args), after} }
}

// ran handles the result of run and reads the table at once.
func (m *Model) ran(msg ranMsg) tea.Cmd {
	m.running = false
	if m.quitting {
		return tea.Quit
	}
	m.logged++
	r := ran{m.logged, m.now(), m.o.Line(msg.args), msg.res}
	m.log = append(m.log, r)
	if len(m.log) > maxLog {
		m.log = m.log[1:]
	}
	if r.Status == 0 {
		m.say(green, "done: %s  (c: copy)", r.line)
	} else {
		m.say(bold|red, "failed (%d): %s  (5: show all)", r.Status, r.says())
	}
	m.reader.stale.Store(true)
	cmd := m.look()
	if cmd == nil {
		m.lookAgain = true
	}
	m.askAt = time.Time{}
	cmd = tea.Batch(cmd, m.ask())
	if msg.after != nil && r.Status == 0 {
		cmd = tea.Batch(cmd, msg.after(m, msg.res))
	}
	return tea.Batch(cmd, m.refresh())
}

// triedMsg is the result of a dry run.
type triedMsg struct {
	res  Result
	then func(*Model, Result) tea.Cmd
}

// try runs a command line with --dry-run.
func (m *Model) try(args []string, then func(*Model, Result) tea.Cmd) tea.Cmd {
	if m.refused() {
		return nil
	}
	args = append(append(args[:len(args):len(args)], "--dry-run"), m.o.Globals...)
	return func() tea.Msg { return triedMsg{m.o.Run(m.ctx, args), then} }
}

// refused reports whether changes are not allowed, and shows why.
func (m *Model) refused() bool {
	if m.o.ReadOnly == "" {
		return false
	}
	m.say(yellow, "read-only: %s", m.o.ReadOnly)
	return true
}

// copyLast copies the last command to the terminal's clipboard (OSC 52).
func (m *Model) copyLast() tea.Cmd {
	if len(m.log) == 0 {
		m.say(plain, "no command to copy yet")
		return nil
	}
	return m.copy(m.log[len(m.log)-1].line)
}

func (m *Model) copy(line string) tea.Cmd {
	m.say(plain, "copied (if the terminal allows it): %s", line)
	return tea.SetClipboard(line)
}

// commandLog is the screen of the commands that this dashboard has run.
type commandLog struct {
	table table[int, ran]
}

func newLog(m *Model) *commandLog {
	s := &commandLog{table[int, ran]{
		name: "log", columns: logColumns(),
		keyOf:  func(r *ran) int { return r.number },
		textOf: func(r *ran) string { return r.line + " " + r.says() },
		empty:  "no commands yet",
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
		{keys: []string{"c", "enter"}, label: "c, Enter", short: "copy",
			help: "copy the selected command to the clipboard (OSC 52)",
			do: func(m *Model) tea.Cmd {
				if r := s.table.current(); r != nil {
					return m.copy(r.line)
				}
				return nil
			}},
	}}}
}

func logColumns() []column[ran] {
	outcome := func(r *ran) string {
		if r.Status == 0 {
			return "done"
		}
		return "failed " + strconv.Itoa(r.Status)
	}
	outcomeLook := func(r *ran) look {
		if r.Status == 0 {
			return green
		}
		return bold | red
	}
	byNumber := func(a, b *ran) int { return cmp.Compare(a.number, b.number) }
	return []column[ran]{
		{key: "number", title: "#", help: "number of the command in this session", width: 3, rank: 3, down: true,
			cell: func(r *ran) string { return strconv.Itoa(r.number) }, compare: byNumber},
		{key: "time", title: "TIME", help: "time of day", width: 8, left: true, rank: 2,
			cell: func(r *ran) string { return r.at.Format("15:04:05") }, compare: byNumber},
		{key: "outcome", title: "OUTCOME", was: "result", help: "done, or failed with the exit status",
			width: 8, left: true, rank: 1, cell: outcome, look: outcomeLook,
			compare: func(a, b *ran) int { return cmp.Compare(a.Status, b.Status) }},
		{key: "command", title: "COMMAND", help: "the command line", left: true, grown: true, width: 20,
			cell:    func(r *ran) string { return clean(r.line) },
			compare: func(a, b *ran) int { return cmp.Compare(a.line, b.line) }},
	}
}
