package commands

import (
	"context"
	"errors"

	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
)

// step is one change with what it replaces, which is nil where there is nothing.
type step struct {
	kernel.Change
	serviceBefore *kernel.Service
	serverBefore  *kernel.Server
	// entry is the whole service where it is deleted.
	entry *kernel.ServiceEntry
}

// objects are what the step concerns; place is its own among the steps.
func (s *step) objects(place int) []plan.Object {
	o := plan.Object{Service: s.Service.ServiceID, Change: place}
	r := s.row()
	o.Server = r.Server
	o.BeforeService, o.AfterService = r.BeforeService, r.AfterService
	o.BeforeServer, o.AfterServer = r.BeforeServer, r.AfterServer
	all := []plan.Object{o}
	if s.entry != nil {
		all = append(all, plan.DeletedServers(s.entry, place)...)
	}
	return all
}

// row is the step as it is shown.
func (s *step) row() output.Change {
	r := output.Change{
		Op: s.Op.String(), Service: s.Service.ServiceID,
		BeforeService: s.serviceBefore, BeforeServer: s.serverBefore,
	}
	if s.Op.OnServer() {
		r.Server = s.Server.Addr
	}
	switch s.Op {
	case kernel.AddService, kernel.EditService:
		r.AfterService = &s.Service
	case kernel.AddServer, kernel.EditServer:
		r.AfterServer = &s.Server
	}
	return r
}

// apply makes the changes, or with --dry-run says what it would do. There is no
// other way from a verb to a changed service or server.
func (a *App) apply(ctx context.Context, steps []step) error {
	k, err := a.kernel()
	if err != nil {
		return err
	}
	rows, changes, objects := parts(steps)
	if a.global.dryRun {
		if err := foresee(ctx, k, changes); err != nil {
			return err
		}
	}
	return a.perform(ctx, rows, objects, func() error { return k.Apply(ctx, changes) })
}

// change is apply for a verb that reports what it did in a way of its own. It is
// not for a dry run.
func (a *App) change(ctx context.Context, steps []step) error {
	k, err := a.kernel()
	if err != nil {
		return err
	}
	rows, changes, objects := parts(steps)
	return a.carryOut(ctx, rows, objects, func() error { return k.Apply(ctx, changes) })
}

// parts gives the steps as they are shown, as they are sent, and what they
// concern.
func parts(steps []step) (rows []output.Change, changes []kernel.Change, objects []plan.Object) {
	rows = make([]output.Change, len(steps))
	changes = make([]kernel.Change, len(steps))
	for i := range steps {
		rows[i], changes[i] = steps[i].row(), steps[i].Change
		objects = append(objects, steps[i].objects(i)...)
	}
	return rows, changes, objects
}

// perform does something to objects and reports it as rows: nothing on success,
// unless -v or a format asks for it. A dry run only reports.
func (a *App) perform(ctx context.Context, rows []output.Change, objects []plan.Object, do func() error) error {
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	if a.global.dryRun {
		for i := range rows {
			rows[i].DryRun = true
		}
		return p.Changes(rows)
	}
	failure := a.carryOut(ctx, rows, objects, do)
	if refused := (kernel.Refusals)(nil); failure != nil && !errors.As(failure, &refused) {
		return failure
	}
	if a.reports() {
		if err := p.Changes(rows); err != nil && failure == nil {
			return err
		}
	}
	return failure
}

// carryOut does something, records it, and puts the kernel's refusals into its
// rows.
func (a *App) carryOut(ctx context.Context, rows []output.Change, objects []plan.Object, do func() error) error {
	done := a.record(ctx, objects)
	a.sent = true
	failure := do()
	done(failure)
	var refused kernel.Refusals
	if failure == nil || !errors.As(failure, &refused) {
		return failure
	}
	for _, r := range refused {
		rows[r.Index].Err = r.Err
	}
	if len(refused) < len(rows) {
		return &partly{made: len(rows) - len(refused), err: refused}
	}
	return failure
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

// foresee tells what of the changes the kernel would refuse for what is there,
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
		case c.Op == kernel.AddServer && findServer(&snap.Services[0], c.Server.Addr) != nil:
			bad.add(&kernel.Error{Op: c.Op.String(), Service: id, Server: c.Server.Addr, Err: kernel.ErrExists})
		}
	}
	return bad.err()
}
