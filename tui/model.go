package tui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Model is the dashboard: the one tea.Model. Screens draw and take keys; what
// comes from outside (samples, results of commands) comes here.
type Model struct {
	o    Options
	ctx  context.Context
	g    glyphs
	pal  palette
	w, h int

	// after sends a message in a while.
	after  func(time.Duration, tea.Msg) tea.Cmd
	reader *reader
	hist   *history
	// now is the sample that is shown; nil before the first. err is why there is
	// no newer one.
	sample  *sample
	err     error
	reading bool
	started time.Time
	// round numbers the waits for the next sample: of those under way only the
	// newest counts.
	round  int
	paused bool
	// middleAt is the line of the screen where the middle begins.
	middleAt int

	roots  []screen // where digits jump
	stack  []screen
	over   overlay
	config config
	note   note
	// log is what was run from here; running is set while something is, lookAgain
	// when a look that is under way may have missed it.
	log       []ran
	logged    int
	running   bool
	quitting  bool
	lookAgain bool
}

// screen is what fills the middle of the terminal.
type screen interface {
	// crumb is its part of the path in the head.
	crumb() string
	// refresh takes what a new sample brings.
	refresh(m *Model) tea.Cmd
	// view draws h lines of at most w cells.
	view(m *Model, w, h int) []line
	// keys are those of this screen alone.
	keys() []group
	// grid is its table. Nil is none.
	grid() grid
}

// overlay lies over a screen and takes all keys until it is closed.
type overlay interface {
	key(m *Model, k tea.KeyPressMsg) tea.Cmd
	// draw puts it over the lines of the screen.
	draw(m *Model, under []line, w, h int) []line
}

// note is something said for a while in the last line.
type note struct {
	look  look
	text  string
	until time.Time
}

// Messages from commands that run beside the loop.
type (
	sampleMsg struct {
		s   *sample
		err error
	}
	tickMsg struct{ round int }
	// clockMsg only draws again: ages grow while nothing else happens.
	clockMsg struct{}
)

func newModel(ctx context.Context, o Options) *Model {
	o.complete()
	m := &Model{o: o, ctx: ctx, g: unicodeGlyphs(), pal: palette{noColor: o.NoColor}, w: 80, h: 24,
		after: after, reader: &reader{open: o.Open, now: o.Now}, hist: newHistory()}
	if o.ASCII {
		m.g = asciiGlyphs()
	}
	if o.ReadOnly != "" {
		m.refused()
	}
	var err error
	if m.config, err = m.readConfig(); err != nil {
		m.say(yellow, "the chosen columns cannot be read: %v", err)
	}
	list := newServices(m)
	m.roots = []screen{&overview{list}, list, newMachines(m), newConnections(m, scope{}, "connections"), newLog(m)}
	m.stack = m.roots[:1:1]
	return m
}

func after(d time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}

func (m *Model) now() time.Time { return m.o.Now() }

// Init implements tea.Model.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(m.look(), m.clock(), tea.RequestBackgroundColor)
}

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	return m, m.update(msg)
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.pal.light = !msg.IsDark()
	case tea.ResumeMsg:
		return m.look()
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		if p, ok := m.over.(interface{ paste(*Model, string) }); ok {
			p.paste(m, msg.Content)
		}
	case tea.MouseClickMsg:
		m.click(msg.Y)
	case tea.MouseWheelMsg:
		m.wheel(msg.Button == tea.MouseWheelUp)
	case sampleMsg:
		return m.sampled(msg)
	case walkMsg:
		msg.to.walked(m, msg.w, msg.err)
	case ranMsg:
		return m.ran(msg)
	case lastChangeMsg:
		return m.found(msg)
	case savedMsg:
		m.saved(msg)
	case checkedMsg:
		msg.f.checked(m, msg)
	case triedMsg:
		if m.over == nil {
			return msg.then(m, msg.res)
		}
	case tickMsg:
		if msg.round == m.round && !m.paused {
			return m.look()
		}
	case clockMsg:
		return m.clock()
	}
	return nil
}

// key gives a keystroke to whom it belongs.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	m.note = note{}
	if k.String() == "ctrl+c" {
		return m.quit()
	}
	if m.over != nil {
		return m.over.key(m, k)
	}
	if b := find(m.bindings(), k.String()); b != nil {
		return b.do(m)
	}
	return nil
}

// bindings are all keys that work now, the screen's own first.
func (m *Model) bindings() []group {
	s := m.top()
	groups := s.keys()
	if t, ok := s.(targeted); ok {
		groups = append(groups, selectionKeys(t), actKeys(t))
	}
	if t := s.grid(); t != nil {
		groups = append(groups, tableKeys(t))
	}
	return append(groups, globalKeys())
}

func (m *Model) top() screen { return m.stack[len(m.stack)-1] }

// look takes a sample beside the loop, unless that is under way.
func (m *Model) look() tea.Cmd {
	if m.reading {
		return nil
	}
	m.reading, m.started = true, m.now()
	return func() tea.Msg {
		s, err := m.reader.take(m.ctx)
		return sampleMsg{s, err}
	}
}

// sampled takes what came of a look, and plans the next.
func (m *Model) sampled(msg sampleMsg) tea.Cmd {
	m.reading = false
	if m.lookAgain { // it may have been taken before the change
		m.lookAgain = false
		return m.look()
	}
	m.err = msg.err
	if msg.err == nil {
		m.sample = msg.s
		m.hist.record(msg.s)
		return tea.Batch(m.top().refresh(m), m.wait())
	}
	return m.wait()
}

// wait plans the next look: an interval after the last began. One that lasted
// long is followed by as long a rest.
func (m *Model) wait() tea.Cmd {
	m.round++
	lasted := m.now().Sub(m.started)
	return m.after(max(m.o.Interval-lasted, lasted), tickMsg{m.round})
}

func (m *Model) clock() tea.Cmd {
	return m.after(time.Second, clockMsg{})
}

// say puts something into the last line.
func (m *Model) say(l look, format string, args ...any) {
	m.note = note{l, clean(fmt.Sprintf(format, args...)), m.now().Add(10 * time.Second)}
}

// push goes to a screen below this one.
func (m *Model) push(s screen) tea.Cmd {
	m.stack = append(m.stack[:len(m.stack):len(m.stack)], s)
	return m.refresh()
}

func (m *Model) back() tea.Cmd {
	if t := m.top().grid(); t != nil && t.filterText() != "" {
		_ = t.setFilter("", m.now())
		return nil
	}
	if len(m.stack) > 1 {
		m.leave(1)
		return m.refresh()
	}
	return nil
}

func (m *Model) jump(n int) tea.Cmd {
	m.leave(len(m.stack))
	m.stack = []screen{m.roots[n]}
	return m.refresh()
}

// leave drops screens from the top, and ends what they still wait for.
func (m *Model) leave(n int) {
	for ; n > 0; n-- {
		if s, ok := m.top().(interface{ leave() }); ok {
			s.leave()
		}
		m.stack = m.stack[:len(m.stack)-1]
	}
}

// refresh shows the present sample on the screen that came up.
func (m *Model) refresh() tea.Cmd {
	if m.sample == nil {
		return nil
	}
	return m.top().refresh(m)
}

// quit waits for a change that is under way. Asked again, it does not.
func (m *Model) quit() tea.Cmd {
	if m.running && !m.quitting {
		m.quitting = true
		m.say(yellow, "quitting when the change is done")
		return nil
	}
	return tea.Quit
}

// wheel scrolls.
func (m *Model) wheel(up bool) {
	if t := m.top().grid(); t != nil && m.over == nil {
		t.move(3-6*boolInt(up), m.now())
	}
}

// click puts the cursor on the row under the mouse.
func (m *Model) click(y int) {
	if t := m.top().grid(); t != nil && m.over == nil {
		t.point(y-m.middleAt, m.now())
	}
}
