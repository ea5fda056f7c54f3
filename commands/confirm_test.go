package commands

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"lvs/kernel/memory"
)

// If standard input is the file, the question is asked on the terminal.
func TestQuestionOnTheTerminal(t *testing.T) {
	terminal := func(answer string) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(answer)), nil }
	}
	none := func() (io.ReadCloser, error) { return nil, errors.New("no such device or address") }
	for _, c := range []struct {
		name   string
		open   func() (io.ReadCloser, error)
		seen   bool // standard error is a terminal
		status int
		says   string
	}{
		{"yes", terminal("y\n"), true, exitDone, "Go on? [y/N] "},
		{"no", terminal("\n"), true, exitNo, "nothing was changed"},
		{"standard error is not a terminal", terminal("y\n"), false, exitUsage, "not confirmed"},
		{"no terminal", none, true, exitUsage, "not confirmed"},
		{"none to open", nil, true, exitUsage, "not confirmed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := memory.New()
			setUp, _, _ := testApp(k)
			setUp.Run(context.Background(), []string{"service", "add", "fwmark:9"})
			app, _, errs := testApp(k)
			app.In, app.InTerminal.Is, app.ErrTerminal.Is, app.OpenTerminal = strings.NewReader(small), false, c.seen, c.open
			if status := app.Run(context.Background(), []string{"restore"}); status != c.status ||
				!strings.Contains(errs.String(), c.says) {
				t.Errorf("%s: status %d: %s", c.name, status, errs)
			}
		})
	}
}
