package commands

import (
	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

type serviceAdd struct {
	app *App
	selector
	serviceOptions
}

func (a *App) newServiceAdd() *cobra.Command {
	o := &serviceAdd{app: a}
	c := &cobra.Command{
		Use:   "add SERVICE",
		Short: "Add a virtual service",
		Long: `Adds a virtual service without servers. A service that exists already is left
as it is, and the exit status is 5.`,
		Example: `  lvs service add tcp://192.0.2.10:80
  lvs service add tcp://192.0.2.10:443 --scheduler mh --sched-flags mh-port
  lvs service add fwmark:7 --persistent=10m --netmask 255.255.255.0
  lvs service add udp://192.0.2.10:53 --ops -s rr`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	o.selector.register(a, c)
	o.serviceOptions.register(c)
	a.changeFlags(c)
	return c
}

func (o *serviceAdd) run(c *cobra.Command, args []string) error {
	if err := o.apart(c.Flags(), args); err != nil {
		return err
	}
	id, rest, err := o.one(args)
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
		return err
	}
	s := kernel.Service{ServiceID: id, Scheduler: "wlc"}
	if err := o.overlay(c.Flags(), &s); err != nil {
		return err
	}
	return o.tried(o.app.apply(c.Context(), []operate.Step{{Change: kernel.Change{Op: kernel.AddService, Service: s}}}))
}
