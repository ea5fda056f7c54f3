package tui

import tea "charm.land/bubbletea/v2"

// push goes to a screen below this one.
func (m *Model) push(s screen) tea.Cmd {
	m.stack = append(m.stack[:len(m.stack):len(m.stack)], s)
	return m.refresh()
}

func (m *Model) back() tea.Cmd {
	if t := m.top().grid(); t != nil && t.filterText() != "" {
		_ = t.setFilter("", m.now())
		return nil
	}
	if len(m.stack) > 1 {
		m.leave(1)
		return m.refresh()
	}
	return nil
}

func (m *Model) jump(n int) tea.Cmd {
	m.leave(len(m.stack))
	m.stack = []screen{m.roots[n]}
	return m.refresh()
}

// leave drops screens from the top, and ends what they still wait for.
func (m *Model) leave(n int) {
	for ; n > 0; n-- {
		if s, ok := m.top().(interface{ leave() }); ok {
			s.leave()
		}
		m.stack = m.stack[:len(m.stack)-1]
	}
}

// refresh shows the present sample on the screen that came up.
func (m *Model) refresh() tea.Cmd {
	if m.sample == nil {
		return nil
	}
	return m.top().refresh(m)
}

// quit waits for a change that is under way. Asked again, it does not.
func (m *Model) quit() tea.Cmd {
	if m.running && !m.quitting {
		m.quitting = true
		m.say(yellow, "quitting when the change is done")
		return nil
	}
	return tea.Quit
}

// wheel scrolls.
func (m *Model) wheel(up bool) {
	if t := m.top().grid(); t != nil && m.over == nil {
		t.move(3-6*boolInt(up), m.now())
	}
}

// click puts the cursor on the row under the mouse.
func (m *Model) click(y int) {
	if t := m.top().grid(); t != nil && m.over == nil {
		t.point(y-m.middleAt, m.now())
	}
}
