package commands

import (
	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

type serviceEdit struct {
	app *App
	selector
	serviceOptions
}

func (a *App) newServiceEdit() *cobra.Command {
	o := &serviceEdit{app: a}
	c := &cobra.Command{
		Use:   "edit SERVICE",
		Short: "Change what is named of a virtual service",
		Long: `Changes what is named of a virtual service and leaves the rest as it is. No
connection is cut.

What loses its meaning goes with what gave it one: another scheduler drops the
flags of the one before (sh and mh share theirs), and switching persistence off
drops netmask and engine.`,
		Example: `  lvs service edit tcp://192.0.2.10:80 --scheduler wrr
  lvs service edit tcp://192.0.2.10:80 --persistent=30m
  lvs service edit tcp://192.0.2.10:80 --persistent=none`,
		RunE:              o.run,
		ValidArgsFunction: a.completeOneService(&o.selector),
	}
	o.selector.register(a, c)
	o.serviceOptions.register(c)
	a.changeFlags(c)
	return c
}

func (o *serviceEdit) run(c *cobra.Command, args []string) error {
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
	if !o.serviceOptions.given(c.Flags()) {
		return usagef("service %v: nothing to change was named", id).
			hintf("%s --help lists what can be", c.CommandPath())
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	snap, err := k.Snapshot(c.Context(), id)
	if err != nil {
		return kernel.WithOp(kernel.EditService.String(), err)
	}
	before := snap.Find(id).Service
	after := before
	if err := o.overlay(c.Flags(), &after); err != nil {
		return err
	}
	if after == before {
		return o.app.nothingChanges("service %v is so already", id)
	}
	return o.tried(o.app.apply(c.Context(), []operate.Step{{
		Change:        kernel.Change{Op: kernel.EditService, Service: after},
		BeforeService: &before,
	}}))
}
