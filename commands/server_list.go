package commands

import (
	"github.com/spf13/cobra"

	"lvs/kernel"
)

type serverList struct {
	app *App
	selector
	view
}

func (a *App) newServerList() *cobra.Command {
	o := &serverList{app: a}
	c := &cobra.Command{
		Use:     "list SERVICE",
		Aliases: []string{"ls"},
		Short:   "List the real servers of a service",
		Long:    `Lists all real servers of one service.`,
		Example: `  lvs server list tcp://192.0.2.10:80
  lvs server list tcp://192.0.2.10:80 -o name
  lvs server list -t 192.0.2.10:80 --sort -active`,
		RunE:              o.run,
		ValidArgsFunction: a.completeOneService(&o.selector),
	}
	o.selector.register(a, c)
	o.view.register(a, c)
	return c
}

func (o *serverList) run(c *cobra.Command, args []string) error {
	id, rest, err := o.one(args)
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
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
	return p.Servers(id, snap.Services[0].Servers, snap.Public, o.kind())
}
