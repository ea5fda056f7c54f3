package commands

import (
	"github.com/spf13/cobra"

	"lvs/doctor"
	"lvs/kernel"
	"lvs/plan"
)

type zero struct {
	app *App
	selector
	// named is set if at least one service must be given.
	named bool
}

func newZero(a *App) *cobra.Command {
	o := &zero{app: a}
	c := &cobra.Command{
		Use:   "zero [SERVICE…]",
		Short: "Reset counters to zero",
		Long: `Reset the totals of the given services and their servers to zero. Without SERVICE,
reset all totals. Connections do not change.

If net.ipv4.vs.run_estimation is 0, or net.ipv4.vs.est_cpulist is empty, the kernel does
not update its counters: what it counts until they are set again is added then, and a
note says so.`,
		Example: `  lvs zero
  lvs zero tcp://192.0.2.10:80 fwmark:7`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.register(c)
	return c
}

func newServiceZero(a *App) *cobra.Command {
	o := &zero{app: a, named: true}
	c := &cobra.Command{
		Use:   "zero SERVICE…",
		Short: "Reset the counters of services to zero",
		Long: `Reset the totals of the given services and their servers to zero. Connections do not
change.`,
		Example: `  lvs service zero tcp://192.0.2.10:80
  lvs service zero -f 7`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.register(c)
	return c
}

func (o *zero) register(c *cobra.Command) {
	o.selector.register(o.app, c)
	o.app.changeFlags(c)
}

func (o *zero) run(c *cobra.Command, args []string) error {
	ids, err := o.all(args)
	if o.named {
		ids, err = o.some(args)
	}
	if err != nil {
		return err
	}
	if _, err := o.app.lookup(c.Context(), "zero", ids); err != nil {
		return err
	}
	objects := []plan.Object{{Zeroed: true}}
	for i, id := range ids {
		objects = append(objects[:i], plan.Object{Service: id, Zeroed: true, Change: i})
	}
	return o.app.perform(c.Context(), objects, func() error {
		k, err := o.app.kernel()
		if err != nil {
			return err
		}
		if err := k.Zero(c.Context(), ids...); err != nil {
			return err
		}
		settings, _ := k.Sysctls(c.Context(), kernel.EstCPUList, kernel.RunEstimation) // unknown is updated
		o.app.quote(doctor.StoppedZero(kernel.CountersStopped(settings)))
		return nil
	})
}
