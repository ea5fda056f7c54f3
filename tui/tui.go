// Package tui is the live dashboard: what lvs top shows. It reads the table once
// an interval, keeps what it needs of the past, and draws. It changes nothing by
// itself: every change is a command line that the room commands runs, after a
// dialog was confirmed.
//
// model.go is the one tea.Model; each screen is a file with its keys beside it.
// sample.go reads, history.go remembers; neither knows of a terminal.
package tui

import (
	"context"
	"errors"
	"io"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"lvs/kernel"
)

// Options are what the dashboard is given.
type Options struct {
	// Open gives a way to read the kernel. It is called for the table, again
	// whenever IPVS had gone away, and once for each screen that walks the
	// connection table, which must not hold up the rest.
	Open func() (kernel.Kernel, error)
	// Run carries out a command line of lvs, given without the program's name.
	// Every change goes through it.
	Run func(ctx context.Context, args []string) Result
	// LastChange finds the change that undo would take back. Nil is none.
	LastChange func(ctx context.Context) Change
	// Line writes a command line so that a shell reads it as it is. Nil joins its
	// words with spaces.
	Line func(args []string) string
	// Schedulers are proposed for services.
	Schedulers []string
	// In and Out are a terminal.
	In  io.Reader
	Out io.Writer
	// Environ is the environment, as os.Environ gives it.
	Environ []string
	// Now is the clock. Nil is time.Now.
	Now func() time.Time
	// Interval is the time between two looks at the table. Zero is a second.
	Interval time.Duration
	// ReadOnly is why nothing may be changed. Empty means that it may.
	ReadOnly string
	// Name is what the program is called in commands: lvs or lvsctl.
	Name string
	// Globals are options that belong to every command line: --netns NAME.
	Globals []string
	// Hint gives the cure of an error, or nothing. Nil knows none.
	Hint func(error) string
	// Host is shown as the place that is looked at. Empty is none.
	Host string
	// Netns is the network namespace as JSON names it. Empty is none.
	Netns string
	// ASCII draws with characters that every terminal has.
	ASCII bool
	// NoColor leaves bold, dim, reverse and strikethrough only.
	NoColor bool
	// Mouse takes the mouse: click selects, wheel scrolls.
	Mouse bool
	// ConfigDir is the folder in which chosen columns are remembered. Empty
	// remembers nothing.
	ConfigDir string
	// SaveDir is the folder that screens are saved to. Empty is the current one.
	SaveDir string
}

// Result is what a command line came to.
type Result struct {
	// Out and Err are what it printed.
	Out, Err string
	// Status is the exit status.
	Status int
}

func (o *Options) complete() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Name == "" {
		o.Name = "lvs"
	}
	if o.Line == nil {
		o.Line = func(args []string) string { return o.Name + " " + strings.Join(args, " ") }
	}
}

// Run shows the dashboard until it is quit, or until the context ends: then the
// context's error is returned. However it ends, the terminal is as it was.
func Run(ctx context.Context, o Options) error {
	// What is remembered lives long and what is read a moment: the heap must not
	// grow to several times the former.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	defer debug.SetGCPercent(debug.SetGCPercent(garbagePercent))
	// A hang-up or a quit signal would leave the terminal as it is.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP, syscall.SIGQUIT)
	defer stop()
	m := newModel(ctx, o)
	defer m.reader.close()
	profile := colorprofile.ANSI
	if o.NoColor {
		profile = colorprofile.ASCII
	}
	// Signals end the context; the profile is ours, because finding one out may
	// start tmux.
	p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out),
		tea.WithEnvironment(o.Environ), tea.WithFPS(framesPerSecond), tea.WithColorProfile(profile), tea.WithoutSignalHandler())
	_, err := p.Run()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, tea.ErrProgramPanic) {
		return errors.New("the dashboard broke down; the table is as it was")
	}
	return err
}

const (
	memoryLimit    = 56 << 20
	garbagePercent = 50
	// framesPerSecond is how often the screen is looked at for changes: a key is
	// answered within a thirtieth of a second.
	framesPerSecond = 30
)
