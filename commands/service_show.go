package commands

import (
	"github.com/spf13/cobra"
)

type serviceShow struct {
	app *App
	selector
	view
}

func (a *App) newServiceShow() *cobra.Command {
	o := &serviceShow{app: a}
	c := &cobra.Command{
		Use:   "show SERVICE…",
		Short: "Show some virtual services with their servers",
		Long: `Shows the named virtual services with their servers. A missing one is an error,
and then the exit status is 4.`,
		Example: `  lvs service show tcp://192.0.2.10:80
  lvs service show fwmark:7 --stats
  lvs service show -t 192.0.2.10:80 -o yaml`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.register(a, c)
	o.view.register(a, c)
	return c
}

func (o *serviceShow) run(c *cobra.Command, args []string) error {
	ids, err := o.some(args)
	if err != nil {
		return err
	}
	return o.show(c.Context(), o.app, ids)
}
