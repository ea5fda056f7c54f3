package commands

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/kernel"
	"lvs/output"
)

type apply struct {
	app *App
	planner
	drain, confirm string
	// patience is how long servers that go may take to finish. Zero is not at all.
	patience time.Duration
	// within is how long a confirmation may take. Zero is that none is needed.
	within time.Duration
}

func (a *App) newApply() *cobra.Command {
	o := &apply{app: a}
	c := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Make the table what a cluster file says",
		Long: `Reads cluster files, all of them before anything is changed, and changes the table
where it differs: what is the same keeps its connections and counters. New servers
come before old ones go, and nothing is deleted that can be edited in place.

Only services that the files name are touched; --prune also deletes the others.
Where something would be deleted, or a service left without a server that takes
connections, it asks first; without a terminal it needs --yes. With --drain the
servers that go get the weight 0 first and are deleted when their connections have
ended, or when the time is over.

No connection is lost with --drain where net.ipv4.vs.expire_nodest_conn is 1 (and,
for persistent services, expire_quiescent_template). Only the change of a
scheduler has a cost that cannot be avoided: the kernel refuses the service's new
connections while it exchanges it, for some milliseconds.

With --confirm-within everything is undone by itself unless lvs confirm comes in
time: by a process of its own, so also when the shell, the connection to this
machine, or lvs itself is lost.

A faulty file changes nothing; every fault is told. If the kernel refuses a step
everything is undone. lvs diff shows the plan; lvs undo goes back.`,
		Example: `  lvs apply -f cluster.yaml --dry-run
  lvs apply -f cluster.yaml --drain 60s --yes
  lvs apply -f cluster.yaml --confirm-within 60s
  lvs apply -f cluster.d --prune --keep-weights --yes
  ssh other lvs export | lvs apply -f - --allow add,update`,
		RunE:              o.run,
		ValidArgsFunction: clusterFileNames,
	}
	o.planner.register(a, c)
	c.Flags().StringVar(&o.drain, "drain", "", "let servers that go finish their connections for up to `DURATION`, such as 60s (default: cut them at once)")
	c.Flags().StringVar(&o.confirm, "confirm-within", "", "undo everything by itself unless "+a.Name+" confirm comes within `DURATION`, such as 60s (default: no confirmation is needed)")
	complete(c, "drain", nothing)
	complete(c, "confirm-within", nothing)
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *apply) run(c *cobra.Command, args []string) error {
	ctx := c.Context()
	var bad faults
	for _, t := range []struct {
		option, text string
		to           *time.Duration
	}{{"--drain", o.drain, &o.patience}, {"--confirm-within", o.confirm, &o.within}} {
		if t.text == "" {
			continue
		}
		d, err := parseDuration(t.text)
		if err != nil || d <= 0 {
			bad.add(usagef("%s %q: it is a time such as 60s or 5m", t.option, t.text))
		}
		*t.to = d
	}
	if err := bad.err(); err != nil {
		return err
	}
	q, err := o.plan(ctx, args)
	if err != nil {
		return err
	}
	o.tellLeft(q)
	a := o.app
	if q.steps.Empty() {
		return a.nothingChanges("the table is as in the file")
	}
	if a.global.dryRun {
		return o.show(q, nil)
	}
	if err := o.nonePending(); err != nil {
		return err
	}
	if a.OutTerminal.Is && !a.global.quiet && !a.reports() {
		if err := o.show(q, nil); err != nil {
			return err
		}
	}
	if what := dangers(q); what != "" {
		if err := a.confirm(ctx, what); err != nil {
			return err
		}
	}
	if err := a.warnNodest(ctx, q.kernel, deletedServers(q)); err != nil {
		return err
	}
	a.sent = true
	if err := o.carryOut(ctx, q); err != nil {
		return err
	}
	if o.within > 0 {
		a.note("undone in %s unless confirmed: %s confirm", output.Duration(o.patience+o.within), a.Name)
	}
	if a.reports() {
		return o.show(q, nil)
	}
	a.note("%s", output.Summary(stepRows(q.before, &q.steps, false)))
	return nil
}

// show prints the steps. Before they are taken they are a plan.
func (o *apply) show(q *planned, refused kernel.Refusals) error {
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	rows := stepRows(q.before, &q.steps, o.app.global.dryRun || !o.app.sent)
	for _, r := range refused {
		rows[r.Index].Err = r.Err
	}
	return p.Plan(rows)
}

// carryOut takes the steps: all at once, or with time for servers to finish
// between what comes and what goes.
func (o *apply) carryOut(ctx context.Context, q *planned) error {
	first, then := q.steps, cluster.Steps{}
	if o.patience > 0 {
		first, then = q.steps.Quiesce(q.before.Snapshot)
	}
	if err := o.take(ctx, q, q.before, &first, o.undoUnlessConfirmed); err != nil || then.Empty() {
		return err
	}
	err := o.finish(ctx, q, &then)
	if err == nil {
		err = o.remove(ctx, q)
	}
	if err != nil {
		o.app.note("servers that go have the weight 0 and are not deleted yet: run it again, or %s undo", o.app.Name)
	}
	return err
}

// remove deletes what is to go, as the table is now: somebody may have deleted
// some of it meanwhile.
func (o *apply) remove(ctx context.Context, q *planned) error {
	now, err := cluster.ReadTable(ctx, q.kernel)
	if err != nil {
		return err
	}
	rest := q.wanted.Steps(now, cluster.PlanOptions{Prune: o.prune, KeepWeights: o.keepWeights})
	rest, _ = rest.Narrow(cluster.Deleting)
	return o.take(ctx, q, now, &rest, nil)
}

// take takes steps that were planned for the table before. Ready is called when
// they are in the journal; what it gives is called where they come to nothing.
func (o *apply) take(ctx context.Context, q *planned, before *cluster.Table, s *cluster.Steps, ready func() (func(), error)) error {
	a := o.app
	done := a.record(ctx, s.Objects(before))
	forget := func() {}
	if ready != nil {
		var err error
		if forget, err = ready(); err != nil {
			done(&cluster.Failure{Cause: err}) // nothing was changed
			return err
		}
	}
	progress, end := a.progress("changes", len(s.Changes))
	_, err := s.Apply(ctx, q.kernel, before, cluster.ApplyOptions{Progress: progress})
	end()
	done(err)
	if failure := (*cluster.Failure)(nil); errors.As(err, &failure) {
		if failure.Undo == nil {
			forget()
		}
		return a.undone(failure, nil)
	}
	return err
}
