package commands

import (
	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/kernel"
)

type export struct {
	app *App
	selector
	format string
}

func newExport(a *App) *cobra.Command {
	o := &export{app: a}
	c := &cobra.Command{
		Use:   "export [SERVICE…]",
		Short: "Write the table as a cluster file",
		Long: `Write the table, or the services named, as the shortest cluster file that makes the
same table. Defaults (scheduler wlc, forwarding direct, weight 1, the service's port)
are left out. Without SERVICE, timeouts and running sync daemons are included.

A drained server has the weight that lvs undrain restores, with a comment above its
service and a note. On this machine lvs apply keeps it drained; elsewhere, or after a
reboot, it is in service.`,
		Example: `  lvs export > cluster.yaml
  lvs export -o json
  lvs export tcp://192.0.2.10:80`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.register(a, c)
	c.Flags().StringVarP(&o.format, "output", "o", "", "write `FORMAT`: yaml or json (default yaml)")
	complete(c, "output", words("yaml", "json"))
	a.kernelFlags(c)
	return c
}

func (o *export) run(c *cobra.Command, args []string) error {
	if o.format == "" {
		o.format = "yaml"
	}
	if o.format != "yaml" && o.format != "json" {
		return usagef("invalid --output %q: want yaml or json", o.format)
	}
	// Errors are JSON if the result is.
	o.app.global.output = o.format
	ids, err := o.all(args)
	if err != nil {
		return o.app.findServer(err, args)
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	snap, err := k.Snapshot(c.Context(), ids...)
	if err != nil {
		return kernel.WithOp("export", err)
	}
	var timeouts kernel.Timeouts
	var daemons []kernel.Daemon
	if len(ids) == 0 {
		if timeouts, err = k.Timeouts(c.Context()); err != nil {
			return err
		}
		if daemons, err = k.Daemons(c.Context()); err != nil {
			return err
		}
	}
	drained := o.app.declaredWeights(snap)
	file := cluster.Export(snap, timeouts, daemons)
	for i := range file.Services {
		file.Services[i].Comments = drained[file.Services[i].Addresses[0]]
	}
	if o.format == "json" {
		return file.WriteJSON(o.app.Out)
	}
	return file.WriteYAML(o.app.Out)
}
