package commands

import (
	"context"
	"errors"

	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/plan"
)

// apply makes the changes, or with --dry-run says what it would do. There is no
// other way from a verb to a changed service or server.
func (a *App) apply(ctx context.Context, steps []operate.Step) error {
	k, err := a.kernel()
	if err != nil {
		return err
	}
	changes := make([]kernel.Change, len(steps))
	for i := range steps {
		changes[i] = steps[i].Change
	}
	if a.global.dryRun {
		if err := foresee(ctx, k, changes); err != nil {
			return err
		}
	}
	return a.perform(ctx, operate.Objects(steps), func() error { return k.Apply(ctx, changes) })
}

// perform does something to objects and reports it: nothing on success, unless -v
// or a format asks for it. A dry run only reports.
func (a *App) perform(ctx context.Context, objects []plan.Object, do func() error) error {
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	rows := rowsOf(objects)
	if a.global.dryRun {
		for i := range rows {
			rows[i].DryRun = true
		}
		return p.Changes(rows)
	}
	op, err := a.operator()
	if err != nil {
		return err
	}
	failure := op.Do(ctx, objects, do)
	var refused kernel.Refusals
	if failure != nil && !errors.As(failure, &refused) {
		return failure
	}
	for _, r := range refused {
		rows[r.Index].Err = r.Err
	}
	if a.reports() {
		if err := p.Changes(rows); err != nil && failure == nil {
			return err
		}
	}
	return failure
}

// rowsOf shows changed objects, one row for each change: the servers that go with
// their service are part of its row.
func rowsOf(objects []plan.Object) []output.Change {
	var rows []output.Change
	for i := range objects {
		if objects[i].Change == len(rows) {
			rows = append(rows, output.ChangeOf(&objects[i]))
		}
	}
	return rows
}

// reports tells whether success is to be shown.
func (a *App) reports() bool {
	g := &a.global
	return g.verbose || g.jq != "" || g.template != "" || g.output != "" && !g.formatOfEnv
}

// nothingChanges ends a verb that found all as it should be.
func (a *App) nothingChanges(format string, args ...any) error {
	a.note("nothing to do: "+format, args...)
	g := &a.global
	if !a.reports() || g.jq == "" && g.template == "" && (g.output == "" || g.output == "table") {
		return nil // an empty table would say nothing more
	}
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	return p.Changes(nil)
}

// foresee returns what of the changes the kernel would refuse for what is there,
// or is not. Edits and deletions were looked up by their verbs.
func foresee(ctx context.Context, k kernel.Kernel, changes []kernel.Change) error {
	var bad faults
	for i := range changes {
		c := &changes[i]
		id := c.Service.ServiceID
		snap, err := k.Snapshot(ctx, id)
		switch {
		case err != nil && !errors.Is(err, kernel.ErrNoService):
			return err
		case c.Op == kernel.AddService && err == nil:
			bad.add(&kernel.Error{Op: c.Op.String(), Service: id, Err: kernel.ErrExists})
		case c.Op == kernel.AddServer && err != nil:
			bad.add(&kernel.Error{Op: c.Op.String(), Service: id, Server: c.Server.Addr, Err: kernel.ErrNoService})
		case c.Op == kernel.AddServer && snap.Services[0].Server(c.Server.Addr) != nil:
			bad.add(&kernel.Error{Op: c.Op.String(), Service: id, Server: c.Server.Addr, Err: kernel.ErrExists})
		}
	}
	return bad.err()
}
