package commands

import (
	"github.com/spf13/cobra"

	"lvs/kernel"
)

type serverShow struct {
	app *App
	selector
	serverSelector
	view
}

func (a *App) newServerShow() *cobra.Command {
	o := &serverShow{app: a}
	c := &cobra.Command{
		Use:   "show SERVICE SERVER…",
		Short: "Show some real servers of a service",
		Long: `Shows the named real servers of a service. A missing one is an error, and then
the exit status is 4.`,
		Example: `  lvs server show tcp://192.0.2.10:80 10.0.0.11:80
  lvs server show tcp://192.0.2.10:80 10.0.0.11 -o json --jq '.items[0].weight'`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServers(&o.selector, &o.serverSelector, many),
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	o.view.register(a, c)
	return c
}

func (o *serverShow) run(c *cobra.Command, args []string) error {
	id, names, err := o.servers(&o.selector, args)
	if err != nil {
		return err
	}
	p, err := o.printer(o.app)
	if err != nil {
		return err
	}
	snap, err := o.snapshot(c.Context(), o.app, []kernel.ServiceID{id})
	if err != nil {
		return err
	}
	found, err := pickServers(&snap.Services[0], "show server", names)
	if err != nil {
		return err
	}
	return p.Servers(id, found, snap.Public, o.kind())
}
