package tui

import (
	"context"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// binding is a key with what it does. Help, the foot of the screen, the manual
// and the tests are made from these.
type binding struct {
	// keys are the keystrokes as Bubble Tea names them.
	keys []string
	// label is how people call them. Empty is the keys themselves.
	label string
	// help says what it does, in a few words; short is for the foot of the
	// screen, empty where it is not shown.
	help, short string
	// acts is set for what changes the kernel, or opens the dialog that does.
	acts bool
	do   func(m *Model) tea.Cmd
}

func (b *binding) name() string {
	if b.label != "" {
		return b.label
	}
	return strings.Join(b.keys, ", ")
}

// group is bindings under a heading.
type group struct {
	title string
	keys  []binding
}

// find gives the binding of a keystroke, the first group first.
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

// press does what a keystroke means in a group.
func press(m *Model, g group, k tea.KeyPressMsg) tea.Cmd {
	if b := find([]group{g}, k.String()); b != nil {
		return b.do(m)
	}
	return nil
}

// tableKeys move about in whatever table is shown.
func tableKeys(t grid) group {
	move := func(n int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { t.move(n, m.now()); return nil }
	}
	page := func(sign int) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd { t.move(sign*t.pageSize(), m.now()); return nil }
	}
	const far = 1 << 30
	return group{"In a table", []binding{
		{keys: []string{"up", "k"}, label: "Up, k", help: "one row up", do: move(-1)},
		{keys: []string{"down", "j"}, label: "Down, j", help: "one row down", do: move(1)},
		{keys: []string{"pgup", "ctrl+b"}, label: "PgUp, Ctrl-B", help: "a page up", do: page(-1)},
		{keys: []string{"pgdown", "ctrl+f", "space"}, label: "PgDn, Ctrl-F, Space", help: "a page down", do: page(1)},
		{keys: []string{"home", "g"}, label: "Home, g", help: "the first row", do: move(-far)},
		{keys: []string{"end", "G"}, label: "End, G", help: "the last row", do: move(far)},
		{keys: []string{"/"}, help: "show only rows that match a regular expression; ! before it inverts", short: "filter",
			do: func(m *Model) tea.Cmd { m.over = newFilterLine(m, t); return nil }},
		{keys: []string{"left", "<"}, label: "Left, <", help: "sort by the column to the left", do: func(m *Model) tea.Cmd { t.sortNext(-1, m.now()); return nil }},
		{keys: []string{"right", ">"}, label: "Right, >", help: "sort by the column to the right", short: "sort", do: func(m *Model) tea.Cmd { t.sortNext(1, m.now()); return nil }},
		{keys: []string{"r"}, help: "turn the order round", do: func(m *Model) tea.Cmd { t.turn(m.now()); return nil }},
		{keys: []string{"C"}, help: "choose the columns, their order and the one to sort by", short: "columns",
			do: func(m *Model) tea.Cmd { m.over = newChooser(m, t); return nil }},
	}}
}

const globalTitle = "Everywhere"

// globalKeys work on every screen.
func globalKeys() group {
	jump := func(n int, key, help string) binding {
		return binding{keys: []string{key}, help: help, do: func(m *Model) tea.Cmd { return m.jump(n) }}
	}
	return group{globalTitle, []binding{
		jump(0, "1", "the overview"),
		jump(1, "2", "all services"),
		jump(2, "3", "all real servers, each machine once"),
		jump(3, "4", "all connections"),
		jump(4, "5", "the commands that were run from here"),
		{keys: []string{"c"}, help: "copy the last command to the terminal's clipboard (OSC 52)", do: (*Model).copyLast},
		{keys: []string{"U"}, help: "undo the last change that lvs made to this table", acts: true, do: (*Model).undo},
		{keys: []string{"esc", "backspace"}, label: "Esc", help: "back", do: (*Model).back},
		{keys: []string{"p"}, help: "pause, and go on", short: "pause", do: (*Model).pause},
		{keys: []string{"+", "="}, label: "+", help: "look more often", do: func(m *Model) tea.Cmd { return m.faster(1) }},
		{keys: []string{"-"}, help: "look less often", do: func(m *Model) tea.Cmd { return m.faster(-1) }},
		{keys: []string{"z"}, help: "count from here on; the kernel's counters stay", do: (*Model).rebase},
		{keys: []string{"S"}, help: "save the screen as text", do: (*Model).saveText},
		{keys: []string{"J"}, help: "save what is shown as JSON, as the command line writes it", do: (*Model).saveJSON},
		{keys: []string{"ctrl+l"}, label: "Ctrl-L", help: "draw the screen anew", do: func(m *Model) tea.Cmd { return tea.ClearScreen }},
		{keys: []string{"ctrl+z"}, label: "Ctrl-Z", help: "back to the shell; fg returns", do: func(m *Model) tea.Cmd { return tea.Suspend }},
		{keys: []string{"?", "f1"}, label: "?, F1", help: "this help", short: "help", do: (*Model).help},
		{keys: []string{"q", "ctrl+c"}, label: "q, Ctrl-C", help: "quit", short: "quit", do: (*Model).quit},
	}}
}

// Keys are the keys of one place, for manuals.
type Keys struct {
	Title string
	Keys  []Key
}

// Key is a key as people call it, with what it does.
type Key struct{ Name, Help string }

// KeyTable lists every key of the dashboard, from the tables that the keys
// themselves are read from.
func KeyTable() []Keys {
	m := newModel(context.Background(), Options{})
	services := newServices(m)
	groups := []group{globalKeys()}
	groups = append(groups, tableKeys(&services.table), selectionKeys(services), actKeys(services))
	for _, s := range []screen{services, newServers(m, kernel.ServiceID{}), newMachines(m), newConnections(m, scope{}, ""), newDetail(m, kernel.ServerKey{}), newCockpit(m, nil), newLog(m)} {
		groups = append(groups, s.keys()...)
	}
	groups = append(groups, confirmKeys(), formKeys(), filterKeys(), chooserKeys())
	out := make([]Keys, len(groups))
	for i, g := range groups {
		out[i].Title = g.title
		for j := range g.keys {
			out[i].Keys = append(out[i].Keys, Key{g.keys[j].name(), g.keys[j].help})
		}
	}
	return out
}

// helpText lies over everything and lists the keys that work here, and the
// columns of the table.
type helpText struct {
	parts     []helpPart
	top, page int
	rows      int
}

// helpPart is a heading with terms and their meanings.
type helpPart struct {
	title string
	terms [][2]string
	// off dims those that do not work now.
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
			part.terms = append(part.terms, [2]string{c.title, c.help})
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

// lines lays the help out: meanings beside their terms, or below them where
// the screen is narrow.
func (h *helpText) lines(g *glyphs, w int) []line {
	const term = 20
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
	return append(out, text(dim, "Up and Down scroll; any other key goes back"))
}
