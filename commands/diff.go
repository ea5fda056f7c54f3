package commands

import (
	"github.com/spf13/cobra"

	"lvs/output"
	"lvs/plan"
)

type diff struct {
	app *App
	planner
}

func newDiff(a *App) *cobra.Command {
	o := &diff{app: a}
	c := &cobra.Command{
		Use:   "diff -f FILE",
		Short: "Show what applying a cluster file would change",
		Long: `Compare the table with a cluster file and print what lvs apply would do, in this
order: + adds, ~ changes in place, - deletes. A deletion shows how many connections
it would cut now.

Only services that the file names are compared; --prune includes the others. The exit
status is 0 if nothing differs and 1 if something does.`,
		Example: `  lvs diff -f cluster.yaml
  lvs diff -f cluster.yaml --prune -o json
  lvs export | lvs diff -f -`,
		RunE:              o.run,
		ValidArgsFunction: clusterFileNames,
	}
	o.planner.register(a, c)
	c.Flags().Lookup("prune").Usage = "also compare services that the files do not name and, if the files have " +
		"sync daemons, the other daemons"
	a.kernelFlags(c)
	a.showFlags(c, "ChangeList")
	a.quietFlag(c)
	return c
}

func (o *diff) run(c *cobra.Command, args []string) error {
	o.app.alone = true
	q, err := o.plan(c.Context(), args)
	if err != nil {
		return err
	}
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	if err := p.Plan(stepRows(q, true)); err != nil {
		return err
	}
	cut := plan.Sum(q.costs)
	o.app.warnDropped(&cut, "")
	o.noteLeft(q)
	if q.steps.Empty() {
		return nil
	}
	if err := o.app.noteWeightZero(c.Context(), q.before.Snapshot, q.steps.Changes); err != nil {
		return err
	}
	return errNo
}
