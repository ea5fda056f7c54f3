package tui

import (
	tea "charm.land/bubbletea/v2"
)

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
