package commands

import (
	"context"

	"github.com/spf13/cobra"

	"lvs/doctor"
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
Then the outbound counters are 0, and tables show a dash.

If net.ipv4.vs.run_estimation is 0, or net.ipv4.vs.est_cpulist is empty, the kernel does
not update counters and rates. They are unknown then: a dash, null in JSON, and a note.

--totals also shows how many connections the table has (TABLE-USED; a client bound by
persistence is one more) and the most that the kernel keeps (CONN-MAX, the sysctl
net.ipv4.vs.conn_max, from Linux 7 on). At the limit the kernel drops new connections
without an answer; from 80% on there is a note.`,
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
		return o.with(o.app, o.app.findServer(err, args))
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
	t, err := readTotals(c.Context(), k)
	if err != nil {
		return err
	}
	o.app.quote(doctor.StoppedCounters(t.stopped))
	o.app.quote(doctor.FullTable(t.Conns))
	return p.Totals(t.Totals)
}

// totals are the totals, and the sysctl because of which they are not up to date.
type totals struct {
	output.Totals
	stopped string
}

// readTotals reads the totals. What an older kernel or a missing privilege hides of the
// connection table is unknown.
func readTotals(ctx context.Context, k kernel.Kernel) (t totals, err error) {
	if t.Stats, err = k.Totals(ctx); err != nil {
		return t, err
	}
	if t.Info, err = k.Info(ctx); err != nil {
		return t, err
	}
	settings, err := k.Sysctls(ctx, kernel.ConnMax, kernel.EstCPUList, kernel.RunEstimation)
	if ctx.Err() != nil {
		return t, err
	}
	status, err := k.TableStatus(ctx)
	if ctx.Err() != nil {
		return t, err
	}
	t.Conns = kernel.ConnTableOf(status, settings)
	t.stopped = kernel.CountersStopped(settings)
	t.Stopped = t.stopped != ""
	return t, nil
}
