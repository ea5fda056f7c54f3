package tui

import (
	"context"
	"errors"
	"os/signal"
	"runtime/debug"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

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
