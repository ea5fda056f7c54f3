package ipvsadm

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"lvs/kernel"
)

// restore is -R. It reads and checks the whole text before it changes anything.
func (p *Program) restore(ctx context.Context) int {
	var todo steps
	if status := p.readText(ctx, func(l *Line) { todo.add(&l.Command) }); status != exitDone {
		return status
	}
	return p.runSteps(ctx, todo)
}

// replace is ipvsadm-restore: the table becomes what the text makes of an empty one.
// If the text only changes services and servers, and the kernel is not expected to
// refuse any change, then what stays the same keeps its connections.
func (p *Program) replace(ctx context.Context) int {
	var lines []Line
	if status := p.readText(ctx, func(l *Line) { lines = append(lines, *l) }); status != exitDone {
		return status
	}
	if wanted, ok := tableOf(lines); ok {
		before, err := p.kernel.Snapshot(ctx)
		if err != nil {
			return p.fail(ctx, err, exitRefused)
		}
		return p.apply(ctx, changesTo(before, wanted))
	}
	if err := p.kernel.Flush(ctx); err != nil {
		return p.fail(ctx, err, exitRefused)
	}
	var todo steps
	for i := range lines {
		todo.add(&lines[i].Command)
	}
	return p.runSteps(ctx, todo)
}

// readText reads the whole text. If it has faults, readText prints them and returns
// the status of the first. An interrupt ends it even while it waits for input.
func (p *Program) readText(ctx context.Context, take func(*Line)) int {
	read := &parser{names: p.Names, wide: true}
	done := make(chan error, 1)
	go func() { done <- read.read(p.In, take) }()
	select {
	case <-ctx.Done():
		return exitStopped
	case err := <-done:
		if err != nil {
			return p.fail(ctx, err, exitArgument)
		}
	}
	if len(read.faults) == 0 {
		return exitDone
	}
	for _, f := range read.faults {
		fmt.Fprintln(p.Err, f)
	}
	fmt.Fprintln(p.Err, "nothing was changed")
	return read.faults[0].said.status
}

// steps are the command lines to run, in their order.
type steps []step

// stepLen is the largest number of changes in a step. Slices that never grow need half
// the memory, which saves a good part of the time.
const stepLen = 2048

// step is a series of changes, sent together, and then a command of another kind, if
// there is one.
type step struct {
	changes []kernel.Change
	then    *Command
}

func (s *steps) add(c *Command) {
	if n := len(*s); n == 0 || (*s)[n-1].then != nil || len((*s)[n-1].changes) == stepLen {
		*s = append(*s, step{})
	}
	last := &(*s)[len(*s)-1]
	if ops[c.Verb] != 0 {
		if last.changes == nil {
			last.changes = make([]kernel.Change, 0, stepLen)
		}
		last.changes = append(last.changes, c.change())
		return
	}
	then := *c
	last.then = &then
}

// runSteps runs all steps, also after one that fails. It returns the status of the last
// that failed.
func (p *Program) runSteps(ctx context.Context, todo steps) int {
	status := exitDone
	for _, s := range todo {
		if failed := p.apply(ctx, s.changes); failed != exitDone {
			status = failed
		}
		if ctx.Err() != nil {
			break
		}
		if s.then == nil {
			continue
		}
		if failed := p.run(ctx, s.then); failed != exitDone {
			status = failed
		}
		if s.then.Verb == showHelp || s.then.Verb == showVersion {
			break // as ipvsadm does
		}
	}
	return status
}

// apply sends changes and prints each refusal.
func (p *Program) apply(ctx context.Context, changes []kernel.Change) int {
	if len(changes) == 0 {
		return exitDone
	}
	err := p.kernel.Apply(ctx, changes)
	var refused kernel.Refusals
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &refused) && len(refused) > 0:
		for _, r := range refused[:len(refused)-1] {
			p.fail(ctx, r.Err, exitRefused)
		}
		return p.fail(ctx, refused[len(refused)-1].Err, exitRefused)
	}
	return p.fail(ctx, err, exitRefused)
}

// tableOf returns the table that lines make of an empty one. It reports false if the
// lines have other commands too, or changes that the kernel would refuse.
func tableOf(lines []Line) (_ []Service, ok bool) {
	for i := range lines {
		if l := &lines[i]; l.Verb > DeleteServer {
			return nil, false
		}
	}
	services, err := replay(lines)
	return services, err == nil
}

// changesTo returns the changes from one table to another: first what is new or
// different, then the deletions.
func changesTo(before *kernel.Snapshot, wanted []Service) []kernel.Change {
	old := before.Index()
	var do, drop []kernel.Change
	for i := range wanted {
		want := &wanted[i]
		have := old[want.ServiceID]
		delete(old, want.ServiceID)
		switch {
		case have == nil:
			do = append(do, kernel.Change{Op: kernel.AddService, Service: want.Service})
		case !sameService(&have.Service, &want.Service):
			do = append(do, kernel.Change{Op: kernel.EditService, Service: want.Service})
		}
		do, drop = serverChanges(do, drop, have, want)
	}
	for i := range before.Services {
		if s := &before.Services[i]; old[s.ServiceID] != nil {
			drop = append(drop, kernel.Change{Op: kernel.DeleteService, Service: s.Service})
		}
	}
	return append(do, drop...)
}

// serverChanges appends the changes of the servers of a service. have is nil if the
// service is new. A server that would have another place in the kernel's order than after
// a flush is deleted and added again.
func serverChanges(do, drop []kernel.Change, have *kernel.ServiceEntry, want *Service) (_, _ []kernel.Change) {
	old := map[netip.AddrPort]*kernel.Server{}
	if have != nil {
		for i := range have.Servers {
			old[have.Servers[i].Addr] = &have.Servers[i].Server
		}
	}
	change := func(op kernel.Op, v kernel.Server) kernel.Change {
		return kernel.Change{Op: op, Service: want.Service, Server: v}
	}
	stay := staying(have, want)
	for i, v := range want.Servers {
		was := old[v.Addr]
		delete(old, v.Addr)
		switch {
		case was == nil:
			do = append(do, change(kernel.AddServer, v.Server))
		case i >= stay:
			do = append(do, change(kernel.DeleteServer, *was), change(kernel.AddServer, v.Server))
		case *was != v.Server:
			do = append(do, change(kernel.EditServer, v.Server))
		}
	}
	if len(old) > 0 {
		for _, e := range slices.Backward(have.Servers) {
			if old[e.Addr] != nil {
				drop = append(drop, change(kernel.DeleteServer, e.Server))
			}
		}
	}
	return do, drop
}

// staying returns how many of the wanted servers, from the first, can keep their place:
// they exist and were added in this order. Those after them have to be added after them.
func staying(have *kernel.ServiceEntry, want *Service) int {
	if have == nil {
		return 0
	}
	n := 0
	for _, e := range slices.Backward(have.Servers) { // the first added is the last
		if n < len(want.Servers) && want.Servers[n].Addr == e.Addr {
			n++
		}
	}
	return n
}

// sameService reports whether the kernel treats two services as the same. There are
// several netmasks that do not group clients.
func sameService(a, b *kernel.Service) bool {
	x, y := *a, *b
	if x.Netmask.Whole(x.Family) {
		x.Netmask = 0
	}
	if y.Netmask.Whole(y.Family) {
		y.Netmask = 0
	}
	return x == y
}
