package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
	"lvs/operate/state"
	"lvs/output"
	"lvs/plan"
)

type apply struct {
	app *App
	planner
	gate
	drain, confirm string
	// patience is how long servers to delete may finish their connections; zero
	// cuts them at once.
	patience time.Duration
	// within is how long to wait for lvs confirm; zero needs no confirmation.
	within time.Duration
	// begin starts the time of within, when the work is done. Nil without a job.
	begin func()
}

func newApply(a *App) *cobra.Command {
	o := &apply{app: a}
	c := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Make the table match a cluster file",
		Long: `Read cluster files and change the table where it differs. All files are read before
anything is changed. Services and servers that are the same keep their connections
and counters. New servers are added before old ones are deleted, and nothing is deleted
that can be edited in place.

Only services that the files name are changed; --prune also deletes the others. If
something would be deleted, or a service left without a server that accepts new
connections or with less than half of its weight, apply asks first; without a terminal
it needs --yes. minLeft in the file sets another share for a service; --min-left sets one
for all services, below which --yes changes nothing.

With --drain, servers to delete get the weight 0 first and are deleted when their
connections have ended, or when DURATION has passed.

A new server is added after those that exist, wherever the file has it, and an existing
one keeps its place. If the scheduler goes by the order of the servers (sh, dh, mh, or
fo and ovf with equal weights), a note shows what the order of the file would change.

apply sets the table and ends: it does not check servers, and keys that lvs-cluster(5)
marks (director) have no effect without one, which a note says. A server that lvs
drain has drained stays drained until lvs undrain, also if it was deleted and is added
again. Its weight in the file becomes the one that lvs undrain restores.

With --drain, no connection is lost if net.ipv4.vs.expire_nodest_conn is 1 (and, for
persistent services, expire_quiescent_template). Changing a scheduler always has a
cost: for some milliseconds the kernel refuses the service's new connections.

With --confirm-within, everything is undone automatically unless lvs confirm is run in
time, which is counted from the end of the work, also if that is broken off. A
background process does this, so it also works if the shell, the connection to this
machine, or lvs itself is lost. (If systemd-logind has KillUserProcesses=yes, logging
out ends that process.) Other commands still work; the automatic undo keeps
what they change, as lvs undo does; lvs history shows what it did.

If a file has a fault, nothing is changed and every fault is reported. If the kernel
refuses a step, everything is undone. lvs diff shows the changes first; lvs undo undoes
the last change.`,
		Example: `  lvs apply -f cluster.yaml --dry-run
  lvs apply -f cluster.yaml --drain 60s --yes
  lvs apply -f cluster.yaml --confirm-within 60s
  lvs apply -f cluster.d --prune --keep-weights --yes
  ssh other lvs export | lvs apply -f - --allow add,update`,
		RunE:              o.run,
		ValidArgsFunction: clusterFileNames,
	}
	o.planner.register(a, c)
	o.gate.register(c)
	c.Flags().StringVar(&o.drain, "drain", "",
		"let servers to delete finish their connections for up to `DURATION`, such as 60s (default: cut them at once)")
	c.Flags().StringVar(&o.confirm, "confirm-within", "",
		"undo everything automatically unless "+a.Name+" confirm is run within `DURATION`, such as 60s "+
			"(default: no confirmation is needed)")
	complete(c, "drain", nothing)
	complete(c, "confirm-within", nothing)
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *apply) run(c *cobra.Command, args []string) error {
	if err := o.parseTimes(); err != nil {
		return err
	}
	ctx := c.Context()
	o.app.alone = o.patience == 0 && o.within == 0 // otherwise it waits for more than the kernel
	q, err := o.plan(ctx, args)
	if err != nil {
		return err
	}
	o.noteLeft(q)
	a := o.app
	if q.steps.Empty() {
		if !q.left.Empty() {
			return a.nothingChanges("all differences are left out by --allow")
		}
		o.app.notePending()
		if len(q.kept) > 0 && !a.global.dryRun {
			a.operatorOf(q.kernel).DeclareAlone(ctx, q.kept)
		}
		return a.nothingChanges("%s", o.same(q))
	}
	if err := a.noteWeightZero(ctx, q.before.Snapshot, q.steps.Changes); err != nil {
		return err
	}
	cut := plan.Sum(q.costs)
	o.gate.own = q.wanted.MinLeft()
	o.gate.measure(a, q.before.Snapshot, q.steps.Changes)
	if a.global.dryRun {
		if err := o.show(q); err != nil {
			return err
		}
		o.gate.note(a)
		a.warnDropped(&cut, "")
		return nil
	}
	if err := o.nonePending(); err != nil {
		return err
	}
	if a.OutTerminal.Is && !a.global.quiet && !a.reports() {
		if err := o.show(q); err != nil {
			return err
		}
	}
	if o.patience == 0 { // otherwise connections have time to end first
		a.warnDropped(&cut, "")
	}
	if err := o.gate.refuse(a); err != nil {
		return err
	}
	if what := dangers(q, &o.gate); what != "" {
		if err := a.confirm(ctx, what); err != nil {
			return err
		}
	}
	return o.carryOut(ctx, q)
}

// same returns why a plan is empty.
func (o *apply) same(q *planned) string {
	others := 0
	named := map[kernel.ServiceID]bool{}
	for i := range q.wanted.Services {
		named[q.wanted.Services[i].ServiceID] = true
	}
	for i := range q.before.Services {
		if !named[q.before.Services[i].ServiceID] {
			others++
		}
	}
	if others == 0 {
		return "the table matches the file"
	}
	return fmt.Sprintf("the services of the file match; %s left alone (--prune deletes them)",
		plural(others, "other service"))
}

// notePending prints that an earlier apply is still to be confirmed.
func (a *App) notePending() {
	if text := a.pendingText(); text != "" {
		a.note("%s", text)
	}
}

// pendingText returns when an earlier apply is undone unless it is confirmed, or nothing.
func (a *App) pendingText() string {
	j, pending := a.pendingConfirm()
	switch {
	case !pending:
		return ""
	case j.At.IsZero():
		return fmt.Sprintf("the previous apply is still at work; then it is undone in %s unless confirmed: %s confirm",
			output.Duration(j.Wait), a.here())
	}
	return fmt.Sprintf("the previous apply is undone in %s unless confirmed: %s confirm", output.Duration(a.left(&j)),
		a.here())
}

// parseTimes reads --drain and --confirm-within.
func (o *apply) parseTimes() error {
	var bad faults
	var err error
	o.patience, err = optionalDuration("--drain", o.drain, durationRange{})
	bad.add(err)
	o.within, err = optionalDuration("--confirm-within", o.confirm, durationRange{})
	bad.add(err)
	bad.add(o.gate.parse())
	return bad.err()
}

// carryOut carries out the plan and prints it.
func (o *apply) carryOut(ctx context.Context, q *planned) error {
	a := o.app
	where := func(at object) string { return q.wanted.Place(at.service, at.server) }
	op, err := a.operator()
	if err != nil {
		return err
	}
	a.advice = func() string { return "run it again to go on, or " + a.here() + " undo to go back" }
	all := &operate.Carry{Operator: op, Patience: o.patience, Ready: o.undoUnlessConfirmed}
	all.Again = func(now *plan.Table) plan.Steps {
		steps, _, _ := o.steps(q.wanted, now)
		return steps
	}
	if err = a.carry(ctx, all, q.before, q.steps, where); err == nil {
		err = o.declare(ctx, q)
	}
	if o.begin != nil {
		o.begin()
	}
	if err != nil {
		return err
	}
	o.gate.note(a)
	if o.within > 0 {
		a.note("undone in %s unless confirmed: %s confirm", output.Duration(o.within), a.here())
	}
	if a.reports() {
		return o.show(q)
	}
	a.note("%s", countSteps(&q.steps, false))
	return nil
}

// declare makes the weights of the files the ones that undrain restores.
func (o *apply) declare(ctx context.Context, q *planned) error {
	if len(q.kept) == 0 || o.app.global.dryRun {
		return nil
	}
	op, err := o.app.operator()
	if err == nil {
		op.Declare(ctx, q.kept)
	}
	return err
}

// show prints the steps: as a plan before they are carried out.
func (o *apply) show(q *planned) error {
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	return p.Plan(o.rows(q))
}

// rows returns the steps as they are printed. With --drain the cost is left out
// after the change: connections had time to end, and cuts were reported.
func (o *apply) rows(q *planned) []output.Change {
	rows := stepRows(q, !o.app.sent())
	if o.app.sent() && o.patience > 0 {
		for i := range rows {
			rows[i].Cost = nil
		}
	}
	return rows
}

type confirmApply struct{ app *App }

func newConfirm(a *App) *cobra.Command {
	o := &confirmApply{app: a}
	c := &cobra.Command{
		Use:   "confirm",
		Short: "Keep what apply --confirm-within changed",
		Long: `Keep what lvs apply --confirm-within changed in this table: it is no longer undone
automatically. If nothing waits for confirmation, because none was asked for or the
time has passed and everything was undone, the exit status is 4. If the background
process that would have undone it was killed, lvs confirm says so.`,
		Example: `  lvs apply -f cluster.yaml --confirm-within 60s
  lvs confirm`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.kernelFlags(c)
	a.quietFlag(c)
	a.dryRunFlag(c, "say whether something waits for confirmation, without confirming it")
	return c
}

func (o *confirmApply) run(_ *cobra.Command, args []string) error {
	if err := noMore(args, "leave it out: confirm keeps the last apply of this table"); err != nil {
		return err
	}
	jobs, err := o.app.confirmJobs()
	if err != nil {
		return err
	}
	if o.app.global.dryRun && len(jobs) > 0 {
		o.app.note("would confirm: the change would stay")
		return nil
	}
	kept := 0
	for _, j := range jobs {
		if o.app.state().CallOff(j.ID) {
			kept++
		}
	}
	if kept == 0 {
		f := &fault{status: exitNotFound, err: errors.New("nothing waits for confirmation")}
		return f.hintf("%s history shows what was done and undone", o.app.here())
	}
	o.app.note("confirmed: the change stays")
	return nil
}

// undoUnlessConfirmed starts the job that undoes this command's journal entry
// when the time has passed. forget cancels it.
func (o *apply) undoUnlessConfirmed() (forget func(), err error) {
	if o.within == 0 {
		return func() {}, nil
	}
	a := o.app
	op, err := a.operator()
	if err != nil {
		return nil, err
	}
	if !op.Recorded() {
		f := &fault{status: exitFailed,
			err: errors.New("--confirm-within: cannot undo without a journal; nothing was changed")}
		return nil, f.hintf("make %s writable by you and nobody else, or leave out --confirm-within", a.state().Dir)
	}
	// The time to confirm begins when the work is done, or when this process ends.
	entry := strconv.FormatUint(op.EntryID(), 10)
	j, begin, err := op.LaterAfter(operate.ConfirmJob, o.within, "undo", entry, "--yes")
	if err != nil {
		return nil, fmt.Errorf("--confirm-within: cannot start the automatic undo; nothing was changed: %w", err)
	}
	o.begin = begin
	return func() { a.state().CallOff(j.ID) }, nil
}

// nonePending returns an error if an earlier apply still waits for confirmation:
// it may be undone at any moment.
func (o *apply) nonePending() error {
	j, pending := o.app.pendingConfirm()
	if !pending {
		return nil
	}
	text := "the previous apply is still at work, and then waits for confirmation"
	if !j.At.IsZero() {
		text = "the previous apply waits for confirmation and is undone in " + output.Duration(o.app.left(&j))
	}
	f := &fault{status: exitFailed, err: errors.New(text + ": nothing was changed")}
	return f.hintf("%s confirm keeps it; %s undo undoes it now", o.app.here(), o.app.here())
}

// pendingConfirm returns the job that undoes an earlier apply unless it is confirmed.
func (a *App) pendingConfirm() (j state.Job, pending bool) {
	if a.Identity == nil || !a.state().HasJobs() {
		return j, false // the usual case
	}
	jobs, err := a.pendingConfirms()
	if err != nil || len(jobs) == 0 {
		return j, false // if the state folder cannot be read, there are no jobs
	}
	return jobs[0], true
}

// left returns the time until a job is due.
func (a *App) left(j *state.Job) time.Duration {
	return min(max(0, j.At.Sub(a.Now())), j.Wait) // the clock may have been set back
}

// pendingConfirms returns the jobs that undo an apply of this table unless
// lvs confirm cancels them.
func (a *App) pendingConfirms() ([]state.Job, error) {
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return nil, err
	}
	return a.state().Jobs(table, operate.ConfirmJob), nil
}
