package ipvsadm

import (
	"context"
	"errors"
	"fmt"

	"lvs/kernel"
)

// restore is -R. Everything is read and checked before anything is done.
func (p *Program) restore(ctx context.Context) int {
	lines, status := p.readLines(ctx)
	if status != exitDone {
		return status
	}
	return p.runLines(ctx, lines)
}

// replace is ipvsadm-restore: the table becomes what the text makes of an
// empty one. Where that needs no more than changes, and none is refused, what
// is the same stays, with its connections.
func (p *Program) replace(ctx context.Context) int {
	lines, status := p.readLines(ctx)
	if status != exitDone {
		return status
	}
	wanted, ok := tableOf(lines)
	if !ok {
		if err := p.kernel.Flush(ctx); err != nil {
			return p.fail(ctx, err, exitRefused)
		}
		return p.runLines(ctx, lines)
	}
	before, err := p.kernel.Snapshot(ctx)
	if err != nil {
		return p.fail(ctx, err, exitRefused)
	}
	return p.apply(ctx, changesTo(before, wanted))
}

// readLines reads the whole text. It prints every fault, and gives another
// status than exitDone where there is one. An interrupt ends it even where no
// text comes.
func (p *Program) readLines(ctx context.Context) ([]Line, int) {
	type result struct {
		lines  []Line
		faults Faults
		err    error
	}
	done := make(chan result, 1)
	go func() {
		read := &parser{names: p.Names, wide: true}
		var r result
		r.err = read.read(p.In, func(l *Line) { r.lines = append(r.lines, *l) })
		r.faults = read.faults
		done <- r
	}()
	var r result
	select {
	case r = <-done:
	case <-ctx.Done():
		return nil, exitStopped
	}
	switch {
	case r.err != nil:
		return nil, p.fail(ctx, r.err, exitArgument)
	case len(r.faults) == 0:
		return r.lines, exitDone
	}
	for _, f := range r.faults {
		fmt.Fprintln(p.Err, f)
	}
	fmt.Fprintln(p.Err, "nothing was changed")
	return nil, r.faults[0].said.status
}

// runLines does what the lines say, changes that follow one another in one go.
// What is refused does not stop what follows. The status is that of the last
// line that failed.
func (p *Program) runLines(ctx context.Context, lines []Line) int {
	status := exitDone
	var changes []kernel.Change
	for i := range lines {
		c := &lines[i].Command
		if ops[c.Verb] != 0 {
			changes = append(changes, c.change())
			continue
		}
		failed := p.apply(ctx, changes)
		changes = changes[:0]
		if failed == exitDone {
			failed = p.run(ctx, c)
		} else if now := p.run(ctx, c); now != exitDone {
			failed = now
		}
		if failed != exitDone {
			status = failed
		}
		if c.Verb == showHelp || c.Verb == showVersion || ctx.Err() != nil {
			return status
		}
	}
	if failed := p.apply(ctx, changes); failed != exitDone {
		status = failed
	}
	return status
}

// apply sends changes and tells each refusal.
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
