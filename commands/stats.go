package commands

import (
	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/output"
)

type stats struct {
	app *App
	selector
	view
	rates, totals bool
}

func newStats(a *App) *cobra.Command {
	o := &stats{app: a}
	c := &cobra.Command{
		Use:   "stats [SERVICE…]",
		Short: "Show counters and rates",
		Long: `Show how many connections, packets and bytes services and servers have counted since
they were added or last set to zero. --rate shows the kernel's estimates per second,
--totals the sums of the whole table.

With direct routing and tunnels, replies usually do not pass through the director.
Then the outbound counters are 0, and tables show a dash.`,
		Example: `  lvs stats
  lvs stats tcp://192.0.2.10:80 --rate
  lvs stats --totals -o json`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.register(a, c)
	f := c.Flags()
	f.BoolVar(&o.rates, "rate", false, "show the kernel's estimates per second instead of totals")
	f.BoolVar(&o.totals, "totals", false, "show the totals and rates of the whole table")
	o.view.registerRows(a, c, "ServiceList")
	return c
}

func (o *stats) run(c *cobra.Command, args []string) error {
	ids, err := o.all(args)
	if err != nil {
		return o.app.findServer(err, args)
	}
	if o.totals {
		return o.showTotals(c, len(ids) > 0)
	}
	o.view.stats, o.view.rate = !o.rates, o.rates
	return kernel.WithOp("stats", o.show(c.Context(), o.app, ids))
}

func (o *stats) showTotals(c *cobra.Command, named bool) error {
	switch {
	case named:
		return usagef("--totals covers the whole table and cannot be used with SERVICE")
	case o.rates:
		return usagef("--totals and --rate cannot be used together")
	case o.sort != "" || len(o.filter) > 0:
		return usagef("--totals cannot be used with --sort or --filter")
	}
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	sums, err := k.Totals(c.Context())
	if err != nil {
		return err
	}
	info, err := k.Info(c.Context())
	if err != nil {
		return err
	}
	return p.Totals(sums, info)
}
