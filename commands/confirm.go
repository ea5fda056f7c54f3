package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"lvs/kernel"
)

// tally counts what a deletion removes.
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

// servers returns what is deleted besides the object itself, such as " with 2
// servers, cutting 40 connections (12 active)". It is empty if there is none.
func (t *tally) servers() string {
	if t.members == 0 {
		return ""
	}
	return " with " + plural(t.members, "server") + t.cuts()
}

// cuts returns what is cut, after a comma. It is empty if nothing is.
func (t *tally) cuts() string {
	if t.connections == 0 {
		return ""
	}
	return fmt.Sprintf(", cutting %s (%d active)", plural(t.connections, "connection"), t.active)
}

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
	fmt.Fprintf(a.Err, "This will %s. Go on? [y/N] ", what)
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

// deletions returns what a plan deletes and cuts, or an empty string.
func deletions(before *kernel.Snapshot, changes []kernel.Change) string {
	var services, servers tally
	entries := before.Index()
	for i := range changes {
		e := entries[changes[i].Service.ServiceID]
		switch changes[i].Op {
		case kernel.DeleteService:
			services.add(*e)
		case kernel.DeleteServer:
			servers.addServer(*e.Server(changes[i].Server.Addr))
		}
	}
	var what []string
	if services.services > 0 {
		what = append(what, fmt.Sprintf("delete %s%s", plural(services.services, "service"), services.servers()))
	}
	if servers.members > 0 {
		what = append(what,
			fmt.Sprintf("delete %s of services that stay%s", plural(servers.members, "server"), servers.cuts()))
	}
	return strings.Join(what, ", and ")
}
