package commands

import (
	"fmt"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
	"lvs/plan"
)

type clearAll struct{ app *App }

func newClear(a *App) *cobra.Command {
	o := &clearAll{app: a}
	c := &cobra.Command{
		Use:   "clear",
		Short: "Delete every virtual service",
		Long: `Delete every virtual service with its servers, and cut all connections. Timeouts and
sync daemons do not change.

On a terminal, the command shows what it will cut and asks for confirmation. Without
a terminal it needs --yes.`,
		Example: `  lvs clear --dry-run
  lvs clear --yes
  lvs clear --netns director --yes`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *clearAll) run(c *cobra.Command, args []string) error {
	hint := "%s service delete %s deletes a service; clear deletes all of them"
	if err := noMore(args, hint, o.app.Name, arg0(args)); err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	snap, err := k.Snapshot(c.Context())
	if err != nil {
		return kernel.WithOp("clear", err)
	}
	if len(snap.Services) == 0 {
		return o.app.nothingChanges("there are no services")
	}
	steps := make([]operate.Step, len(snap.Services))
	servers := 0
	for i := range steps {
		e := &snap.Services[i]
		if len(snap.Order) == len(steps) { // the kernel deletes them in its order: see plan.Revert
			e = &snap.Services[snap.Order[i]]
		}
		servers += len(e.Servers)
		steps[i] = operate.Step{
			Change:        kernel.Change{Op: kernel.DeleteService, Service: e.Service},
			BeforeService: &e.Service, Entry: e,
		}
	}
	costs, err := o.app.costs(c.Context(), snap, changesOf(steps))
	if err != nil {
		return err
	}
	cut := plan.Sum(costs)
	o.app.warnDropped(&cut, "")
	what := fmt.Sprintf("delete every service: %s%s", plural(len(steps), "service"), withServers(servers, &cut))
	if err := o.app.confirm(c.Context(), what); err != nil {
		return err
	}
	return o.app.perform(c.Context(), operate.Objects(steps),
		func() error { return k.Flush(c.Context()) }, costs...)
}
