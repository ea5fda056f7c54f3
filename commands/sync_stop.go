package commands

import (
	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/plan"
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
	before, err := o.app.running(c.Context(), role)
	if err == nil && before == nil {
		err = &kernel.Error{Op: "stop the sync " + role.String(), Err: kernel.ErrNoDaemon}
	}
	if err != nil {
		return err
	}
	objects := []plan.Object{{BeforeDaemon: before}}
	return o.app.perform(c.Context(), objects, func() error { return o.app.opened.StopDaemon(c.Context(), role) })
}
