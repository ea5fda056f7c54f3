package commands

import (
	"github.com/spf13/cobra"

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
		Long: `Shows what services and servers have counted since they were made or last zeroed:
connections, packets and bytes. With --rate it shows the kernel's estimates per
second, with --totals the sums over the whole table.

The director sees no answers of servers behind direct routing and tunnels, unless
they pass it: then their outbound counters are 0, and tables have a dash.`,
		Example: `  lvs stats
  lvs stats tcp://192.0.2.10:80 --rate
  lvs stats --totals -o json`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.register(a, c)
	f := c.Flags()
	f.BoolVar(&o.rates, "rate", false, "show the kernel's estimates per second instead of totals")
	f.BoolVar(&o.totals, "totals", false, "show the sums over the whole table, totals and rates")
	o.view.registerRows(a, c, "ServiceList")
	return c
}

func (o *stats) run(c *cobra.Command, args []string) error {
	ids, err := o.all(args)
	if err != nil {
		return err
	}
	if o.totals {
		return o.showTotals(c, len(ids) > 0)
	}
	o.view.stats, o.view.rate = !o.rates, o.rates
	return o.show(c.Context(), o.app, ids)
}

func (o *stats) showTotals(c *cobra.Command, named bool) error {
	switch {
	case named:
		return usagef("--totals is about the whole table: it takes no SERVICE")
	case o.rates:
		return usagef("--totals shows totals and rates: --rate has no effect on it")
	case o.sort != "" || len(o.filter) > 0:
		return usagef("--sort and --filter have no effect on --totals")
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
