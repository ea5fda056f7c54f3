package tui

import "unicode/utf8"

// view draws heading and rows into w × h cells.
func (t *table[K, R]) view(g *glyphs, w, h int) []line {
	if h <= 0 {
		return nil
	}
	// The first cell of a row is the cursor's, the second a mark's.
	const gutter = 2
	columns, sizes := layout(t.shown(), t.widths, w-gutter)
	out := []line{t.heading(g, columns, sizes).pad(w)}
	t.page = max(h-1, 1)
	t.scroll()
	if len(t.rows) == 0 {
		why := t.empty
		if t.match != nil && len(t.all) > 0 {
			why = "no row passes the filter"
		}
		out = append(out, text(dim, "  "+why).pad(w))
	}
	for i := t.top; i < len(t.rows) && len(out) < h; i++ {
		l := t.line(g, t.rows[i], i == t.at, columns, sizes).pad(w)
		if i == t.at {
			l = l.with(reverse)
		}
		out = append(out, l)
	}
	for len(out) < h {
		out = append(out, nil)
	}
	return out
}

// scroll brings the cursor's row onto the screen, and leaves no room below.
func (t *table[K, R]) scroll() {
	t.top = min(t.top, t.at, max(len(t.rows)-t.page, 0))
	t.top = max(t.top, t.at-t.page+1, 0)
}

func (t *table[K, R]) heading(g *glyphs, columns []*column[R], sizes []int) line {
	// The arrow stands in the cell between two columns: before a number's
	// heading, after a text's.
	l := text(plain, " ")
	arrow := g.up
	if t.down {
		arrow = g.down
	}
	gap := " "
	for i, c := range columns {
		lk := dim | underline
		title, after := c.title, " "
		if c.key == t.sort {
			lk = bold | underline
			switch n := utf8.RuneCountInString(title); {
			case c.left && n < sizes[i]:
				title += arrow
			case c.left:
				after = arrow
			case n < sizes[i]:
				title = arrow + title
			default:
				gap = arrow
			}
		}
		l = l.add(bold, gap).add(lk, fit(g, title, sizes[i], c.left))
		gap = after
	}
	return l.add(bold, gap)
}

func (t *table[K, R]) line(g *glyphs, r *R, here bool, columns []*column[R], sizes []int) line {
	gone := t.vanished(r)
	first, mark, base := " ", " ", plain
	if here {
		first = g.cursor
	}
	switch {
	case gone:
		mark, base = g.gone, strike|dim
	case t.float != nil && t.float(r):
		mark = g.warn
	}
	l := line{{plain, first}, {base | red, mark}}
	for i, c := range columns {
		lk := base
		if c.look != nil && !gone {
			lk |= c.look(r)
		}
		if i > 0 {
			l = l.add(base, " ")
		}
		l = l.add(lk, fit(g, c.cell(r), sizes[i], c.left))
	}
	return l
}
