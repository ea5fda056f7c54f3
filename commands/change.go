package commands

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/plan"
)

// apply makes the changes, or prints them with --dry-run. Verbs that change single
// services or servers all use it. costs, if given, are what the steps cut.
func (a *App) apply(ctx context.Context, steps []operate.Step, costs ...plan.Cost) error {
	k, err := a.kernel()
	if err != nil {
		return err
	}
	changes := changesOf(steps)
	if a.global.dryRun {
		if err := foresee(ctx, k, changes); err != nil {
			return err
		}
	}
	if err := a.noteWeightZero(ctx, nil, changes); err != nil {
		return err
	}
	return a.perform(ctx, operate.Objects(steps), func() error { return k.Apply(ctx, changes) }, costs...)
}

// perform calls do, which changes the objects, and prints the result: nothing on
// success unless -v or a format is set. With --dry-run it only prints. costs, if given,
// are what the changes cut.
func (a *App) perform(ctx context.Context, objects []plan.Object, do func() error, costs ...plan.Cost) error {
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	if !a.handed {
		if err := a.refuseOwned(ctx, objectServices(objects)); err != nil {
			return err
		}
	}
	rows := rowsOf(objects)
	for i := range costs {
		if rows[i].Deletes() {
			rows[i].Cost = &costs[i]
		}
	}
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

// rowsOf returns one row for each change of the objects: servers deleted together
// with their service are part of its row.
func rowsOf(objects []plan.Object) []output.Change {
	var rows []output.Change
	for i := range objects {
		if objects[i].Change == len(rows) {
			rows = append(rows, output.ChangeOf(&objects[i]))
		}
	}
	return rows
}

// planRows returns changes as rows, with the settings before and after.
func planRows(before *kernel.Snapshot, changes []kernel.Change, dryRun bool) []output.Change {
	entries := before.Index()
	rows := make([]output.Change, len(changes))
	for i := range changes {
		rows[i] = planRow(entries, &changes[i], dryRun)
	}
	return rows
}

func planRow(entries map[kernel.ServiceID]*kernel.ServiceEntry, c *kernel.Change, dryRun bool) output.Change {
	s := operate.Step{Change: *c}
	if e := entries[s.Service.ServiceID]; e != nil {
		if !s.Op.OnServer() {
			s.BeforeService = &e.Service
		} else if old := e.Server(s.Server.Addr); old != nil {
			s.BeforeServer = &old.Server
		}
	}
	object := s.Object(0)
	row := output.ChangeOf(&object)
	row.Op, row.DryRun = c.Op.String(), dryRun
	return row
}

// reports reports whether the result is printed on success.
func (a *App) reports() bool {
	g := &a.global
	return g.verbose || g.jq != "" || g.template != "" || g.output != "" && !g.formatOfEnv
}

// nothingChanges ends a verb that has nothing to do; the text says why.
func (a *App) nothingChanges(format string, args ...any) error {
	a.note("nothing to do: "+format, args...)
	g := &a.global
	if !a.reports() || g.jq == "" && g.template == "" && (g.output == "" || g.output == "table") {
		return nil // an empty table has no use
	}
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	return p.Changes(nil)
}

// foresee returns an error for each addition that the kernel would refuse because
// the object exists or its service does not. Verbs look up what they edit or delete.
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

// placer returns the place of an object in a text, such as "line 3", or an empty
// string if it has none.
type placer func(object) string

// undone returns the error of a plan that failed: why, and the state of the table.
func (a *App) undone(f *plan.Failure, where placer) error {
	status := exitFailed
	if f.Undo != nil {
		status = exitPartly
	}
	bad := causes(f, where, status, a.global.timeout)
	if _, refused := f.Cause.(kernel.Refusals); refused && f.Undo == nil && !slices.ContainsFunc(bad, changedMeanwhile) {
		// Nothing is left of the changes: it is as if they had been refused before.
		status = worst(errs(bad, errors.Unwrap))
		for _, one := range bad {
			one.(*fault).status = status
		}
	}
	add := func(format string, args ...any) *fault {
		one := &fault{status: status, err: fmt.Errorf(format, args...)}
		bad = append(bad, one)
		return one
	}
	switch {
	case f.Undo != nil:
		_ = add("the table is partly changed, because undoing failed: %w", f.Undo)
	case slices.ContainsFunc(bad, changedMeanwhile):
		_ = add("the table was changed by someone else since it was read: all changes of this command were undone").
			hintf("run it again: it compares with the table as it is now")
	default:
		_ = add("all changes were undone: the table is as before")
	}
	for i := range f.Left {
		_ = add("to restore the table: %s", changeText(&f.Left[i]))
	}
	if !errors.Is(f.Cause, context.Canceled) {
		return bad
	}
	if a.op != nil {
		a.op.Sent = f.Undo != nil
	}
	for i := 1; i < len(bad) && !a.global.wantsJSON(); i++ {
		fmt.Fprintf(a.Err, "%s: %s\n", a.Name, oneLine(bad[i].Error()))
	}
	return &fault{status: exitInterrupted, err: fmt.Errorf("interrupted: %w", bad[0])}
}

// changedMeanwhile reports whether the kernel refused something because the table
// was changed after it was read.
func changedMeanwhile(err error) bool {
	return errors.Is(err, kernel.ErrExists) || errors.Is(err, kernel.ErrNoService) ||
		errors.Is(err, kernel.ErrNoServer) || errors.Is(err, kernel.ErrNoDaemon)
}

// causes returns why a plan failed.
func causes(f *plan.Failure, where placer, status int, timeout string) faults {
	refused, only := f.Cause.(kernel.Refusals)
	switch {
	case only:
		return refusedLines(refused, where, status)
	case errors.Is(f.Cause, context.Canceled):
		return nil
	case errors.Is(f.Cause, context.DeadlineExceeded):
		if f.Undo == nil {
			status = exitTimeout
		}
		return faults{&fault{status: status, err: fmt.Errorf("timed out after %s", timeout)}}
	}
	return faults{&fault{status: status, err: f.Cause}}
}

// refusedLines returns an error for each line of the text that the kernel refused.
// Servers of a refused service are left out: they are a consequence.
func refusedLines(refused kernel.Refusals, where placer, status int) faults {
	without := map[kernel.ServiceID]bool{}
	var bad faults
	for _, r := range refused {
		if !r.Err.Server.IsValid() {
			without[r.Err.Service] = true
		} else if without[r.Err.Service] && errors.Is(r.Err, kernel.ErrNoService) {
			continue
		}
		err := error(r.Err)
		if where != nil {
			if place := where(object{r.Err.Service, r.Err.Server}); place != "" {
				err = fmt.Errorf("%s: %w", place, r.Err)
			}
		}
		bad = append(bad, &fault{status: status, err: err})
	}
	return bad
}

// object is a service, or a server of one.
type object struct {
	service kernel.ServiceID
	server  netip.AddrPort
}

// changeText returns the name of a change, such as "delete service tcp://192.0.2.10:80".
func changeText(c *kernel.Change) string {
	what := c.Op.String() + " " + c.Service.ServiceID.String()
	if c.Op.OnServer() {
		what += " " + c.Server.Addr.String()
	}
	return what
}
