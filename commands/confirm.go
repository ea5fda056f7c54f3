package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

func plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// confirm prints what will be done and asks. The answer no is an error with exit
// status 1. If it cannot ask, it is an error without --yes. With --dry-run it
// prints what would be done and does not ask.
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
		return usagef("would %s: not confirmed", what).hintf("add --yes to do it, or --dry-run to see it first")
	}
	defer func() { _ = close() }()
	return a.askApart(ctx, func() error { return a.ask(ctx, in, what) })
}

// ask asks and waits for the answer.
func (a *App) ask(ctx context.Context, in io.Reader, what string) error {
	fmt.Fprintf(a.Err, "%s [y/N] ", oneLine("This will "+what+". Go on?"))
	answer, err := readLine(ctx, in)
	if err != nil {
		fmt.Fprintln(a.Err)
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return &fault{status: exitNo, err: errors.New("nothing was changed")}
}

// asked returns where to read the answer: standard input or, if that is not a
// terminal, the terminal that the program was started from. in is nil if the question
// would not be shown on a terminal.
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

// readLine waits for a line or for the end of the context.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	line := make(chan string, 1)
	go func() {
		// The end of the input is an empty answer: no.
		text, _ := bufio.NewReader(in).ReadString('\n')
		line <- text
	}()
	select {
	case text := <-line:
		return text, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
