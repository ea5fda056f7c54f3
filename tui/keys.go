package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// binding is a key with its action. The help, the foot of the screen, the manual
// page, docs/top.md and the tests are made from the bindings.
type binding struct {
	// keys are the keystrokes, by their names in Bubble Tea.
	keys []string
	// label is the name of the keys for people. Empty: the keys themselves.
	label string
	// help describes the action in the imperative, without a capital. short is
	// the text at the foot of the screen; empty: the key is not shown there.
	help, short string
	// acts is set if the key changes the kernel or opens a dialog that does.
	acts bool
	do   func(m *Model) tea.Cmd
}

func (b *binding) name() string {
	if b.label != "" {
		return b.label
	}
	return strings.Join(b.keys, ", ")
}

// group is a list of bindings with a title.
type group struct {
	title string
	keys  []binding
}

// find returns the binding of a keystroke. Earlier groups have priority. Nil:
// there is none.
func find(groups []group, stroke string) *binding {
	for i := range groups {
		for j := range groups[i].keys {
			if b := &groups[i].keys[j]; slices.Contains(b.keys, stroke) {
				return b
			}
		}
	}
	return nil
}

// press runs the action of a keystroke in a group.
func press(m *Model, g group, k tea.KeyPressMsg) tea.Cmd {
	if b := find([]group{g}, k.String()); b != nil {
		return b.do(m)
	}
	return nil
}

// tableKeys returns the keys that work in every table.
func tableKeys(t grid) group {
	move := func(n int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { t.move(n, m.now()); return nil }
	}
	page := func(sign int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { t.move(sign*t.pageSize(), m.now()); return nil }
	}
	sort := func(step int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { t.sortNext(step, m.now()); return nil }
	}
	const far = 1 << 30
	return group{"Tables", []binding{
		{keys: []string{"up", "k"}, label: "Up, k", help: "move up one row", do: move(-1)},
		{keys: []string{"down", "j"}, label: "Down, j", help: "move down one row", do: move(1)},
		{keys: []string{"pgup", "ctrl+b"}, label: "PgUp, Ctrl-B", help: "move up one page", do: page(-1)},
		{keys: []string{"pgdown", "ctrl+f", "space"}, label: "PgDn, Ctrl-F, Space", help: "move down one page",
			do: page(1)},
		{keys: []string{"home", "g"}, label: "Home, g", help: "go to the first row", do: move(-far)},
		{keys: []string{"end", "G"}, label: "End, G", help: "go to the last row", do: move(far)},
		{keys: []string{"/"}, help: "filter the rows by a regular expression; ! inverts it",
			short: "filter", do: func(m *Model) tea.Cmd { m.over = newFilterLine(m, t); return nil }},
		{keys: []string{"left", "<"}, label: "Left, <", help: "sort by the previous column", do: sort(-1)},
		{keys: []string{"right", ">"}, label: "Right, >", help: "sort by the next column", short: "sort", do: sort(1)},
		{keys: []string{"r"}, help: "reverse the order", do: func(m *Model) tea.Cmd { t.turn(m.now()); return nil }},
		{keys: []string{"C"}, help: "choose the columns, their order and the sort column", short: "columns",
			do: func(m *Model) tea.Cmd { m.over = newChooser(m, t); return nil }},
	}}
}

const globalTitle = "All screens"

// globalKeys returns the keys that work on every screen.
func globalKeys() group {
	jump := func(n int, key, help string) binding {
		return binding{keys: []string{key}, help: help, do: func(m *Model) tea.Cmd { return m.jump(n) }}
	}
	faster := func(step int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { return m.faster(step) }
	}
	return group{globalTitle, []binding{
		jump(0, "1", "show the overview"),
		jump(1, "2", "show all services"),
		jump(2, "3", "show all real servers, one row per address"),
		jump(3, "4", "show all connections"),
		jump(4, "5", "show the commands that this dashboard has run"),
		{keys: []string{"c"}, help: "copy the last command to the clipboard (OSC 52)",
			do: (*Model).copyLast},
		{keys: []string{"U"}, help: "undo the last change that lvs made to this table", acts: true, do: (*Model).undo},
		{keys: []string{"esc", "backspace"}, label: "Esc", help: "go back", do: (*Model).back},
		{keys: []string{"p"}, help: "pause or resume", short: "pause", do: (*Model).pause},
		{keys: []string{"+", "="}, label: "+", help: "refresh more often", do: faster(1)},
		{keys: []string{"-"}, help: "refresh less often", do: faster(-1)},
		{keys: []string{"z"}, help: "count from now on; the kernel's counters do not change",
			do: (*Model).rebase},
		{keys: []string{"S"}, help: "save the screen as text", do: (*Model).saveText},
		{keys: []string{"J"}, help: "save the data of the screen as JSON", do: (*Model).saveJSON},
		{keys: []string{"ctrl+l"}, label: "Ctrl-L", help: "redraw the screen",
			do: func(m *Model) tea.Cmd { return tea.ClearScreen }},
		{keys: []string{"ctrl+z"}, label: "Ctrl-Z", help: "suspend the dashboard; fg resumes it",
			do: func(m *Model) tea.Cmd { return tea.Suspend }},
		{keys: []string{"?", "f1"}, label: "?, F1", help: "show the keys and columns of this screen", short: "help",
			do: (*Model).help},
		{keys: []string{"q", "ctrl+c"}, label: "q, Ctrl-C", help: "quit", short: "quit", do: (*Model).quit},
	}}
}

// Keys are the keys that work in one place, for the manual page and docs/top.md.
type Keys struct {
	Title string
	Keys  []Key
}

// Key is the name of a key and a description of its action.
type Key struct{ Name, Help string }

// KeyTable returns every key of the dashboard, grouped by the place where it works.
func KeyTable() []Keys {
	groups := everyKey(newModel(context.Background(), Options{}))
	out := make([]Keys, len(groups))
	for i, g := range groups {
		out[i].Title = g.title
		for j := range g.keys {
			out[i].Keys = append(out[i].Keys, Key{g.keys[j].name(), g.keys[j].help})
		}
	}
	return out
}

// everyKey returns all groups of keys, whatever screen is shown.
func everyKey(m *Model) []group {
	services := newServices(m)
	groups := []group{globalKeys(), tableKeys(&services.table), selectionKeys(services), actKeys(services)}
	for _, s := range []screen{services, newServers(m, kernel.ServiceID{}), newMachines(m),
		newConnections(m, scope{}, ""), newDetail(m, kernel.ServerKey{}), newCockpit(m, nil), newLog(m)} {
		groups = append(groups, s.keys()...)
	}
	return append(groups, confirmKeys(), formKeys(), filterKeys(), chooserKeys())
}

// helpText is the overlay that lists the keys of a screen and the columns of its
// table.
type helpText struct {
	parts     []helpPart
	top, page int
	rows      int
}

// helpPart is a title with terms and their explanations.
type helpPart struct {
	title string
	terms [][2]string
	// off is set for terms that are dimmed: keys that do not work now.
	off []bool
}

func (m *Model) help() tea.Cmd {
	h := &helpText{}
	for _, g := range m.bindings() {
		part := helpPart{title: g.title}
		for i := range g.keys {
			b := &g.keys[i]
			part.terms = append(part.terms, [2]string{b.name(), b.help})
			part.off = append(part.off, b.acts && m.o.ReadOnly != "")
		}
		h.parts = append(h.parts, part)
	}
	if t := m.top().grid(); t != nil {
		part := helpPart{title: "Columns"}
		for _, c := range t.choices() {
			title := c.title
			if c.short != "" {
				title += ", " + c.short
			}
			part.terms = append(part.terms, [2]string{title, c.help})
			part.off = append(part.off, false)
		}
		h.parts = append(h.parts, part)
	}
	m.over = h
	return nil
}

func (h *helpText) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "up", "k":
		h.top--
	case "down", "j":
		h.top++
	case "pgup", "ctrl+b":
		h.top -= h.page
	case "pgdown", "ctrl+f", "space":
		h.top += h.page
	case "home", "g":
		h.top = 0
	case "end", "G":
		h.top = h.rows
	default:
		m.over = nil
	}
	return nil
}

// lines lays out the help: explanations beside their terms, or below them if the
// screen is narrow.
func (h *helpText) lines(g *glyphs, w int) []line {
	const term = 22
	var out []line
	for i, part := range h.parts {
		if i > 0 {
			out = append(out, nil)
		}
		out = append(out, text(bold|underline, part.title))
		for j, t := range part.terms {
			off := dim * look(boolInt(part.off[j]))
			head := text(bold|off, "  "+t[0])
			indent := 6
			if w >= 60 {
				head, indent = text(bold|off, "  "+fit(g, t[0], term, true)), term+2
			} else {
				out = append(out, head)
				head = text(plain, spaces(indent))
			}
			for n, s := range wrap(t[1], max(w-indent-1, 10)) {
				if n > 0 {
					head = text(plain, spaces(indent))
				}
				out = append(out, head.add(off, s))
			}
		}
	}
	return out
}

func (h *helpText) draw(m *Model, _ []line, w, height int) []line {
	lines := h.lines(&m.g, w)
	h.rows = len(lines)
	h.page = max(height-2, 1)
	h.top = max(min(h.top, len(lines)-h.page), 0)
	out := []line{text(bold, " Help").pad(w).with(reverse)}
	out = append(out, lines[h.top:min(h.top+h.page, len(lines))]...)
	for len(out) < height-1 {
		out = append(out, nil)
	}
	return append(out, line{}.hint("Up, Down", "scroll").hint("any other key", "close"))
}
