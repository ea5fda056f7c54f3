package commands

import (
	"context"
	"errors"
	"slices"
	"syscall"
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

func newWatch(a *App) *cobra.Command {
	o := &watch{app: a}
	c := &cobra.Command{
		Use:   "watch [SERVICE…]",
		Short: "Print the changes between two reads of the table, and rates",
		Long: `Read the table every interval and print a line for each change between two reads: a
service or server added, edited or deleted, with the changed settings before and
after; a sync daemon started or stopped; new timeouts. An object that is added and
deleted between two reads is not seen. With SERVICE, only those services are watched,
even if one does not exist yet. --initial first prints the present table, as if it were
just being added.

With --rates, it also prints a line for each service after every interval, and with
--servers for each server too: connections, packets and bytes per second, from the
counters and the time that really passed, not from the kernel's estimates. The kernel
updates its counters every 2s, so the interval is a multiple of that. If the kernel is
late, the counters were set to zero, or an object is new, a rate is unknown; after a
late update the next rate covers both intervals. While net.ipv4.vs.run_estimation is 0
or net.ipv4.vs.est_cpulist is empty, and for up to 6s afterwards, all rates are unknown.

It runs until interrupted (exit status 130), for --count intervals, or until --timeout.
The status is then 0, or 8 if --timeout passes before --count intervals. While IPVS is
unloaded, it says so and keeps running. Lines are written at once. -o json and yaml
print one document at the end, so they need --count or --timeout. --jq works on each
line unless -o json is used.

Without privilege, it watches only what every user can read, and prints a note:
thresholds, persistence, flags, timeouts, sync daemons and rates are then unknown.`,
		Example: `  lvs watch
  lvs watch tcp://192.0.2.10:80 --rates --interval 10s
  lvs watch --rates --servers --filter 'connectionsPerSecond>0' --timeout 1m
  lvs watch --filter op=edit-server --columns time,server,before,after
  lvs watch --initial -o jsonl
  lvs watch --rates -c 1 -o json --jq '.items[].traffic.rates'`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.register(a, c)
	f := c.Flags()
	f.StringVar(&o.interval, "interval", "",
		"read the table every `DURATION`, at least 100ms; with --rates a multiple of 2s (default 1s, with --rates 2s)")
	f.StringVarP(&o.count, "count", "c", "", "end after `N` intervals (default: never)")
	f.BoolVar(&o.rates, "rates", false, "print rates per second after each interval")
	f.BoolVar(&o.servers, "servers", false, "with --rates: also print a line for each server")
	f.BoolVar(&o.initial, "initial", false, "print the present table first, as if it were just being added")
	f.StringArrayVar(&o.filter, "filter", nil,
		"print only events that match `EXPR`, such as op=delete-server, server~10.0. or connectionsPerSecond>100; "+
			"repeat it for more conditions (default: all)")
	a.kernelFlags(c)
	f.Lookup("timeout").Usage = "end after `DURATION`, such as 10m (default: never)"
	a.showFlags(c, "EventList")
	a.quietFlag(c)
	keys := completeKeys(func() []string { return output.ColumnKeys("EventList") })
	complete(c, "columns", keys)
	complete(c, "filter", keys)
	complete(c, "interval", words("1s", "10s", "1m"))
	complete(c, "count", words("1", "10"))
	return c
}

func (o *watch) run(c *cobra.Command, args []string) error {
	// A watch runs for days: collect garbage more often than in a command that soon
	// ends (Main).
	o.app.setGarbage(50)
	ctx := c.Context()
	w, err := o.watcher(c, args)
	if err != nil {
		return err
	}
	if err := w.begin(ctx); err != nil {
		return kernel.WithOp("watch", err)
	}
	err = w.follow(ctx)
	if o.count == "" && errors.Is(err, context.DeadlineExceeded) {
		err = nil // --timeout is its normal end
	}
	// Print what was seen, however it ends.
	if closing := w.stream.Close(); closing != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return closing
	}
	return err
}

// watcher checks all options and returns the watcher.
func (o *watch) watcher(c *cobra.Command, args []string) (*watcher, error) {
	w := &watcher{app: o.app, rates: o.rates, meters: meters{servers: o.servers}, initial: o.initial}
	var bad faults
	var err error
	if err = valueApart(c, "numeric", "count", args); err == nil {
		w.ids, err = o.all(args)
	}
	bad.add(err)
	slices.SortFunc(w.ids, kernel.ServiceID.Compare)
	w.interval, err = o.parseInterval()
	bad.add(err)
	if o.count != "" {
		w.count, err = parseCount("--count", o.count)
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
		want.unit = traffic.KernelTick // the kernel updates its counters that often
	}
	d, err := parseDuration("--interval", o.interval, want)
	if f := (*fault)(nil); o.rates && errors.As(err, &f) {
		f.hintf("leave out --rates for other intervals: the kernel updates its counters every %v", traffic.KernelTick)
	}
	return d, err
}

// leastInterval limits the work of the kernel.
const leastInterval = 100 * time.Millisecond

// chooseFormat prefers a format of lines, and refuses a document without an end.
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
		return usagef("--template needs a document that ends").
			hintf("add --count or --timeout; or use --jq, which works on each line")
	case g.output == "json" || g.output == "yaml":
		return usagef("-o %s needs a document that ends", g.output).
			hintf("add --count or --timeout; or use -o jsonl, which prints one object per line")
	}
	return nil
}

// watcher reads a table again and again and prints what has changed.
type watcher struct {
	app *App
	// ids has the services to watch, in canonical order; empty is the whole table.
	ids      []kernel.ServiceID
	interval time.Duration
	// count is the number of intervals; zero means no limit.
	count          uint64
	rates, initial bool
	meters         meters
	stream         *output.EventStream

	last *look
	next time.Time
	// public is set if privilege is missing: only the public table is read.
	public bool
	// failure is why the table cannot be read at present, or nil.
	failure error
	// gone is set if IPVS was unloaded and has not been opened since.
	gone bool
	// stopped is the sysctl of the last noteStopped.
	stopped string
}

// begin reads the table for the first time. Every error ends the watch here.
func (w *watcher) begin(ctx context.Context) (err error) {
	if w.last, _, err = w.settled(ctx); err != nil {
		return err
	}
	w.next = w.app.Now()
	if w.rates {
		for range w.meters.read(w.last) { // nothing to compare with yet
		}
		w.noteStopped(w.last)
	}
	if w.initial {
		nothing := &look{Snapshot: &kernel.Snapshot{Public: w.last.Public}}
		if err := w.print(w.last.Time, nothing.changesTo(w.last), true); err != nil {
			return err
		}
	}
	return w.stream.Flush()
}

// follow looks after each interval, until the last one if there is one.
func (w *watcher) follow(ctx context.Context) error {
	for n := uint64(0); w.count == 0 || n < w.count; n++ {
		if err := w.wait(ctx); err != nil {
			return err
		}
		if err := w.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// wait sleeps until the next look is due. If the machine is too slow for the
// interval, looks are skipped.
func (w *watcher) wait(ctx context.Context) error {
	now := w.app.Now()
	if w.next = w.next.Add(w.interval); !w.next.After(now) {
		w.next = now.Add(w.interval)
	}
	if err := w.app.Sleep(ctx, w.next.Sub(now)); err != nil {
		return err
	}
	if readerGone(w.app.Out) {
		return syscall.EPIPE
	}
	return nil
}

// step looks once and prints what is different.
func (w *watcher) step(ctx context.Context) error {
	now, changes, err := w.settled(ctx)
	if err != nil {
		return w.missed(ctx, err)
	}
	w.found()
	w.noteStopped(now)
	if err := w.print(now.Time, changes, false); err != nil {
		return err
	}
	if w.rates {
		for e := range w.meters.read(now) {
			if err := w.stream.Add(&e); err != nil {
				return err
			}
		}
	}
	w.last = now
	return w.stream.Flush()
}

// print prints the changes seen at a time.
func (w *watcher) print(at time.Time, changes []output.Change, initial bool) error {
	for i := range changes {
		if err := w.stream.Add(&output.Event{Time: at, Initial: initial, Change: changes[i]}); err != nil {
			return err
		}
	}
	return nil
}

// missed prints once why the table cannot be read; the watch goes on.
func (w *watcher) missed(ctx context.Context, err error) error {
	gone := errors.Is(err, kernel.ErrNotLoaded)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case w.rates && errors.Is(err, kernel.ErrPermission):
		return err
	case w.failure != nil && (w.failure.Error() == err.Error() || gone && errors.Is(w.failure, kernel.ErrNotLoaded)):
	case gone:
		w.app.note("IPVS is no longer loaded: waiting until it is back")
	default:
		w.app.note("%v: trying again", err)
	}
	w.failure, w.gone = err, w.gone || gone
	return nil
}

// found prints that the table can be read again.
func (w *watcher) found() {
	switch {
	case w.failure == nil:
	case errors.Is(w.failure, kernel.ErrNotLoaded):
		w.app.note("IPVS is back")
	default:
		w.app.note("the table can be read again")
	}
	w.failure = nil
}
