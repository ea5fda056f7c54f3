package commands

import (
	"fmt"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

type serviceDelete struct {
	app *App
	selector
}

func (a *App) newServiceDelete() *cobra.Command {
	o := &serviceDelete{app: a}
	c := &cobra.Command{
		Use:     "delete SERVICE…",
		Aliases: []string{"rm", "del"},
		Short:   "Delete virtual services and their servers",
		Long: `Deletes virtual services with all their servers. Their connections are cut.
All names are looked up first: when one is missing, nothing is deleted.

On a terminal it says what it will cut and asks; elsewhere it needs --yes.`,
		Example: `  lvs service delete tcp://192.0.2.10:80
  lvs service delete --yes tcp://192.0.2.10:80 tcp://192.0.2.10:443
  lvs service delete --dry-run fwmark:7`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.register(a, c)
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *serviceDelete) run(c *cobra.Command, args []string) error {
	ids, err := o.some(args)
	if err != nil {
		return err
	}
	entries, err := o.app.lookup(c.Context(), kernel.DeleteService.String(), ids)
	if err != nil {
		return err
	}
	var steps []operate.Step
	var cut tally
	for _, e := range entries {
		cut.add(e)
		steps = append(steps, operate.Step{
			Change:        kernel.Change{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: e.ServiceID}},
			BeforeService: &e.Service,
			Entry:         &e,
		})
	}
	what := fmt.Sprintf("delete service %v", ids[0])
	if len(ids) > 1 {
		what = fmt.Sprintf("delete %d services", len(ids))
	}
	if err := o.app.confirm(c.Context(), what+" "+cut.servers()); err != nil {
		return err
	}
	return o.app.apply(c.Context(), steps)
}
