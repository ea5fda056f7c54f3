// Package tui is the live dashboard of lvs top. It reads the table once per
// interval, remembers the past that its charts need, and draws the screens. It
// never changes the table itself: after the user has confirmed a dialog, the
// package commands runs a command line.
//
// Model in model.go is the only tea.Model. Each screen has a file, which also
// defines its keys. sample.go reads the table and history.go remembers it; they
// do not know the terminal.
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
	"lvs/output"
)

// Options configure the dashboard.
type Options struct {
	// Open opens the kernel for reading. It is called for the table, again after
	// IPVS was not available, and once for each reading of the connection table,
	// which runs in parallel.
	Open func() (kernel.Kernel, error)
	// Run runs a command line of lvs, given without the name of the program. All
	// changes are made by it.
	Run func(ctx context.Context, args []string) Result
	// LastChange returns the change that undo would undo. Nil: no undo.
	LastChange func(ctx context.Context) Change
	// Line quotes a command line for a shell. Nil: the words with spaces between
	// them.
	Line func(args []string) string
	// Schedulers are suggested in the form of a service.
	Schedulers []string
	// In and Out are the terminal.
	In  io.Reader
	Out io.Writer
	// Environ is the environment, in the form of os.Environ.
	Environ []string
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Interval is the time between two readings of the table. Zero: one second.
	Interval time.Duration
	// ReadOnly is why the table must not be changed. Empty: changes are allowed.
	ReadOnly string
	// Outages returns what is remembered about servers, and what else is to be said: that a
	// change is undone unless it is confirmed. It is called before each reading. Nil: nothing
	// is remembered.
	Outages func() (map[kernel.ServerKey]output.Outage, string)
	// Director returns what the director of the table says, or nil if none runs. The error
	// says why a director that runs cannot be believed. It is called about once a second,
	// beside the readings of the table, and bounds its own time. Nil: none is asked.
	Director func(context.Context) (*output.DirectorRow, error)
	// Name is the name of the program in commands: lvs or lvsctl.
	Name string
	// Globals are the options of every command line: --netns NAME.
	Globals []string
	// Hint returns how to fix an error, or an empty string. Nil: no hints.
	Hint func(error) string
	// Fix returns the fix of a diagnosis for the network namespace of the table. Nil: it
	// is that of the program.
	Fix func(string) string
	// Host is the name of the director on the screen. Empty: none.
	Host string
	// Netns is the network namespace in saved JSON. Empty: none.
	Netns string
	// ASCII draws with ASCII characters only.
	ASCII bool
	// NoColor uses bold, dim, reverse video and strikethrough, but no colours.
	NoColor bool
	// Mouse enables the mouse: a click selects a row, the wheel scrolls.
	Mouse bool
	// ConfigDir is the directory of the saved columns. Empty: they are not saved.
	ConfigDir string
	// SaveDir is the directory of saved screens. Empty: the current directory.
	SaveDir string
}

// Result is the result of a command line.
type Result struct {
	// Out and Err are its standard output and standard error.
	Out, Err string
	// Status is its exit status.
	Status int
}

// complete sets the defaults.
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

// Run shows the dashboard until the user quits or the context ends. It returns the
// error of the context in the second case. It always restores the terminal.
func Run(ctx context.Context, o Options) error {
	// The history lives long and a sample only for a moment: the heap must not
	// grow to several times the size of the history.
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memoryLimit))
	defer debug.SetGCPercent(debug.SetGCPercent(garbagePercent))
	// Without a handler, SIGQUIT would not restore the terminal. The caller's context ends
	// with the other signals.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGQUIT)
	defer stop()
	m := newModel(ctx, o)
	defer m.reader.close()
	profile := colorprofile.ANSI
	if o.NoColor {
		profile = colorprofile.ASCII
	}
	// Signals end the context. The profile is set, because detecting it may start
	// tmux.
	options, follow := onTerminal(&o)
	p := tea.NewProgram(m, append(options, tea.WithContext(ctx), tea.WithInput(o.In),
		tea.WithEnvironment(o.Environ), tea.WithFPS(framesPerSecond), tea.WithColorProfile(profile),
		tea.WithoutSignalHandler())...)
	following, end := context.WithCancel(ctx)
	defer end()
	go follow(following, p)
	_, err := p.Run()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, tea.ErrProgramPanic) {
		return errors.New("the dashboard crashed; the crash did not change the IPVS table")
	}
	return err
}

const (
	// memoryLimit (bytes) and garbagePercent are for the garbage collector.
	memoryLimit    = 56 << 20
	garbagePercent = 50
	// framesPerSecond is how often the screen is redrawn: the response to a key is
	// visible within 1/30 second.
	framesPerSecond = 30
)
