package tui

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

// column is one column of a table.
type column[R any] struct {
	// key names the column in the configuration. It is the JSON key of the value
	// if the JSON output has it.
	key string
	// title is the heading, short the heading on a narrow screen. Empty: title.
	title, short string
	// was is the key in the configuration of earlier versions. Empty: key.
	was string
	// help explains the column in one line.
	help string
	// width is the smallest number of cells. A grown column gets as many as its
	// longest value needs.
	width int
	grown bool
	// left aligns the column to the left, as text.
	left bool
	// rank orders the columns for removal if they do not all fit: the highest
	// goes first. Zero: never removed.
	rank int
	// off hides the column until the user chooses it.
	off bool
	// when reports whether there is something to show; without it the column is hidden,
	// also if it is chosen. Nil: always.
	when func() bool
	// down sorts in descending order when the column is selected for sorting.
	down bool

	cell    func(*R) string
	look    func(*R) look
	compare func(a, b *R) int
}

// heading returns the title, or its short form for a narrow screen.
func (c *column[R]) heading(narrow bool) string {
	if narrow && c.short != "" {
		return c.short
	}
	return c.title
}

// is reports whether name means the column: its key, a heading or an old key,
// in any case.
func (c *column[R]) is(name string) bool {
	for _, own := range []string{c.key, c.title, c.short, c.was} {
		if own != "" && strings.EqualFold(own, name) {
			return true
		}
	}
	return false
}

// layout selects the columns that fit into w cells, with one cell between them,
// and returns the width of each. narrow reports that they have short headings,
// because the long ones do not fit.
func layout[R any](chosen []*column[R], widths map[string]int, w int) (columns []*column[R], sizes []int, narrow bool) {
	columns = append(columns, chosen...)
	for {
		var over int
		if sizes, over = measure(columns, widths, narrow, w); over <= 0 || len(columns) == 0 {
			return columns, sizes, narrow
		}
		if !narrow {
			narrow = true
			continue
		}
		last := worst(columns)
		if columns[last].rank == 0 {
			return columns, shrink(columns, sizes, over), narrow
		}
		columns = append(columns[:last:last], columns[last+1:]...)
	}
}

// measure returns the width that each column needs, and by how many cells all
// of them exceed w.
func measure[R any](columns []*column[R], widths map[string]int, narrow bool, w int) (sizes []int, over int) {
	total := 0
	for _, c := range columns {
		n := max(c.width, widths[c.key], utf8.RuneCountInString(c.heading(narrow)))
		sizes = append(sizes, n)
		total += n + 1
	}
	return sizes, total - 1 - w
}

// worst returns the index of the column that is removed first.
func worst[R any](columns []*column[R]) int {
	at := 0
	for i, c := range columns {
		if c.rank >= columns[at].rank {
			at = i
		}
	}
	return at
}

// shrink removes over cells from the grown columns.
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

// chooser is the overlay in which the user chooses the columns of a table.
type chooser struct {
	t       grid
	columns []choice
	sort    string
	down    bool
	at      int
}

func newChooser(_ *Model, t grid) *chooser {
	c := &chooser{t: t, columns: t.choices()}
	c.sort, c.down = t.sorted()
	return c
}

func (c *chooser) key(m *Model, k tea.KeyPressMsg) tea.Cmd { return press(m, chooserKeys(), k) }

// chooserKeys returns the keys of the column chooser.
func chooserKeys() group {
	bind := func(name, help string, do func(m *Model, c *chooser), strokes ...string) binding {
		return binding{keys: strokes, label: name, help: help, do: func(m *Model) tea.Cmd {
			if c, ok := m.over.(*chooser); ok {
				do(m, c)
			}
			return nil
		}}
	}
	return group{"Column chooser", []binding{
		bind("Up, k", "go to the previous column", func(_ *Model, c *chooser) { c.move(-1) }, "up", "k"),
		bind("Down, j", "go to the next column", func(_ *Model, c *chooser) { c.move(1) }, "down", "j"),
		bind("Space", "show or hide the column", func(_ *Model, c *chooser) { c.toggle() }, "space"),
		bind("K, -", "move the column to the left", func(_ *Model, c *chooser) { c.swap(-1) }, "K", "shift+up", "-"),
		bind("J, +", "move the column to the right", func(_ *Model, c *chooser) { c.swap(1) }, "J", "shift+down", "+"),
		bind("s", "sort by the column; press again to reverse", func(_ *Model, c *chooser) { c.sortHere() }, "s"),
		bind("Enter", "apply and save the choice", func(m *Model, c *chooser) { m.over = nil; c.take(m) }, "enter"),
		bind("Esc", "discard the choice", func(m *Model, _ *chooser) { m.over = nil }, "esc", "q"),
	}}
}

func (c *chooser) move(step int) { c.at = min(max(c.at+step, 0), len(c.columns)-1) }

func (c *chooser) toggle() { c.columns[c.at].shown = !c.columns[c.at].shown }

func (c *chooser) sortHere() {
	if here := c.columns[c.at]; here.key == c.sort {
		c.down = !c.down
	} else {
		c.sort, c.down = here.key, here.down
	}
}

func (c *chooser) swap(step int) {
	if to := c.at + step; to >= 0 && to < len(c.columns) {
		c.columns[c.at], c.columns[to] = c.columns[to], c.columns[c.at]
		c.at = to
	}
}

// take applies the choice and saves it.
func (c *chooser) take(m *Model) {
	var shown []string
	for _, col := range c.columns {
		if col.shown {
			shown = append(shown, col.key)
		}
	}
	if len(shown) == 0 {
		m.say(yellow, "nothing was changed: a table needs at least one column")
		return
	}
	c.t.setChoices(shown, c.sort, c.down, m.now())
	m.remember(c.t)
}

func (c *chooser) draw(m *Model, under []line, w, h int) []line {
	var body []line
	for i, col := range c.columns {
		box := "[ ] "
		if col.shown {
			box = "[x] "
		}
		arrow := " "
		if col.key == c.sort {
			arrow = m.g.up
			if c.down {
				arrow = m.g.down
			}
		}
		l := text(plain, box+arrow+" ").add(bold, fit(&m.g, col.title, 12, true)).add(dim, " "+col.help)
		if i == c.at {
			l = l.with(reverse)
		}
		body = append(body, l)
	}
	foot := line{}.hint("Enter", "save").hint("Esc", "cancel").hint("Space", "show or hide").
		hint("s", "sort").hint("J, K", "move")
	return m.box(under, w, h, "Columns", body, c.at, foot)
}

// configFile is the file that keeps the user's choices, in Options.ConfigDir.
const configFile = "top.json"

// config is the content of configFile.
type config struct {
	Tables map[string]tableConfig `json:"tables"`
}

// tableConfig is the user's choice for one table. Columns and Sort are column
// keys; the keys of earlier versions are accepted.
type tableConfig struct {
	Columns []string `json:"columns"`
	Sort    string   `json:"sort"`
	Down    bool     `json:"descending"`
}

// configPath returns the path of configFile. Empty: choices are not saved.
func (m *Model) configPath() string {
	if m.o.ConfigDir == "" {
		return ""
	}
	return filepath.Join(m.o.ConfigDir, configFile)
}

// readConfig reads configFile. If the file does not exist or cannot be parsed,
// all tables have their default columns.
func (m *Model) readConfig() (c config, err error) {
	path := m.configPath()
	if path == "" {
		return c, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) { // sudo -u keeps HOME
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	return c, err
}

// recall applies the saved choice to a table.
func (m *Model) recall(t grid) {
	c, ok := m.config.Tables[t.label()]
	if !ok || len(c.Columns) == 0 {
		return
	}
	t.setChoices(c.Columns, c.Sort, c.Down, time.Time{})
}

// remember saves the columns and the order of a table.
func (m *Model) remember(t grid) {
	var shown []string
	for _, c := range t.choices() {
		if c.shown {
			shown = append(shown, c.key)
		}
	}
	sort, down := t.sorted()
	if m.config.Tables == nil {
		m.config.Tables = map[string]tableConfig{}
	}
	m.config.Tables[t.label()] = tableConfig{shown, sort, down}
	path := m.configPath()
	if path == "" {
		return
	}
	b, err := json.MarshalIndent(m.config, "", "  ")
	if err == nil {
		err = os.MkdirAll(m.o.ConfigDir, 0o700)
	}
	if err == nil {
		err = replace(path, append(b, '\n'))
	}
	if err != nil {
		m.say(red, "cannot save the columns: %v", err)
	}
}

// replace writes a file atomically: a reader sees the old or the new content.
func replace(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".top-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
