package commands

import (
	"github.com/spf13/cobra"

	"lvs/output"
)

type syncStatus struct{ app *App }

func (a *App) newSyncStatus() *cobra.Command {
	o := &syncStatus{app: a}
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the running sync daemons",
		Long:  `Shows the sync daemons that run in the kernel, with their parameters.`,
		Example: `  lvs sync status
  lvs sync status -o json`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.kernelFlags(c)
	a.showFlags(c)
	return c
}

func (o *syncStatus) run(c *cobra.Command, args []string) error {
	if err := noMore(args); err != nil {
		return err
	}
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	daemons, err := k.Daemons(c.Context())
	if err != nil {
		return err
	}
	return p.Daemons(daemons)
}
