package commands

import (
	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/output"
)

type syncStop struct{ app *App }

func (a *App) newSyncStop() *cobra.Command {
	o := &syncStop{app: a}
	c := &cobra.Command{
		Use:   "stop master|backup",
		Short: "Stop a sync daemon",
		Long: `Stops the connection sync daemon of that role. One that does not run is an error,
and then the exit status is 4. Connections received so far stay.`,
		Example: `  lvs sync stop master
  lvs sync stop backup`,
		RunE:              o.run,
		ValidArgsFunction: oneOf("master", "backup"),
	}
	a.changeFlags(c)
	return c
}

func (o *syncStop) run(c *cobra.Command, args []string) error {
	role, err := parseRole(args)
	if err != nil {
		return err
	}
	row := output.Change{Op: "stop sync " + role.String()}
	if o.app.global.dryRun || o.app.reports() {
		row.BeforeDaemon, err = o.app.running(c.Context(), role)
		if err == nil && row.BeforeDaemon == nil {
			err = &kernel.Error{Op: "stop the sync " + role.String(), Err: kernel.ErrNoDaemon}
		}
		if err != nil {
			return err
		}
	}
	rows := []output.Change{row}
	return o.app.perform(rows, func() error {
		k, err := o.app.kernel()
		if err != nil {
			return err
		}
		return k.StopDaemon(c.Context(), role)
	})
}
