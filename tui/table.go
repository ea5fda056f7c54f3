package tui

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// lingers is how long a deleted row stays on the screen, struck through.
const lingers = 5 * time.Second

// holds is how long the rows keep their order after a key moved the cursor.
const holds = 3 * time.Second

// table shows rows and keeps the cursor on one of them. It identifies a row by
// its key, so the cursor stays on its row when rows are sorted, filtered or
// deleted.
type table[K comparable, R any] struct {
	// name is the name of the table in the configuration.
	name    string
	columns []column[R]
	// keyOf returns the key of a row, textOf the text that a filter matches.
	keyOf  func(*R) K
	textOf func(*R) string
	// float reports whether a row is shown above all others. Nil: none is.
	float func(*R) bool
	// empty is the text for a table without rows.
	empty string

	all    []*R // including deleted rows that are still shown
	rows   []*R // filtered and sorted
	gone   map[K]time.Time
	widths map[string]int

	chosen   []string // keys of the columns shown; nil: those that are not off
	sort     string
	down     bool
	filter   string
	match    *regexp.Regexp
	inverted bool

	// wanted is the key of the row with the cursor, also while a filter hides
	// the row. at is the index of the cursor, top that of the first row on the
	// screen.
	wanted K
	has    bool
	// moved is set when the user has moved the cursor.
	moved   bool
	at, top int
	page    int
	// y is the line of the heading, counted from the first line below the head.
	y    int
	held time.Time
}

// set replaces the rows. Rows that are no longer there stay for lingers.
func (t *table[K, R]) set(rows []R, now time.Time) {
	if t.gone == nil {
		t.gone, t.widths = map[K]time.Time{}, map[string]int{}
	}
	present := make(map[K]bool, len(rows))
	all := make([]*R, 0, len(rows))
	for i := range rows {
		present[t.keyOf(&rows[i])] = true
		all = append(all, &rows[i])
	}
	for _, r := range t.all {
		k := t.keyOf(r)
		if present[k] {
			delete(t.gone, k)
			continue
		}
		at, known := t.gone[k]
		if !known {
			at = now
			t.gone[k] = at
		}
		if now.Sub(at) < lingers {
			all = append(all, r)
		} else {
			delete(t.gone, k)
		}
	}
	t.all = all
	t.grow()
	t.arrange(now)
}

// grow widens the grown columns to their longest value. Columns never become
// narrower, so the table does not move at every refresh.
func (t *table[K, R]) grow() {
	for i := range t.columns {
		c := &t.columns[i]
		if !c.grown {
			continue
		}
		for _, r := range t.all {
			t.widths[c.key] = max(t.widths[c.key], len(c.cell(r)))
		}
	}
}

// arrange filters and sorts the rows, and puts the cursor back on its row.
func (t *table[K, R]) arrange(now time.Time) {
	line := t.at - t.top // on the screen
	old := t.rows
	t.rows = make([]*R, 0, len(t.all))
	for _, r := range t.all {
		if t.passes(r) {
			t.rows = append(t.rows, r)
		}
	}
	slices.SortStableFunc(t.rows, t.order())
	if now.Before(t.held) {
		t.keepOrder(old)
	}
	t.find(old)
	if t.top > 0 { // otherwise the first row stays visible
		t.top = max(t.at-line, 0)
	}
}

// keepOrder restores the previous order of the rows. New rows come last.
func (t *table[K, R]) keepOrder(old []*R) {
	place := t.places(old)
	kept := make([]*R, len(old))
	var fresh []*R
	for _, r := range t.rows {
		if i, known := place[t.keyOf(r)]; known {
			kept[i] = r
		} else {
			fresh = append(fresh, r)
		}
	}
	kept = slices.DeleteFunc(kept, func(r *R) bool { return r == nil })
	t.rows = append(kept, fresh...)
}

func (t *table[K, R]) places(rows []*R) map[K]int {
	out := make(map[K]int, len(rows))
	for i, r := range rows {
		out[t.keyOf(r)] = i
	}
	return out
}

// find puts the cursor on its row. If the row no longer exists, the cursor goes
// to the nearest row below it, or above it.
func (t *table[K, R]) find(old []*R) {
	switch {
	case len(t.rows) == 0:
		t.at = 0
		return
	case !t.has:
		t.at, t.wanted, t.has = 0, t.keyOf(t.rows[0]), true
		return
	}
	if i := t.index(t.wanted); i >= 0 {
		t.at = i
		return
	}
	t.at = min(t.at, len(t.rows)-1)
	place := t.places(t.rows)
	below := false
	for _, r := range old {
		k := t.keyOf(r)
		below = below || k == t.wanted
		if i, there := place[k]; there && below {
			t.at = i
			break
		}
	}
	// A row that is hidden by a filter gets the cursor back later.
	if !slices.ContainsFunc(t.all, func(r *R) bool { return t.keyOf(r) == t.wanted }) {
		t.wanted = t.keyOf(t.rows[t.at])
	}
}

func (t *table[K, R]) index(k K) int {
	return slices.IndexFunc(t.rows, func(r *R) bool { return t.keyOf(r) == k })
}

func (t *table[K, R]) passes(r *R) bool {
	return t.match == nil || t.match.MatchString(t.textOf(r)) != t.inverted
}

// order returns the comparison by the sort column, floating rows first. Equal
// rows keep the order in which they came.
func (t *table[K, R]) order() func(a, b *R) int {
	compare := func(a, b *R) int { return 0 }
	if c := t.column(t.sort); c != nil {
		compare = c.compare
		if t.down {
			compare = func(a, b *R) int { return c.compare(b, a) }
		}
	}
	return func(a, b *R) int {
		if t.float != nil {
			if x, y := t.float(a), t.float(b); x != y {
				return boolInt(y) - boolInt(x)
			}
		}
		return compare(a, b)
	}
}

// current returns the row with the cursor. Nil: there is none.
func (t *table[K, R]) current() *R {
	if t.at < len(t.rows) {
		return t.rows[t.at]
	}
	return nil
}

// vanished reports whether a row was deleted and is still shown.
func (t *table[K, R]) vanished(r *R) bool {
	_, gone := t.gone[t.keyOf(r)]
	return gone
}

// move moves the cursor by n rows, up if n is negative.
func (t *table[K, R]) move(n int, now time.Time) {
	if len(t.rows) == 0 {
		return
	}
	t.at = min(max(t.at+n, 0), len(t.rows)-1)
	t.wanted, t.has, t.moved = t.keyOf(t.rows[t.at]), true, true
	t.held = now.Add(holds)
}

// setFilter shows only the rows that match a regular expression, in any case. A
// leading ! inverts it.
func (t *table[K, R]) setFilter(s string, now time.Time) error {
	pattern, inverted := strings.CutPrefix(s, "!")
	if pattern == "" {
		t.filter, t.match, t.inverted = s, nil, false
		t.arrange(now)
		return nil
	}
	re, err := regexp.Compile("(?i)" + pattern)
	if err != nil {
		return err
	}
	t.filter, t.match, t.inverted = s, re, inverted
	t.arrange(now)
	return nil
}

// sortBy sorts by a column. The cursor goes to the first row if the user has not
// moved it yet.
func (t *table[K, R]) sortBy(key string, down bool, now time.Time) {
	t.sort, t.down, t.held = key, down, time.Time{}
	t.has = t.has && t.moved
	t.arrange(now)
}

// column returns the column with a name: a key, a heading or a key of an earlier
// version. Nil: there is none.
func (t *table[K, R]) column(name string) *column[R] {
	for i := range t.columns {
		if t.columns[i].is(name) {
			return &t.columns[i]
		}
	}
	return nil
}

// shown returns the columns that are shown, in their order.
func (t *table[K, R]) shown() []*column[R] {
	return slices.DeleteFunc(t.selected(), func(c *column[R]) bool { return c.when != nil && !c.when() })
}

// selected returns the columns that the user has chosen, in their order.
func (t *table[K, R]) selected() []*column[R] {
	var out []*column[R]
	if t.chosen == nil {
		for i := range t.columns {
			if !t.columns[i].off {
				out = append(out, &t.columns[i])
			}
		}
		return out
	}
	for _, k := range t.chosen {
		if c := t.column(k); c != nil {
			out = append(out, c)
		}
	}
	return out
}

// forget removes all rows, before the table shows rows of another kind.
func (t *table[K, R]) forget() {
	t.all, t.rows, t.gone, t.widths, t.has = nil, nil, nil, nil, false
	t.at, t.top = 0, 0
}

// view draws the heading and the rows into w × h cells.
func (t *table[K, R]) view(g *glyphs, w, h int) []line {
	if h <= 0 {
		return nil
	}
	// The first cell of a row is for the cursor, the second for a mark.
	const gutter = 2
	columns, sizes, narrow := layout(t.shown(), t.widths, w-gutter)
	out := []line{t.heading(g, columns, sizes, narrow).pad(w)}
	t.page = max(h-1, 1)
	t.scroll()
	if len(t.rows) == 0 {
		why := t.empty
		if t.match != nil && len(t.all) > 0 {
			why = "no row matches the filter"
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

// scroll makes the row with the cursor visible, and leaves no empty lines below
// the last row.
func (t *table[K, R]) scroll() {
	t.top = min(t.top, t.at, max(len(t.rows)-t.page, 0))
	t.top = max(t.top, t.at-t.page+1, 0)
}

func (t *table[K, R]) heading(g *glyphs, columns []*column[R], sizes []int, narrow bool) line {
	// The arrow is in the cell between two columns: before the heading of a
	// number, after the heading of a text.
	l := text(plain, " ")
	arrow := g.up
	if t.down {
		arrow = g.down
	}
	gap := " "
	for i, c := range columns {
		lk := dim | underline
		title, after := c.heading(narrow), " "
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
