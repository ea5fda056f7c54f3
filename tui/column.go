package tui

import "unicode/utf8"

// column is one column of a table: its heading, its meaning, and how it is read
// from a row.
type column[R any] struct {
	// key names it in the configuration, title heads it.
	key, title string
	// help is one line on what it shows.
	help string
	// width is the least number of cells. Grown columns take what they need.
	width int
	grown bool
	// left aligns to the left, as text is.
	left bool
	// rank is how soon it goes where there is no room: the highest first. Zero
	// stays to the last.
	rank int
	// off is set for columns that are shown only when they were chosen.
	off bool
	// down sorts the greatest first when the column is chosen.
	down bool

	cell    func(*R) string
	look    func(*R) look
	compare func(a, b *R) int
}

// layout chooses the columns that fit into w cells, one cell between them, and
// gives each its width.
func layout[R any](chosen []*column[R], widths map[string]int, w int) (columns []*column[R], sizes []int) {
	columns = append(columns, chosen...)
	for {
		sizes = sizes[:0]
		total := 0
		for _, c := range columns {
			n := max(c.width, widths[c.key], utf8.RuneCountInString(c.title))
			sizes = append(sizes, n)
			total += n + 1
		}
		over := total - 1 - w
		if over <= 0 || len(columns) == 0 {
			return columns, sizes
		}
		last := worst(columns)
		if columns[last].rank == 0 {
			return columns, shrink(columns, sizes, over)
		}
		columns = append(columns[:last:last], columns[last+1:]...)
	}
}

// worst is the column that goes first.
func worst[R any](columns []*column[R]) int {
	at := 0
	for i, c := range columns {
		if c.rank >= columns[at].rank {
			at = i
		}
	}
	return at
}

// shrink takes what is too much from the grown columns.
func shrink[R any](columns []*column[R], sizes []int, over int) []int {
	const least = 8
	for i, c := range columns {
		if c.grown && over > 0 {
			take := min(over, max(sizes[i]-least, 0))
			sizes[i] -= take
			over -= take
		}
	}
	return sizes
}

// fit makes text exactly w cells wide.
func fit(g *glyphs, s string, w int, left bool) string {
	n := utf8.RuneCountInString(s)
	switch {
	case n == w:
		return s
	case n > w && w > 0:
		r := []rune(s)
		return string(r[:w-1]) + g.more
	case n > w:
		return ""
	case left:
		return s + spaces(w-n)
	}
	return spaces(w-n) + s
}

const blank = "                                                                                "

func spaces(n int) string {
	out := ""
	for n > len(blank) {
		out, n = out+blank, n-len(blank)
	}
	return out + blank[:max(n, 0)]
}
