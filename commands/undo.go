package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/plan"
	"lvs/plan/journal"
)

type undo struct {
	app *App
	// out are the servers that stay out of service, ended those whose drain is undone.
	out operate.Outages
	// undone is the entry; asked are servers that were drained after it had changed their
	// weight: what undrain restores is then the weight before the entry.
	undone   uint64
	asked    []operate.Kept
	ended    []kernel.ServerKey
	force    bool
	drain    string
	patience time.Duration
}

func newUndo(a *App) *cobra.Command {
	o := &undo{app: a}
	c := &cobra.Command{
		Use:   "undo [N]",
		Short: "Undo a change",
		Long: `Undo the last change that lvs made to this table and that is not undone yet, or entry
N of lvs history: services, servers, timeouts and sync daemons become what they were
before it. Run again, it undoes the one before. An undo is an entry too: lvs undo N,
with its number, makes the change again.

undo compares with the table: what already is as before the change stays, so that a
change that was killed halfway can be undone too. What was changed again since, by
anybody, is kept: undo prints it, undoes the rest, and the exit status is 9, or 1 if
nothing is left to undo. A service to delete is kept with all its servers if one of
them was added or changed since, or if it would lose its last server that accepts new
connections. With --force everything is undone: a service is deleted with servers that
were added later. If the kernel refuses a step, nothing is changed.

A deleted service comes back with its servers and all settings, but without its
counters. A deleted server of a service that still exists becomes the first in the
kernel's list (lvs list --sort kernel). If net.ipv4.vs.expire_nodest_conn is 0,
connections that have not timed out meanwhile go on; if it is 1, they have ended. lvs
zero cannot be undone. To undo a drain ends it; a server that was drained by another
command stays drained, also with --force.

While a director runs, it undoes drains and weights of its servers when undo asks it to;
what it did itself is skipped.

If something would be deleted, undo asks first; without a terminal it needs --yes. If
there is nothing to undo, or this table has no entry N, the exit status is 4.`,
		Example: `  lvs undo --dry-run
  lvs undo --yes
  lvs undo 12 --yes
  lvs undo --drain 60s --yes`,
		RunE:              o.run,
		ValidArgsFunction: a.completeEntries,
	}
	c.Flags().BoolVar(&o.force, "force", false, "also undo what was changed again since")
	c.Flags().StringVar(&o.drain, "drain", "",
		"let servers to delete finish their connections for up to `DURATION`, such as 60s (default: cut them at once)")
	complete(c, "drain", nothing)
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *undo) run(c *cobra.Command, args []string) (err error) {
	ctx := c.Context()
	o.patience, err = optionalDuration("--drain", o.drain, durationRange{})
	n, wrong := o.number(args)
	if err := both(wrong, err); err != nil {
		return err
	}
	e, err := o.entry(n)
	if e == nil || err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	if e.Declared > 0 {
		return o.declared(ctx, e, o.app.operatorOf(k))
	}
	now, err := plan.ReadTable(ctx, k)
	if err != nil {
		return kernel.WithOp("undo", err)
	}
	if err := o.fits(ctx, e, now); err != nil {
		return err
	}
	if o.out, err = o.app.outages(); err != nil {
		return err
	}
	o.ended = o.out.EndedBy(e)
	o.out = o.out.Without(o.ended)
	back, drained := o.back(e.Made(), now)
	if done, err := o.handOver(ctx, e, back); done || err != nil {
		return err
	}
	o.undone = e.ID
	o.asked = o.out.Asked(e.Made())
	if err := o.kept(e, back); err != nil {
		if o.app.detached { // by hand, nothing is changed: --force may follow
			o.settle(ctx, nil)
		}
		o.declined(ctx, e, now)
		return err
	}
	o.app.noteKept(drained)
	if back.Empty() {
		o.settle(ctx, drained)
		err := o.app.nothingChanges("the table is as before entry %d (%s)", e.ID, e.Command)
		if n == 0 && err == nil {
			o.app.say("hint: %[1]s history lists older entries; %[1]s undo N undoes one of them", o.app.here())
		}
		return err
	}
	costs, err := o.app.costs(ctx, now.Snapshot, back.Changes)
	if err != nil {
		return err
	}
	rows := undoRows(back, costs)
	if err := o.app.noteWeightZero(ctx, back.Before.Snapshot, back.Changes); err != nil {
		return err
	}
	o.app.noteReturned(back.Before.Snapshot, back.Changes)
	if err := o.ask(ctx, e, back, rows, costs); err != nil {
		return err
	}
	return o.apply(ctx, e, back, drained, rows)
}

// declined writes to the journal that an automatic undo kept everything, because nobody
// sees what it prints.
func (o *undo) declined(ctx context.Context, e *journal.Entry, now *plan.Table) {
	if a := o.app; a.detached {
		a.undoes = e.ID
		a.operatorOf(a.opened).Declined(ctx, plan.Revert(e.Made(), now).Objects,
			fmt.Errorf("entry %d is not undone: what it changed was changed again since", e.ID))
	}
}

// settle ends the drains that are undone. For servers that stay out of service, the weights
// before the entry are what undrain restores.
func (o *undo) settle(ctx context.Context, drained []operate.Kept) {
	if o.app.global.dryRun {
		return
	}
	op := o.app.operatorOf(o.app.opened)
	op.Forget(ctx, o.ended)
	op.Rewind(ctx, o.undone)
	op.Declare(ctx, append(o.asked, drained...))
}

// back returns the steps that undo changes, and the drained servers that do not get a
// weight from that: something else drained them, and they stay out of service.
func (o *undo) back(made []plan.Object, now *plan.Table) (back *plan.Reversal, drained []operate.Kept) {
	if o.force {
		back = plan.Revert(made, now)
	} else {
		back = plan.RevertUnchanged(made, now)
	}
	rest, drained := o.out.KeepOut(back.Before.Snapshot, back.Changes)
	if len(drained) > 0 {
		back.Changes = rest
		back.Objects = back.Steps.Objects(back.Before)
	}
	return back, drained
}

// rest returns the steps that are left after servers that are to be deleted had time to
// drain. Their weight 0 is the undo's own doing, not a change by someone else.
func (o *undo) rest(e *journal.Entry, back *plan.Reversal, now *plan.Table) plan.Steps {
	first, _ := back.Steps.Quiesce(back.Before.Snapshot)
	again, _ := o.back(plan.Merge(append(e.Made(), first.Objects(back.Before)...), nil), now)
	return again.Steps
}

// fits asks if the table may be another than that of the entry: if its identity can come
// back, and it has nothing that the entry changed. --yes does not answer that.
func (o *undo) fits(ctx context.Context, e *journal.Entry, now *plan.Table) error {
	a := o.app
	if o.force || a.global.dryRun || kernel.Lasting(e.Table) || plan.Known(e.Made(), now) {
		return nil
	}
	what := fmt.Sprintf("undo entry %d (%s) in a table that has nothing of what it changed: "+
		"this kernel may have given the number of its namespace to another one", e.ID, e.Command)
	if in, done := a.asked(); in == nil {
		return (&fault{status: exitNo, err: fmt.Errorf("would %s: not confirmed", what)}).
			hintf("%s undo %d --force does it", a.here(), e.ID)
	} else if err := done(); err != nil {
		return err
	}
	yes := a.global.yes
	defer func() { a.global.yes = yes }()
	a.global.yes = false
	return a.confirm(ctx, what)
}

// kept prints what is not undone, because it was changed again since or cannot be. If
// nothing else is left to undo, it is an error.
func (o *undo) kept(e *journal.Entry, back *plan.Reversal) error {
	var list []error
	for i := range back.Since {
		c := output.ChangeOf(&back.Since[i])
		what, left, now := c.Difference()
		list = append(list, fmt.Errorf("%s: changed after entry %d: %s then, %s now", what, e.ID, left, now))
	}
	for _, id := range back.Kept {
		list = append(list,
			fmt.Errorf("%v: kept as it is, with its servers: part of it was changed after entry %d", id, e.ID))
	}
	for i := range back.Lost {
		lost := &back.Lost[i]
		list = append(list, fmt.Errorf("%v %v: cannot be restored: the service no longer exists", lost.Service, lost.Server))
	}
	switch {
	case len(list) == 0:
		return nil
	case !o.force && back.Empty():
		var bad faults
		for _, err := range list {
			bad.add(&fault{status: exitNo, err: err})
		}
		f := &fault{status: exitNo, err: fmt.Errorf("entry %d is not undone: nothing was changed", e.ID)}
		bad.add(f.hintf(
			"add --force to undo it anyway (--dry-run shows what that does), or undo the newer entries first"))
		return bad
	case o.force:
		list = list[len(list)-len(back.Lost):]
	}
	const most = 20
	for i, err := range list {
		if i == most {
			o.app.note("… and %d more", len(list)-i)
			break
		}
		o.app.note("not undone: %v", err)
	}
	return nil
}

// ask prints what will be done and asks, if something is deleted.
func (o *undo) ask(ctx context.Context, e *journal.Entry, back *plan.Reversal, rows []output.Change,
	costs []plan.Cost) error {
	a := o.app
	g := gate{onlyLost: true}
	g.measure(a, back.Before.Snapshot, back.Changes)
	g.note(a)
	what := deletions(back.Before.Snapshot, back.Changes, costs)
	if what == "" {
		return nil
	}
	if g := &a.global; !g.dryRun && !g.yes && a.ErrTerminal.Is {
		p, err := output.New(a.Err, output.Options{Now: a.Now})
		if err != nil {
			return err
		}
		for i := range rows {
			rows[i].DryRun = true
		}
		if err := p.Plan(rows); err != nil {
			return err
		}
	}
	if cut := plan.Sum(costs); o.patience == 0 || a.global.dryRun {
		a.warnDropped(&cut, "")
	}
	return a.confirm(ctx, fmt.Sprintf("undo entry %d (%s): %s", e.ID, e.Command, what))
}

// apply carries out the steps and prints them.
func (o *undo) apply(ctx context.Context, e *journal.Entry, back *plan.Reversal, drained []operate.Kept,
	rows []output.Change) error {
	a := o.app
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].DryRun = a.global.dryRun
	}
	if a.global.dryRun {
		return p.Plan(rows)
	}
	a.undoes = e.ID
	op, err := a.operator()
	if err != nil {
		return err
	}
	a.advice = func() string {
		return fmt.Sprintf("%[1]s undo %[2]d --force to go on, or %[1]s undo %[3]d to go back", a.here(), e.ID, op.EntryID())
	}
	part := o.inPart(e, back)
	if part != nil {
		op.Incomplete(part)
	}
	anew := false
	all := &operate.Carry{Operator: op, Patience: o.patience, Again: func(now *plan.Table) plan.Steps {
		return o.rest(e, back, now)
	}}
	all.Anew = func(now *plan.Table) plan.Steps {
		anew = true
		back, drained = o.back(e.Made(), now)
		if part = o.inPart(e, back); part != nil {
			op.Incomplete(part)
		}
		return back.Steps
	}
	if err := a.carry(ctx, all, back.Before, back.Steps, nil); err != nil {
		return err
	}
	if anew {
		a.note("the table was changed by someone else meanwhile: the undo was planned again")
		if err := o.kept(e, back); err != nil {
			return err
		}
		rows = undoRows(back, nil)
	}
	o.settle(ctx, drained)
	o.forgetConfirm(e.ID)
	if plan.Count(back.Objects).Added > 0 && e.Counts.Deleted > 0 {
		o.noteConnections(ctx)
	}
	if n := op.EntryID(); n != 0 && part == nil {
		a.note("entry %d (%s) is undone; %s undo %d makes the change again", e.ID, e.Command, a.here(), n)
	}
	if a.reports() {
		err = p.Plan(rows)
	}
	if err == nil && part != nil {
		return part
	}
	return err
}

// inPart returns the error if not all of an entry is undone, or nil.
func (o *undo) inPart(e *journal.Entry, back *plan.Reversal) *fault {
	part := &fault{status: exitPartly}
	switch {
	case !e.Complete():
		part.err = fmt.Errorf("entry %d is undone in part: the journal does not have all of it", e.ID)
		part.hintf("%s list shows the table", o.app.here())
	case !o.force && len(back.Since)+len(back.Lost) > 0:
		part.err = fmt.Errorf("entry %d is undone in part: what was changed later is kept", e.ID)
		part.hintf("%s undo %d --force undoes the rest too", o.app.here(), e.ID)
	default:
		return nil
	}
	return part
}

// noteConnections prints what happens to the connections of servers that are restored
// (docs/decisions/0018-deletion.md).
func (o *undo) noteConnections(ctx context.Context) {
	rules, err := plan.ReadRules(ctx, o.app.opened)
	switch {
	case err != nil || !rules.Known:
	case rules.Release:
		o.app.note("what was deleted is restored without its connections")
	default:
		o.app.note("what was deleted is restored; connections that have not timed out go on")
	}
}

// undoRows returns the steps of a reversal as rows. Servers that are deleted with
// their service are part of its row.
func undoRows(back *plan.Reversal, costs []plan.Cost) []output.Change {
	var rows []output.Change
	for i := range back.Objects {
		at := back.Objects[i].Change
		if at < len(rows) {
			continue
		}
		row := output.ChangeOf(&back.Objects[i])
		if at < len(costs) && plan.KindOf(back.Changes[at].Op) == plan.Deleting {
			row.Cost = &costs[at]
		}
		rows = append(rows, row)
	}
	return rows
}

// forgetConfirm cancels the automatic undo of an entry that is undone now.
func (o *undo) forgetConfirm(entry uint64) {
	a := o.app
	jobs, err := a.confirmJobs()
	if err != nil {
		return // the automatic undo then finds nothing to do
	}
	for i := range jobs {
		if undoes(&jobs[i], entry) {
			a.state().CallOff(jobs[i].ID)
		}
	}
}
