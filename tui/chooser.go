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

func (c *chooser) key(m *Model, k tea.KeyPressMsg) tea.Cmd { return press(m, chooserKeys(), k) }

// chooserKeys choose columns.
func chooserKeys() group {
	of := func(do func(m *Model, c *chooser)) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd {
			if c, ok := m.over.(*chooser); ok {
				do(m, c)
			}
			return nil
		}
	}
	return group{"Choosing columns", []binding{
		{keys: []string{"up", "k"}, label: "Up, k", help: "the column before", do: of(func(_ *Model, c *chooser) { c.at = max(c.at-1, 0) })},
		{keys: []string{"down", "j"}, label: "Down, j", help: "the next column", do: of(func(_ *Model, c *chooser) { c.at = min(c.at+1, len(c.columns)-1) })},
		{keys: []string{"space"}, label: "Space", help: "show it, or not", do: of(func(_ *Model, c *chooser) { c.columns[c.at].shown = !c.columns[c.at].shown })},
		{keys: []string{"K", "shift+up", "-"}, label: "K, -", help: "move it to the left", do: of(func(_ *Model, c *chooser) { c.swap(-1) })},
		{keys: []string{"J", "shift+down", "+"}, label: "J, +", help: "move it to the right", do: of(func(_ *Model, c *chooser) { c.swap(1) })},
		{keys: []string{"s"}, help: "sort by it; again, the other way round", do: of(func(_ *Model, c *chooser) { c.sortHere() })},
		{keys: []string{"enter"}, label: "Enter", help: "take and remember it", do: of(func(m *Model, c *chooser) {
			m.over = nil
			c.take(m)
		})},
		{keys: []string{"esc", "q"}, label: "Esc", help: "leave all as it was", do: of(func(m *Model, _ *chooser) { m.over = nil })},
	}}
}

func (c *chooser) sortHere() {
	if here := c.columns[c.at]; here.key == c.sort {
		c.down = !c.down
	} else {
		c.sort, c.down = here.key, here.down
	}
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
