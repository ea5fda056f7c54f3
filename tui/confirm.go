package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
)

// confirm asks before a change: what will be different, and the command line
// that does it. Cancel is the default.
type confirm struct {
	title string
	body  []line
	args  []string
	// do names the button: Change, Delete, Drain …
	do string
	// yes is set while that button is chosen.
	yes bool
	// after is called when the command has been carried out.
	after func(*Model, Result) tea.Cmd
	// own takes keys of this dialog, if it has any; it tells whether it did.
	own func(c *confirm, stroke string) bool
	// stale tells what has changed since the dialog opened. Empty is nothing; nil
	// does not look.
	stale func(m *Model) string
	// keys explains them.
	keys string
}

func (c *confirm) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if c.own != nil && c.own(c, k.String()) {
		return nil
	}
	return press(m, confirmKeys(), k)
}

// confirmKeys answer the question before a change.
func confirmKeys() group {
	of := func(do func(m *Model, c *confirm) tea.Cmd) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd {
			if c, ok := m.over.(*confirm); ok {
				return do(m, c)
			}
			return nil
		}
	}
	return group{"Before a change", []binding{
		{keys: []string{"tab", "shift+tab", "left", "right"}, label: "Tab, Left, Right", help: "from one button to the other; the first is Cancel",
			do: of(func(_ *Model, c *confirm) tea.Cmd { c.yes = !c.yes; return nil })},
		{keys: []string{"enter"}, label: "Enter", help: "the button that is chosen", do: of(func(m *Model, c *confirm) tea.Cmd {
			if c.yes {
				return c.done(m)
			}
			return m.dropped()
		})},
		{keys: []string{"y"}, help: "yes: change it", do: of(func(m *Model, c *confirm) tea.Cmd { return c.done(m) })},
		{keys: []string{"n", "esc", "q"}, label: "n, Esc", help: "no", do: of(func(m *Model, _ *confirm) tea.Cmd { return m.dropped() })},
	}}
}

// dropped closes a dialog without doing anything.
func (m *Model) dropped() tea.Cmd {
	m.over = nil
	m.say(plain, "nothing was changed")
	return nil
}

func (c *confirm) done(m *Model) tea.Cmd {
	m.over = nil
	switch {
	case m.running:
		m.say(yellow, "the change before is not done yet: try again")
		return nil
	case c.stale != nil && c.stale(m) != "":
		m.say(bold|yellow, "nothing was changed: %s", c.stale(m))
		return nil
	}
	return m.run(c.args, c.after)
}

func (c *confirm) draw(m *Model, under []line, w, h int) []line {
	body := append([]line(nil), c.body...)
	if h >= 12 {
		body = append(body, nil)
	}
	for i, part := range wrap("$ "+m.o.Line(append(c.args[:len(c.args):len(c.args)], m.o.Globals...)), max(w-6, 10)) {
		if i > 0 {
			part = "    " + part
		}
		body = append(body, text(dim, part))
	}
	cancel, do := reverse|bold, plain
	if c.yes {
		cancel, do = plain, reverse|bold|red
	}
	foot := text(cancel, "[ Cancel ]").add(plain, "  ").add(do, "[ "+c.do+" ]").add(dim, "  y, n")
	if c.keys != "" {
		foot = foot.add(dim, ", "+c.keys)
	}
	return m.box(under, w, h, c.title, body, 0, foot)
}

// wrap breaks text into lines of at most w cells, between words where it can.
func wrap(s string, w int) []string {
	var out []string
	now := ""
	for word := range strings.SplitSeq(s, " ") {
		for len([]rune(word)) > w {
			if now != "" {
				out, now = append(out, now), ""
			}
			r := []rune(word)
			out, word = append(out, string(r[:w])), string(r[w:])
		}
		switch {
		case now == "":
			now = word
		case len([]rune(now))+1+len([]rune(word)) <= w:
			now += " " + word
		default:
			out, now = append(out, now), word
		}
	}
	return append(out, now)
}
