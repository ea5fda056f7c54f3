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
	// keys explains them.
	keys string
}

func (c *confirm) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	stroke := k.String()
	if c.own != nil && c.own(c, stroke) {
		return nil
	}
	switch stroke {
	case "tab", "shift+tab", "left", "right", "h", "l":
		c.yes = !c.yes
	case "esc", "n", "q":
		m.over = nil
		m.say(plain, "nothing was changed")
	case "y":
		return c.done(m)
	case "enter":
		if c.yes {
			return c.done(m)
		}
		m.over = nil
		m.say(plain, "nothing was changed")
	}
	return nil
}

func (c *confirm) done(m *Model) tea.Cmd {
	m.over = nil
	if m.running {
		m.say(yellow, "the change before is not done yet: try again")
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
