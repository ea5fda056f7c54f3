package commands

import (
	"github.com/spf13/cobra"
)

type serviceList struct {
	app *App
	view
}

func (a *App) newServiceList() *cobra.Command {
	o := &serviceList{app: a}
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List all virtual services with their servers",
		Long:    `Lists all virtual services with their servers, as lvs list does.`,
		Example: `  lvs service list
  lvs service list -o name
  lvs service list --filter scheduler=wlc`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	o.view.register(a, c)
	return c
}

func (o *serviceList) run(c *cobra.Command, args []string) error {
	if err := noMore(args); err != nil {
		return err
	}
	return o.show(c.Context(), o.app, nil)
}
