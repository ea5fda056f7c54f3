package tui

import (
	"context"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Model is the dashboard, its only tea.Model. It receives the samples and the
// results of commands; the screens draw and handle their keys.
type Model struct {
	o    Options
	ctx  context.Context
	g    glyphs
	pal  palette
	w, h int

	// after sends a message after a time.
	after  func(time.Duration, tea.Msg) tea.Cmd
	reader *reader
	hist   *history
	// sample is the sample that is shown; nil before the first. err is the reason
	// why it could not be renewed.
	sample  *sample
	err     error
	reading bool
	started time.Time
	// director is what the director of the table said last; nil if none runs. asking is set
	// while it is asked, and askAt is when it may be asked again.
	director *director
	asking   bool
	askAt    time.Time
	// round is the number of the last wait for a sample. Ticks of earlier waits
	// are ignored.
	round  int
	paused bool
	// middleAt is the number of lines above the screen that is shown: the head.
	middleAt int

	roots  []screen // the screens of the keys 1 to 5
	stack  []screen
	over   overlay
	config config
	note   note
	// log holds the commands that were run. running is set while a command runs,
	// lookAgain if a sample that began before its end must be taken again.
	log       []ran
	logged    int
	running   bool
	quitting  bool
	lookAgain bool
}

// screen fills the terminal between the head and the foot.
type screen interface {
	// crumb is the name of the screen in the path at the top.
	crumb() string
	// refresh updates the screen from the newest sample.
	refresh(m *Model) tea.Cmd
	// view draws h lines of at most w cells.
	view(m *Model, w, h int) []line
	// keys returns the keys that only this screen has.
	keys() []group
	// grid is the table of the screen. Nil: it has none.
	grid() grid
}

// overlay is drawn over a screen and receives all keys until it is closed.
type overlay interface {
	key(m *Model, k tea.KeyPressMsg) tea.Cmd
	// draw draws the overlay over the lines of the screen.
	draw(m *Model, under []line, w, h int) []line
}

// note is a message that the last line shows for some seconds.
type note struct {
	look  look
	text  string
	until time.Time
}

// Messages from commands that run outside the event loop.
type (
	sampleMsg struct {
		s   *sample
		err error
	}
	tickMsg struct{ round int }
	// clockMsg only redraws: ages grow while nothing else happens.
	clockMsg struct{}
)

func newModel(ctx context.Context, o Options) *Model {
	o.complete()
	m := &Model{o: o, ctx: ctx, g: unicodeGlyphs(), pal: palette{noColor: o.NoColor}, w: 80, h: 24,
		after: after, reader: &reader{open: o.Open, now: o.Now, outages: o.Outages}, hist: newHistory()}
	if o.ASCII {
		m.g = asciiGlyphs()
	}
	if o.ReadOnly != "" {
		m.refused()
	}
	var err error
	if m.config, err = m.readConfig(); err != nil {
		m.say(yellow, "cannot read the saved columns: %v", err)
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
	return tea.Batch(m.look(), m.ask(), m.clock(), tea.RequestBackgroundColor)
}

// Update implements tea.Model.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	return m, m.update(msg)
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = bounded(msg.Width, msg.Height)
	case tea.BackgroundColorMsg:
		m.pal.light = !msg.IsDark()
	case tea.ResumeMsg:
		return tea.Batch(m.look(), m.ask())
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
	case directorMsg:
		return m.answered(msg)
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
			return tea.Batch(m.look(), m.ask())
		}
	case clockMsg:
		return m.clock()
	}
	return nil
}

// key handles a keystroke.
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

// bindings returns all keys that work now, those of the screen first.
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

// look takes a sample outside the event loop, unless one is being taken.
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

// sampled handles the result of look and schedules the next one.
func (m *Model) sampled(msg sampleMsg) tea.Cmd {
	m.reading = false
	if m.lookAgain { // the sample may be older than the last change
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

// wait schedules the next sample, an interval after the last one began. If that
// took longer than half the interval, the pause is as long as the sample took.
func (m *Model) wait() tea.Cmd {
	m.round++
	lasted := m.now().Sub(m.started)
	return m.after(max(m.o.Interval-lasted, lasted), tickMsg{m.round})
}

func (m *Model) clock() tea.Cmd {
	return m.after(time.Second, clockMsg{})
}

// say shows a message in the last line.
func (m *Model) say(l look, format string, args ...any) {
	m.note = note{l, clean(fmt.Sprintf(format, args...)), m.now().Add(10 * time.Second)}
}

// push shows a screen on top of the present one.
func (m *Model) push(s screen) tea.Cmd {
	m.stack = append(m.stack[:len(m.stack):len(m.stack)], s)
	return m.refresh()
}

// back clears the filter of the table. Without a filter it returns to the
// previous screen.
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

// jump shows one of the root screens.
func (m *Model) jump(n int) tea.Cmd {
	m.leave(len(m.stack))
	m.stack = []screen{m.roots[n]}
	return m.refresh()
}

// leave removes n screens from the top and cancels what they wait for.
func (m *Model) leave(n int) {
	for ; n > 0; n-- {
		if s, ok := m.top().(interface{ leave() }); ok {
			s.leave()
		}
		m.stack = m.stack[:len(m.stack)-1]
	}
}

// refresh updates the screen on the top from the newest sample.
func (m *Model) refresh() tea.Cmd {
	if m.sample == nil {
		return nil
	}
	return m.top().refresh(m)
}

// quit ends the dashboard, after the running change if there is one. The second
// call does not wait.
func (m *Model) quit() tea.Cmd {
	if m.running && !m.quitting {
		m.quitting = true
		m.say(yellow, "a change is running: quitting when it ends (q again quits now)")
		return nil
	}
	return tea.Quit
}

// wheel moves the cursor by three rows.
func (m *Model) wheel(up bool) {
	if t := m.top().grid(); t != nil && m.over == nil {
		t.move(3-6*boolInt(up), m.now())
	}
}

// click puts the cursor on the row at line y of the terminal.
func (m *Model) click(y int) {
	if t := m.top().grid(); t != nil && m.over == nil {
		t.point(y-m.middleAt, m.now())
	}
}
