package tui

import (
	tea "charm.land/bubbletea/v2"
)

// helpText lies over everything and lists the keys that work here.
type helpText struct {
	lines []line
	top   int
	page  int
}

func (m *Model) help() tea.Cmd {
	h := &helpText{}
	for _, g := range m.bindings() {
		if len(h.lines) > 0 {
			h.lines = append(h.lines, nil)
		}
		h.lines = append(h.lines, text(bold|underline, g.title))
		for i := range g.keys {
			b := &g.keys[i]
			l := text(bold, "  "+fit(&m.g, b.name(), 20, true)).add(plain, b.help)
			if b.acts && m.o.ReadOnly != "" {
				l = l.with(dim)
			}
			h.lines = append(h.lines, l)
		}
	}
	if t := m.top().grid(); t != nil {
		h.lines = append(h.lines, nil, text(bold|underline, "Columns"))
		for _, c := range t.choices() {
			h.lines = append(h.lines, text(bold, "  "+fit(&m.g, c.title, 20, true)).add(plain, c.help))
		}
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
		h.top = len(h.lines)
	default:
		m.over = nil
	}
	return nil
}

func (h *helpText) draw(m *Model, under []line, w, height int) []line {
	h.page = max(height-2, 1)
	h.top = max(min(h.top, len(h.lines)-h.page), 0)
	out := []line{text(bold|reverse, " Help").pad(w).with(reverse)}
	out = append(out, h.lines[h.top:min(h.top+h.page, len(h.lines))]...)
	for len(out) < height-1 {
		out = append(out, nil)
	}
	return append(out, text(dim, "Up and Down scroll; any other key goes back"))
}
