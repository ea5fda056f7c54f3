package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
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
