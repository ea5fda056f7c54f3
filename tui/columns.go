package tui

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
)

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

// chooser lies over a table and chooses its columns.
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

// chooserKeys choose columns.
func chooserKeys() group {
	of := func(do func(m *Model, c *chooser)) func(*Model) tea.Cmd {
		return func(m *Model) tea.Cmd {
			if c, ok := m.over.(*chooser); ok {
				do(m, c)
			}
			return nil
		}
	}
	return group{"Choosing columns", []binding{
		{keys: []string{"up", "k"}, label: "Up, k", help: "the column before", do: of(func(_ *Model, c *chooser) { c.at = max(c.at-1, 0) })},
		{keys: []string{"down", "j"}, label: "Down, j", help: "the next column", do: of(func(_ *Model, c *chooser) { c.at = min(c.at+1, len(c.columns)-1) })},
		{keys: []string{"space"}, label: "Space", help: "show it, or not", do: of(func(_ *Model, c *chooser) { c.columns[c.at].shown = !c.columns[c.at].shown })},
		{keys: []string{"K", "shift+up", "-"}, label: "K, -", help: "move it to the left", do: of(func(_ *Model, c *chooser) { c.swap(-1) })},
		{keys: []string{"J", "shift+down", "+"}, label: "J, +", help: "move it to the right", do: of(func(_ *Model, c *chooser) { c.swap(1) })},
		{keys: []string{"s"}, help: "sort by it; again, the other way round", do: of(func(_ *Model, c *chooser) { c.sortHere() })},
		{keys: []string{"enter"}, label: "Enter", help: "take and remember it", do: of(func(m *Model, c *chooser) {
			m.over = nil
			c.take(m)
		})},
		{keys: []string{"esc", "q"}, label: "Esc", help: "leave all as it was", do: of(func(m *Model, _ *chooser) { m.over = nil })},
	}}
}

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

func (c *chooser) take(m *Model) {
	var shown []string
	for _, col := range c.columns {
		if col.shown {
			shown = append(shown, col.key)
		}
	}
	if len(shown) == 0 {
		m.say(yellow, "a table needs a column; nothing was changed")
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
	return m.box(under, w, h, "Columns", body, c.at, text(dim, "Space shows, s sorts, J and K move, Enter takes, Esc drops"))
}

// configFile is what is remembered from one day to the next.
const configFile = "top.json"

// config is the content of configFile.
type config struct {
	Tables map[string]tableConfig `json:"tables"`
}

type tableConfig struct {
	Columns []string `json:"columns"`
	Sort    string   `json:"sort"`
	Down    bool     `json:"descending"`
}

func (m *Model) configPath() string {
	if m.o.ConfigDir == "" {
		return ""
	}
	return filepath.Join(m.o.ConfigDir, configFile)
}

// readConfig reads what was remembered. Without it, or where it is spoilt,
// everything is as it comes.
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

// recall gives a table the columns that were chosen for it.
func (m *Model) recall(t grid) {
	c, ok := m.config.Tables[t.label()]
	if !ok || len(c.Columns) == 0 {
		return
	}
	t.setChoices(c.Columns, c.Sort, c.Down, time.Time{})
}

// remember keeps the columns of a table.
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
		m.say(red, "the columns are not remembered: %v", err)
	}
}

// replace writes a file so that it is whole at any time.
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
