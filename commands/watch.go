package commands

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/output"
	"lvs/traffic"
)

type watch struct {
	app *App
	selector
	interval, count         string
	rates, servers, initial bool
	filter                  []string
}

func (a *App) newWatch() *cobra.Command {
	o := &watch{app: a}
	c := &cobra.Command{
		Use:   "watch [SERVICE…]",
		Short: "Tell each change of the table as it happens, and rates",
		Long: `Looks at the table once every interval and prints a line for each change between
two looks: a service or server added, edited or deleted, with the settings that
changed before and after; a sync daemon started or stopped; new timeouts. Of what
comes and goes between two looks it sees nothing. With SERVICE it tells of those
services alone, also of one that is not there yet. --initial tells first what is
there, as if it were just being added.

With --rates it also prints a line for each service after every interval, with
--servers for each server too: what came per second, from the counters and the
time that really passed, not from the kernel's estimates. The kernel brings the
counters up to date every 2s, so the interval is a multiple of that. Where it is
late, the counters were set to zero, or an object is new, a rate is not known;
after a late one the next counts for both.

It goes on until it is interrupted (status 130), for --count intervals, or for the
time of --timeout. The status is 0 then, or 8 where --timeout came before the
intervals were over. It goes on while IPVS is unloaded, and says so. Lines are
written at once. -o json and yaml are one document, printed at the end, and so
need an end: --count or --timeout. --jq works on each line unless -o json is given.

Without privilege it watches what everyone may read and says so: then thresholds,
persistence, flags, timeouts, sync daemons and rates are not known.`,
		Example: `  lvs watch
  lvs watch tcp://192.0.2.10:80 --rates --interval 10s
  lvs watch --rates --servers --filter 'cps>0' --timeout 1m
  lvs watch --filter op=edit-server --columns time,server,before,after
  lvs watch --initial -o jsonl
  lvs watch --rates -n 1 -o json --jq '.items[].traffic.rates'`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.register(a, c)
	f := c.Flags()
	f.StringVar(&o.interval, "interval", "", "look every `DURATION`, at least 100ms; with --rates a multiple of 2s (default 1s, with --rates 2s)")
	f.StringVarP(&o.count, "count", "n", "", "end after `N` intervals (default: never)")
	f.BoolVar(&o.rates, "rates", false, "tell after each interval what came per second")
	f.BoolVar(&o.servers, "servers", false, "with --rates: also for each server")
	f.BoolVar(&o.initial, "initial", false, "tell first what is there, as if it were just being added")
	f.StringArrayVar(&o.filter, "filter", nil, "tell only events for which `EXPR` holds, such as op=delete-server, server~10.0. or cps>100; repeat it for more conditions (default: all)")
	a.kernelFlags(c)
	f.Lookup("timeout").Usage = "end after `DURATION`, such as 10m (default: never)"
	a.showFlags(c)
	a.quietFlag(c)
	keys := completeKeys(func() []string { return output.ColumnKeys("EventList") })
	complete(c, "columns", keys)
	complete(c, "filter", keys)
	complete(c, "interval", words("1s", "10s", "1m"))
	complete(c, "count", words("1", "10"))
	return c
}

func (o *watch) run(c *cobra.Command, args []string) error {
	// A watch lives for days, so memory that it gives back counts more than in a
	// command that soon ends (Main).
	debug.SetGCPercent(50)
	ctx := c.Context()
	w, err := o.watcher(args)
	if err != nil {
		return err
	}
	if err := w.begin(ctx); err != nil {
		return err
	}
	err = w.follow(ctx)
	if o.count == "" && errors.Is(err, context.DeadlineExceeded) {
		err = nil // --timeout was to end it
	}
	// What was seen is printed, however it ends.
	if closing := w.stream.Close(); closing != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return closing
	}
	return err
}

// watcher checks the options, all of them at once.
func (o *watch) watcher(args []string) (*watcher, error) {
	w := &watcher{app: o.app, rates: o.rates, meters: meters{servers: o.servers}, initial: o.initial}
	var bad faults
	var err error
	w.ids, err = o.all(args)
	bad.add(err)
	slices.SortFunc(w.ids, kernel.ServiceID.Compare)
	w.interval, err = o.parseInterval()
	bad.add(err)
	if o.count != "" {
		w.count, err = parseNumber("--count", o.count, 1, 1<<31)
		bad.add(err)
	}
	if o.servers && !o.rates {
		bad.add(usagef("--servers has no effect without --rates"))
	}
	bad.add(o.chooseFormat())
	if err := bad.err(); err != nil {
		return nil, err
	}
	p, err := o.app.printer(output.Options{Filter: o.filter})
	if err != nil {
		return nil, err
	}
	w.stream, err = p.Events(o.rates)
	return w, err
}

func (o *watch) parseInterval() (time.Duration, error) {
	switch {
	case o.interval == "" && o.rates:
		return traffic.KernelTick, nil
	case o.interval == "":
		return time.Second, nil
	}
	want := durationRange{low: leastInterval}
	if o.rates {
		want.unit = traffic.KernelTick // the kernel brings its counters up to date that often
	}
	d, err := parseDuration("--interval", o.interval, want)
	if f := (*fault)(nil); o.rates && errors.As(err, &f) {
		f.hintf("with --rates: the kernel renews its counters every %v", traffic.KernelTick)
	}
	return d, err
}

// leastInterval keeps the work for the kernel small.
const leastInterval = 100 * time.Millisecond

// chooseFormat prefers lines, and refuses documents that never end.
func (o *watch) chooseFormat() error {
	g := &o.app.global
	switch {
	case g.jq != "" && g.output == "", g.formatOfEnv && g.output == "json":
		g.output = "jsonl"
	case g.formatOfEnv && g.output == "yaml":
		g.output = ""
	}
	if o.count != "" || g.timeout != "" {
		return nil
	}
	switch {
	case g.template != "":
		return usagef("--template works on a whole document, and this one has no end").
			hintf("--count or --timeout gives it one; --jq works on each line")
	case g.output == "json" || g.output == "yaml":
		return usagef("-o %s is one document, and this one has no end", g.output).
			hintf("-o jsonl prints an object a line; --count or --timeout gives it an end")
	}
	return nil
}
