package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// pause stops or continues reading the table.
func (m *Model) pause() tea.Cmd {
	m.paused = !m.paused
	if m.paused {
		return nil
	}
	return m.look()
}

// intervals are the values for the keys + and -.
var intervals = []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute}

func (m *Model) faster(step int) tea.Cmd {
	at := 0
	for i, d := range intervals {
		if d <= m.o.Interval {
			at = i
		}
	}
	m.o.Interval = intervals[min(max(at-step, 0), len(intervals)-1)]
	m.say(plain, "refresh every %s", m.o.Interval)
	if m.reading || m.paused {
		return nil
	}
	m.started = m.now()
	return m.wait()
}

func (m *Model) rebase() tea.Cmd {
	m.hist.rebase(m.now())
	m.say(plain, "counting from now on; the kernel's counters do not change")
	return m.refresh()
}
