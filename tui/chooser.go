package tui

import (
	tea "charm.land/bubbletea/v2"
)

// chooser lies over a table and chooses its columns.
type chooser struct {
	t       grid
	columns []choice
	sort    string
	down    bool
	at      int
}

func newChooser(_ *Model, t grid) *chooser {
	c := &chooser{t: t, columns: t.choices()}
	c.sort, c.down = t.sorted()
	return c
}

func (c *chooser) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "up", "k":
		c.at = max(c.at-1, 0)
	case "down", "j":
		c.at = min(c.at+1, len(c.columns)-1)
	case "K", "shift+up", "-":
		c.swap(-1)
	case "J", "shift+down", "+":
		c.swap(1)
	case "space":
		c.columns[c.at].shown = !c.columns[c.at].shown
	case "s":
		if here := c.columns[c.at]; here.key == c.sort {
			c.down = !c.down
		} else {
			c.sort, c.down = here.key, here.down
		}
	case "enter":
		m.over = nil
		c.take(m)
	case "esc", "q":
		m.over = nil
	}
	return nil
}

func (c *chooser) swap(step int) {
	if to := c.at + step; to >= 0 && to < len(c.columns) {
		c.columns[c.at], c.columns[to] = c.columns[to], c.columns[c.at]
		c.at = to
	}
}

func (c *chooser) take(m *Model) {
	var shown []string
	for _, col := range c.columns {
		if col.shown {
			shown = append(shown, col.key)
		}
	}
	if len(shown) == 0 {
		m.say(yellow, "a table needs a column; nothing was changed")
		return
	}
	c.t.setChoices(shown, c.sort, c.down, m.now())
	m.remember(c.t)
}

func (c *chooser) draw(m *Model, under []line, w, h int) []line {
	var body []line
	for i, col := range c.columns {
		box := "[ ] "
		if col.shown {
			box = "[x] "
		}
		arrow := " "
		if col.key == c.sort {
			arrow = m.g.up
			if c.down {
				arrow = m.g.down
			}
		}
		l := text(plain, box+arrow+" ").add(bold, fit(&m.g, col.title, 12, true)).add(dim, " "+col.help)
		if i == c.at {
			l = l.with(reverse)
		}
		body = append(body, l)
	}
	return m.box(under, w, h, "Columns", body, c.at, text(dim, "Space shows, s sorts, J and K move, Enter takes, Esc drops"))
}
