package commands

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"lvs/kernel"
)

// tally counts what a deletion takes with it.
type tally struct {
	services, members   int
	active, connections uint64
}

func (t *tally) add(s kernel.ServiceEntry) {
	t.services++
	for _, srv := range s.Servers {
		t.addServer(srv)
	}
}

func (t *tally) addServer(s kernel.ServerEntry) {
	t.members++
	t.active += uint64(s.Active)
	t.connections += uint64(s.Active) + uint64(s.Inactive)
}

// servers says what goes besides the object itself: "with 2 servers, cutting
// 40 connections (12 active)".
func (t *tally) servers() string {
	return fmt.Sprintf("with %s, %s", plural(t.members, "server"), t.cuts())
}

func (t *tally) cuts() string {
	return fmt.Sprintf("cutting %s (%d active)", plural(t.connections, "connection"), t.active)
}

func plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// confirm says what will be done and asks. The answer no is an error with
// status 1; where nobody can be asked, --yes must have said it. A dry run says
// what would be done and asks nothing.
func (a *App) confirm(ctx context.Context, what string) error {
	if a.global.dryRun {
		a.note("would %s", what)
		return nil
	}
	if a.global.yes {
		return nil
	}
	in, close := a.asked()
	if in == nil {
		return usagef("would %s: not confirmed", what).cure("add --yes to do it, or --dry-run to see it first")
	}
	defer close()
	fmt.Fprintf(a.Err, "This will %s. Go on? [y/N] ", what)
	answer, err := a.readLine(ctx, in)
	if err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return &fault{status: exitNo, err: fmt.Errorf("nothing was changed")}
}

// asked gives where an answer comes from: standard input, or the terminal that
// the program was started from where standard input is something else. It is
// nil where nobody sees the question.
func (a *App) asked() (in io.Reader, close func() error) {
	switch {
	case !a.ErrTerminal.Is:
		return nil, nil
	case a.InTerminal.Is:
		return a.In, func() error { return nil }
	case a.OpenTerminal == nil:
		return nil, nil
	}
	t, err := a.OpenTerminal()
	if err != nil {
		return nil, nil
	}
	return t, t.Close
}

// readLine waits for a line, or for the interrupt.
func (a *App) readLine(ctx context.Context, in io.Reader) (string, error) {
	line := make(chan string, 1)
	go func() {
		// The end of input is an empty answer, which is no.
		text, _ := bufio.NewReader(in).ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		return text, nil
	case <-ctx.Done():
		fmt.Fprintln(a.Err)
		return "", ctx.Err()
	}
}
