package tui

import (
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
)

// grid is a table as keys and dialogs see it, whatever its rows are.
type grid interface {
	label() string
	move(n int, now time.Time)
	pageSize() int
	sortNext(step int, now time.Time)
	turn(now time.Time)
	filterText() string
	setFilter(s string, now time.Time) error
	// count tells how many rows are shown, of all.
	count() string
	choices() []choice
	setChoices(shown []string, sort string, down bool, now time.Time)
	sorted() (key string, down bool)
	// point puts the cursor on a line of the middle of the screen.
	point(y int, now time.Time)
}

// choice is a column that can be shown.
type choice struct {
	key, title, help string
	shown            bool
	down             bool // sorts the greatest first
}

func (t *table[K, R]) label() string          { return t.name }
func (t *table[K, R]) pageSize() int          { return max(t.page, 1) }
func (t *table[K, R]) filterText() string     { return t.filter }
func (t *table[K, R]) sorted() (string, bool) { return t.sort, t.down }
func (t *table[K, R]) count() string          { return fmt.Sprintf("%d of %d", len(t.rows), len(t.all)) }
func (t *table[K, R]) turn(now time.Time)     { t.sortBy(t.sort, !t.down, now) }

// sortNext sorts by a neighbour of the column that it is sorted by.
func (t *table[K, R]) sortNext(step int, now time.Time) {
	shown := t.shown()
	if len(shown) == 0 {
		return
	}
	at := 0
	for i, c := range shown {
		if c.key == t.sort {
			at = (i + step + len(shown)) % len(shown)
		}
	}
	t.sortBy(shown[at].key, shown[at].down, now)
}

// choices lists every column: those shown, in order, then the others.
func (t *table[K, R]) choices() []choice {
	var out []choice
	is := map[string]bool{}
	for _, c := range t.shown() {
		out = append(out, choice{c.key, c.title, c.help, true, c.down})
		is[c.key] = true
	}
	for i := range t.columns {
		if c := &t.columns[i]; !is[c.key] {
			out = append(out, choice{c.key, c.title, c.help, false, c.down})
		}
	}
	return out
}

func (t *table[K, R]) setChoices(shown []string, sort string, down bool, now time.Time) {
	shown = slices.DeleteFunc(slices.Clone(shown), func(k string) bool { return t.column(k) == nil })
	if len(shown) > 0 { // a table needs a column
		t.chosen = shown
	}
	if t.column(sort) != nil {
		t.sort, t.down = sort, down
	}
	t.held = time.Time{}
	t.arrange(now)
}

func (t *table[K, R]) point(y int, now time.Time) {
	if i := t.top + y - t.y - 1; y > t.y && i < len(t.rows) {
		t.move(i-t.at, now)
	}
}

// filterLine is where a filter is typed: at the foot, the table following each
// keystroke.
type filterLine struct {
	t     grid
	in    input
	old   string
	wrong string
}

func newFilterLine(m *Model, t grid) *filterLine {
	return &filterLine{t: t, in: newInput(t.filterText()), old: t.filterText()}
}

func (f *filterLine) key(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if find([]group{filterKeys()}, k.String()) != nil {
		return press(m, filterKeys(), k)
	}
	if f.in.key(k) {
		f.changed(m)
	}
	return nil
}

// filterKeys end the typing of a filter. Other keys are typed.
func filterKeys() group {
	of := func(do func(m *Model, f *filterLine)) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd {
			if f, ok := m.over.(*filterLine); ok {
				do(m, f)
			}
			return nil
		}
	}
	return group{"While a filter is typed", []binding{
		{keys: []string{"enter"}, label: "Enter", help: "keep it", do: of(func(m *Model, f *filterLine) {
			if f.wrong == "" {
				m.over = nil
			}
		})},
		{keys: []string{"esc"}, label: "Esc", help: "the filter that was there before", do: of(func(m *Model, f *filterLine) {
			_ = f.t.setFilter(f.old, m.now())
			m.over = nil
		})},
		{keys: []string{"up"}, label: "Up", help: "one row up", do: of(func(m *Model, f *filterLine) { f.t.move(-1, m.now()) })},
		{keys: []string{"down"}, label: "Down", help: "one row down", do: of(func(m *Model, f *filterLine) { f.t.move(1, m.now()) })},
	}}
}

func (f *filterLine) paste(m *Model, s string) {
	f.in.insert(s)
	f.changed(m)
}

// changed filters by what stands there; what is no regular expression yet
// leaves the table as it is.
func (f *filterLine) changed(m *Model) {
	f.wrong = ""
	if err := f.t.setFilter(f.in.String(), m.now()); err != nil {
		f.wrong = clean(err.Error())
	}
}

func (f *filterLine) draw(m *Model, under []line, w, h int) []line {
	right := text(dim, " "+f.t.count()+"  Enter keeps, Esc drops ")
	if f.wrong != "" {
		right = text(red, " "+f.wrong)
	}
	room := max(w-right.width()-1, 12)
	l := append(text(bold, "/"), f.in.line(room, plain)...)
	under[h-1] = append(l, right...).pad(w)
	return under
}
