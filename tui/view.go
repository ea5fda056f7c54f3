package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// View implements tea.Model.
func (m *Model) View() tea.View {
	v := tea.NewView(paint(m.lines(), m.pal))
	v.AltScreen = true
	v.WindowTitle = m.title()
	if m.o.Mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

func (m *Model) title() string {
	if m.o.Host == "" {
		return m.o.Name + " top"
	}
	return m.o.Name + " top: " + clean(m.o.Host)
}

// lines draws the whole terminal: head, error, screen, filter, foot.
func (m *Model) lines() []line {
	w, h := max(m.w, 1), max(m.h, 1)
	out := []line{m.head().pad(w)}
	if l := m.trouble(); l != nil {
		out = append(out, l.pad(w))
	}
	if l := m.directorTrouble(); l != nil {
		out = append(out, l.pad(w))
	}
	below := []line{m.foot(w).pad(w)}
	if t := m.top().grid(); t != nil && t.filterText() != "" && !m.typing() {
		l := text(bold, "/"+clean(t.filterText())).add(dim, "  "+t.count()+" rows").hint("Esc", "clear the filter")
		below = []line{l.pad(w), below[0]}
	}
	m.middleAt = len(out)
	out = append(out, m.middle(w, max(h-len(out)-len(below), 0))...)
	out = append(out, below...)
	if m.over != nil {
		out = m.over.draw(m, out, w, h)
	}
	if len(out) > h {
		out = out[:h]
	}
	for i := range out {
		out[i] = out[i].pad(w)
	}
	return out
}

// typing reports whether a filter is being typed at the foot.
func (m *Model) typing() bool {
	_, ok := m.over.(*filterLine)
	return ok
}

// middle draws the screen on the top into h lines.
func (m *Model) middle(w, h int) []line {
	var lines []line
	if m.sample == nil {
		says := "reading the table " + m.g.more
		if m.err != nil {
			says = "no data yet"
		}
		lines = []line{nil, text(dim, "  "+says)}
	} else {
		lines = m.top().view(m, w, h)
	}
	for len(lines) < h {
		lines = append(lines, nil)
	}
	return lines[:h]
}

// head draws the first line: the director, the path of screens, the state and
// the time of the sample.
func (m *Model) head() line {
	var crumbs []string
	for _, s := range m.stack {
		crumbs = append(crumbs, clean(s.crumb()))
	}
	left := text(bold, m.where()).add(plain, " ")
	for i, c := range crumbs {
		l := dim
		if i == len(crumbs)-1 {
			l = bold
		}
		if i > 0 {
			left = left.add(dim, " > ")
		}
		left = left.add(l, c)
	}
	right := m.state()
	room := m.w - right.width() - 1
	if n := left.width(); n > room {
		// The end of the path is more important than its beginning.
		left = text(dim, m.g.more).add(plain, "")
		left = append(left, fullPath(m.where(), crumbs).cut(n-room+1, n)...)
	}
	return append(left.pad(max(room, 0)).add(plain, " "), right...)
}

// where names the director. It comes first, for users with a dashboard for each
// of several directors.
func (m *Model) where() string {
	if m.o.Host == "" || m.w < 60 {
		return m.o.Name
	}
	host := clean(m.o.Host)
	return m.o.Name + " " + fit(&m.g, host, min(len([]rune(host)), 24), true) + ":"
}

func fullPath(name string, crumbs []string) line {
	return text(bold, name+" "+strings.Join(crumbs, " > "))
}

// state draws the right end of the head: read-only, paused, too old, the time.
func (m *Model) state() line {
	var l line
	if m.o.ReadOnly != "" {
		l = l.add(yellow, "read-only ")
	}
	if m.sample == nil {
		return l
	}
	age := m.now().Sub(m.sample.Time)
	switch {
	case m.paused:
		return l.add(reverse|bold|yellow, fmt.Sprintf(" PAUSED, %s old ", ageText(age)))
	case m.err != nil, age > 3*max(m.o.Interval, time.Second):
		return l.add(reverse|bold|red, fmt.Sprintf(" %s OLD ", ageText(age)))
	}
	if m.w >= 60 {
		l = l.add(dim, fmt.Sprintf("every %s ", m.o.Interval))
	}
	return l.add(plain, m.sample.Time.Format("15:04:05"))
}

// trouble returns the line below the head: the last error, that the process lacks a
// privilege, that the connection table is almost full, that counters are not up to date,
// or that a change is undone unless it is confirmed. Nil: none of them.
func (m *Model) trouble() line {
	if m.err != nil {
		says := clean(m.err.Error()) + "; retrying"
		if m.o.Hint != nil {
			if hint := m.o.Hint(m.err); hint != "" {
				says += " (" + clean(hint) + ")"
			}
		}
		return text(bold|red, says)
	}
	switch {
	case m.sample == nil:
	case m.sample.Public:
		return text(yellow, "no CAP_NET_ADMIN: counters, rates and thresholds are not available")
	case m.conns().AlmostFull():
		t := m.conns()
		return text(bold|red, fmt.Sprintf("the connection table has %d of at most %d entries: "+
			"at the limit new connections are dropped (net.ipv4.vs.%s)", t.Used, t.Max, kernel.ConnMax))
	case m.sample.Stopped != "":
		return text(yellow, m.stoppedText()+": counters and rates are unknown")
	case m.sample.pending != "":
		return text(bold|yellow, clean(m.sample.pending))
	}
	return nil
}

// stoppedText returns why the kernel does not update its counters.
func (m *Model) stoppedText() string {
	is := " is 0"
	if m.sample.Stopped == kernel.EstCPUList {
		is = " is empty"
	}
	return "net.ipv4.vs." + m.sample.Stopped + is
}

// foot draws the last line: the last message, or the most important keys.
func (m *Model) foot(w int) line {
	if m.note.text != "" && m.now().Before(m.note.until) {
		return text(m.note.look, fit(&m.g, m.note.text, min(w, len([]rune(m.note.text))), true))
	}
	// Help and quit are always shown, the other keys if they fit.
	tail := m.hints(globalKeys(), nil, w)
	var l line
	for _, g := range m.bindings() {
		if g.title != globalTitle {
			l = m.hints(g, l, w-tail.width()-2)
		}
	}
	if len(l) > 0 {
		l = l.add(plain, "  ")
	}
	return append(l, tail...)
}

// hints adds the keys of a group with their short texts, as long as they fit into
// w cells.
func (m *Model) hints(g group, l line, w int) line {
	for i := range g.keys {
		b := &g.keys[i]
		if b.short == "" || b.acts && m.o.ReadOnly != "" {
			continue
		}
		if next := l.hint(strings.Split(b.name(), ", ")[0], b.short); next.width() <= w {
			l = next
		}
	}
	return l
}

// box draws a frame with a title, the lines of body and a foot over other lines.
// If the body does not fit, the line with the index at stays visible.
func (m *Model) box(under []line, w, h int, title string, body []line, at int, foot line) []line {
	inner := len([]rune(title)) + 4
	for _, l := range append(body[:len(body):len(body)], foot) {
		inner = max(inner, l.width())
	}
	inner = max(min(inner, w-4), 1)
	rows := max(min(len(body), h-4), 1)
	top := max(min(at-rows/2, len(body)-rows), 0)
	g := &m.g
	edge := func(left, right, label string) line {
		l := text(plain, left).add(bold, label)
		for range inner + 2 - len([]rune(label)) {
			l = l.add(plain, g.h)
		}
		return l.add(plain, right)
	}
	side := func(l line) line {
		return append(append(text(plain, g.v+" "), l.pad(inner)...), span{plain, " " + g.v})
	}
	frame := []line{edge(g.corners[0], g.corners[1], " "+fit(g, title, min(len([]rune(title)), inner-2), true)+" ")}
	for _, l := range body[top:min(top+rows, len(body))] {
		frame = append(frame, side(l))
	}
	frame = append(frame, side(foot), edge(g.corners[2], g.corners[3], ""))
	return lay(under, frame, w, h)
}

// lay draws lines over others, in the middle of w × h cells.
func lay(under, over []line, w, h int) []line {
	x := max((w-over[0].width())/2, 0)
	y := max((h-len(over))/2, 0)
	out := append([]line(nil), under...)
	for i, l := range over {
		if y+i >= len(out) {
			break
		}
		old := out[y+i].pad(w)
		out[y+i] = append(append(old.cut(0, x), l...), old.cut(x+l.width(), w)...)
	}
	return out
}
