package tui

import (
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
)

// grid is a table for keys and dialogs, independent of the type of its rows.
type grid interface {
	// label is the name of the table in the configuration.
	label() string
	// move moves the cursor by n rows.
	move(n int, now time.Time)
	pageSize() int
	// sortNext sorts by the next column, or by the previous one if step is -1.
	sortNext(step int, now time.Time)
	// turn reverses the order.
	turn(now time.Time)
	filterText() string
	setFilter(s string, now time.Time) error
	// count returns the number of rows shown and of all rows: "1 of 5".
	count() string
	choices() []choice
	setChoices(shown []string, sort string, down bool, now time.Time)
	sorted() (key string, down bool)
	// point moves the cursor to a line of the screen, counted from the first
	// line below the head.
	point(y int, now time.Time)
}

// choice is a column that the user can choose. short is empty if the heading is
// always title.
type choice struct {
	key, title, short, help string
	shown                   bool
	down                    bool // sorts in descending order
}

func (t *table[K, R]) label() string          { return t.name }
func (t *table[K, R]) pageSize() int          { return max(t.page, 1) }
func (t *table[K, R]) filterText() string     { return t.filter }
func (t *table[K, R]) sorted() (string, bool) { return t.sort, t.down }
func (t *table[K, R]) count() string          { return fmt.Sprintf("%d of %d", len(t.rows), len(t.all)) }
func (t *table[K, R]) turn(now time.Time)     { t.sortBy(t.sort, !t.down, now) }

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

// choices returns every column: first those shown, in their order.
func (t *table[K, R]) choices() []choice {
	var out []choice
	is := map[string]bool{}
	add := func(c *column[R], shown bool) {
		out = append(out, choice{c.key, c.title, c.short, c.help, shown, c.down})
		is[c.key] = true
	}
	for _, c := range t.selected() {
		add(c, true)
	}
	for i := range t.columns {
		if c := &t.columns[i]; !is[c.key] {
			add(c, false)
		}
	}
	return out
}

// setChoices shows the columns with these names and sorts by one of them. A
// name is a key, a heading or a key of an earlier version; unknown names are
// ignored.
func (t *table[K, R]) setChoices(shown []string, sort string, down bool, now time.Time) {
	var chosen []string
	for _, name := range shown {
		if c := t.column(name); c != nil && !slices.Contains(chosen, c.key) {
			chosen = append(chosen, c.key)
		}
	}
	if len(chosen) > 0 { // a table needs at least one column
		t.chosen = chosen
	}
	if c := t.column(sort); c != nil {
		t.sort, t.down = c.key, down
	}
	t.held = time.Time{}
	t.arrange(now)
}

func (t *table[K, R]) point(y int, now time.Time) {
	if i := t.top + y - t.y - 1; y > t.y && i < len(t.rows) {
		t.move(i-t.at, now)
	}
}

// filterLine is the line at the foot in which a filter is typed. The table
// follows every keystroke.
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

// filterKeys returns the keys of the filter line. All other keys are typed.
func filterKeys() group {
	bind := func(stroke, name, help string, do func(m *Model, f *filterLine)) binding {
		return binding{keys: []string{stroke}, label: name, help: help, do: func(m *Model) tea.Cmd {
			if f, ok := m.over.(*filterLine); ok {
				do(m, f)
			}
			return nil
		}}
	}
	return group{"Filter line", []binding{
		bind("enter", "Enter", "keep the filter", func(m *Model, f *filterLine) {
			if f.wrong == "" {
				m.over = nil
			}
		}),
		bind("esc", "Esc", "restore the previous filter", func(m *Model, f *filterLine) {
			_ = f.t.setFilter(f.old, m.now())
			m.over = nil
		}),
		bind("up", "Up", "move up one row", func(m *Model, f *filterLine) { f.t.move(-1, m.now()) }),
		bind("down", "Down", "move down one row", func(m *Model, f *filterLine) { f.t.move(1, m.now()) }),
	}}
}

func (f *filterLine) paste(m *Model, s string) {
	f.in.insert(s)
	f.changed(m)
}

// changed applies the text as a filter. An invalid regular expression leaves
// the table as it is.
func (f *filterLine) changed(m *Model) {
	f.wrong = ""
	if err := f.t.setFilter(f.in.String(), m.now()); err != nil {
		f.wrong = clean(err.Error())
	}
}

func (f *filterLine) draw(m *Model, under []line, w, h int) []line {
	right := text(dim, " "+f.t.count()).hint("Enter", "keep").hint("Esc", "cancel").add(plain, " ")
	if f.wrong != "" {
		right = text(red, " "+f.wrong)
	}
	room := max(w-right.width()-1, 12)
	l := append(text(bold, "/"), f.in.line(room, plain)...)
	under[h-1] = append(l, right...).pad(w)
	return under
}
