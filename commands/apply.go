package commands

import (
	"time"

	"github.com/spf13/cobra"

	"lvs/operate"
	"lvs/output"
	"lvs/plan"
)

type apply struct {
	app *App
	planner
	drain, confirm string
	// patience is how long servers that go may take to finish. Zero is not at all.
	patience time.Duration
	// within is how long a confirmation may take. Zero is that none is needed.
	within   time.Duration
	undoneAt time.Time // unless it is confirmed
}

func (a *App) newApply() *cobra.Command {
	o := &apply{app: a}
	c := &cobra.Command{
		Use:   "apply -f FILE",
		Short: "Make the table match a cluster file",
		Long: `Read cluster files and change the table where it differs. All files are read before
anything is changed. What is the same keeps its connections and counters. New
servers are added before old ones are deleted, and nothing is deleted that can be
edited in place.

Only services that the files name are changed; --prune also deletes the others. If
something would be deleted, or a service left without a server that accepts new
connections, apply asks first; without a terminal it needs --yes. With --drain,
servers to delete get the weight 0 first and are deleted when their connections have
ended, or when DURATION has passed.

The table is made once: apply checks no server, and what lvs-cluster(5) marks
(director) has no effect. A server that lvs drain has drained stays drained until
lvs undrain, whatever the file says.

With --drain, no connection is lost if net.ipv4.vs.expire_nodest_conn is 1 (and, for
persistent services, expire_quiescent_template). Changing a scheduler always has a
cost: for some milliseconds the kernel refuses the service's new connections.

With --confirm-within, everything is undone automatically unless lvs confirm comes in
time. A background process does this, so it also works if the shell, the connection to
this machine, or lvs itself is lost.

If a file has a fault, nothing is changed and every fault is reported. If the kernel
refuses a step, everything is undone. lvs diff shows the plan; lvs undo takes it back.`,
		Example: `  lvs apply -f cluster.yaml --dry-run
  lvs apply -f cluster.yaml --drain 60s --yes
  lvs apply -f cluster.yaml --confirm-within 60s
  lvs apply -f cluster.d --prune --keep-weights --yes
  ssh other lvs export | lvs apply -f - --allow add,update`,
		RunE:              o.run,
		ValidArgsFunction: clusterFileNames,
	}
	o.planner.register(a, c)
	c.Flags().StringVar(&o.drain, "drain", "", "let servers to delete finish their connections for up to `DURATION`, such as 60s (default: cut them at once)")
	c.Flags().StringVar(&o.confirm, "confirm-within", "", "undo everything automatically unless "+a.Name+" confirm comes within `DURATION`, such as 60s (default: no confirmation is needed)")
	complete(c, "drain", nothing)
	complete(c, "confirm-within", nothing)
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *apply) run(c *cobra.Command, args []string) error {
	ctx := c.Context()
	var bad faults
	var err error
	o.patience, err = optionalDuration("--drain", o.drain, durationRange{})
	bad.add(err)
	o.within, err = optionalDuration("--confirm-within", o.confirm, durationRange{})
	bad.add(err)
	if err := bad.err(); err != nil {
		return err
	}
	o.app.alone = o.patience == 0 && o.within == 0 // else it waits for more than the kernel
	q, err := o.plan(ctx, args)
	if err != nil {
		return err
	}
	o.tellLeft(q)
	a := o.app
	if q.steps.Empty() {
		if !q.left.Empty() {
			return a.nothingChanges("all differences are left out by --allow")
		}
		return a.nothingChanges("the table matches the file")
	}
	if a.global.dryRun {
		return o.show(q)
	}
	if err := o.nonePending(); err != nil {
		return err
	}
	if a.OutTerminal.Is && !a.global.quiet && !a.reports() {
		if err := o.show(q); err != nil {
			return err
		}
	}
	if what := dangers(q); what != "" {
		if err := a.confirm(ctx, what); err != nil {
			return err
		}
	}
	where := func(at object) string { return q.wanted.Place(at.service, at.server) }
	op, err := a.operator()
	if err != nil {
		return err
	}
	a.advice = func() string { return "run it again to go on, or " + a.here() + " undo to go back" }
	all := &operate.Carry{Operator: op, Patience: o.patience, Ready: o.undoUnlessConfirmed, Again: func(now *plan.Table) plan.Steps {
		steps, _ := o.steps(q.wanted, now)
		return steps
	}}
	if err := a.carry(ctx, all, q.before, q.steps, where); err != nil {
		return err
	}
	if o.within > 0 {
		a.note("undone in %s unless confirmed: %s confirm", output.Duration(o.left()), a.here())
	}
	if a.reports() {
		return o.show(q)
	}
	a.note("%s", countSteps(&q.steps, false))
	return nil
}

// show prints the steps. Before they are taken they are a plan.
func (o *apply) show(q *planned) error {
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	return p.Plan(o.rows(q))
}

// rows are the steps as they are shown. What had time to finish was not cut, or
// was told when it was.
func (o *apply) rows(q *planned) []output.Change {
	rows := stepRows(q.before, &q.steps, !o.app.sent())
	if o.app.sent() && o.patience > 0 {
		for i := range rows {
			rows[i].Cost = nil
		}
	}
	return rows
}
