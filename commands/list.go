package commands

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/doctor"
	"lvs/kernel"
	"lvs/operate"
	"lvs/operate/state"
	"lvs/output"
)

type list struct {
	app *App
	selector
	view
}

func newList(a *App) *cobra.Command {
	o := &list{app: a}
	c := &cobra.Command{
		Use:   "list [SERVICE…]",
		Short: "Show virtual services with their servers",
		Long: `Show virtual services with their servers: all services, or the given ones. lvs
without a command does the same.

Without CAP_NET_ADMIN, the list has no thresholds and fewer details, and prints a
note. --stats and --rate need CAP_NET_ADMIN.

--wide and JSON show which servers are drained, by whom, since and until when, and the
weight before. A note says which drained server has a weight that someone else set.
While a director runs, they also show the health of its servers, and why each has its
weight.`,
		Example: `  lvs list
  lvs list tcp://192.0.2.10:80 --stats
  lvs list --sort -active --filter 'scheduler=wlc'
  lvs list --sort kernel
  lvs list --filter 'weight=0' --columns service,server,active
  lvs list -o json --jq '.items[].id'`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.register(c)
	return c
}

func (o *list) register(c *cobra.Command) {
	o.selector.register(o.app, c)
	o.view.register(o.app, c)
}

func (o *list) run(c *cobra.Command, args []string) error {
	ids, err := o.all(args)
	if err != nil {
		return o.with(o.app, o.app.findServer(err, args))
	}
	return o.show(c.Context(), o.app, ids)
}

// findServer adds a hint to err if an argument is the address of a server.
func (a *App) findServer(err error, args []string) error {
	var several faults
	if errors.As(err, &several) {
		if len(several) > 1 {
			return err
		}
		err = several[0]
	}
	for _, arg := range args {
		if _, bad := netip.ParseAddr(arg); bad == nil {
			return usagef("%w", err).hintf("find a server: %s list --filter server=%s", a.Name, arg)
		}
	}
	return err
}

// view holds the options for a table of services or servers.
type view struct {
	stats, rate, wide bool
	sort              string
	filter            []string
	// drained is what is remembered about servers.
	drained map[kernel.ServerKey]state.Weight
}

func (v *view) register(a *App, c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&v.stats, "stats", false,
		"show the totals of connections, packets and bytes since the start or the last reset")
	f.BoolVar(&v.rate, "rate", false, "show the kernel's estimates per second")
	f.BoolVar(&v.wide, "wide", false, "show more columns, as -o wide")
	v.registerRows(a, c, "ServiceList")
}

// registerRows adds the options of every list of rows.
func (v *view) registerRows(a *App, c *cobra.Command, kind string) {
	f := c.Flags()
	order, examples := "by address", "'weight=0', 'active>100' or 'server~10.0.'"
	if kind == "ConnectionList" {
		order, examples = "the kernel's order", "'state=ESTABLISHED' or, with --group-by, 'total>100'"
	}
	sort := "sort by the column `KEY`, -KEY for descending order"
	if kind != "ConnectionList" {
		sort += ", or kernel to leave servers in the kernel's order, the last added first"
	}
	f.StringVar(&v.sort, "sort", "", sort+" (default: "+order+")")
	f.StringArrayVar(&v.filter, "filter", nil,
		"show only rows that match `EXPR`, such as "+examples+"; may be repeated (default: all rows)")
	a.kernelFlags(c)
	a.showFlags(c, kind)
	a.quietFlag(c)
	for _, name := range []string{"columns", "filter"} {
		complete(c, name, completeColumns(kind))
	}
	complete(c, "sort", completeSort(kind))
}

func (v *view) kind() output.View {
	switch {
	case v.stats:
		return output.Stats
	case v.rate:
		return output.Rates
	}
	return output.Plain
}

// with adds the faults of the options of the view to those of the arguments.
func (v *view) with(a *App, bad error) error {
	_, err := v.printer(a)
	return both(bad, err)
}

func (v *view) printer(a *App) (*output.Printer, error) {
	format := a.global.output
	switch {
	case v.stats && v.rate:
		return nil, usagef("--stats and --rate cannot be used together")
	case v.wide && (format == "" || format == "table"):
		format = "wide"
	case v.wide && format != "wide":
		return nil, usagef("--wide has no effect on -o %s", format)
	}
	v.drained = a.remembered()
	return a.printer(output.Options{Format: format, Sort: v.sort, Filter: v.filter, Outages: outageRows(v.drained),
		Directed: v.directed(a, format)})
}

// directed returns what the director of the table says about its servers, if the columns or
// the format show it. Nil: none runs, or it does not matter.
func (v *view) directed(a *App, format string) map[kernel.ServerKey]output.DirectedStateRow {
	words := strings.ToLower(a.global.columns + " " + v.sort + " " + strings.Join(v.filter, " "))
	if (format == "" || format == "table" || format == "csv" || format == "name") &&
		!strings.Contains(words, "health") && !strings.Contains(words, "why") || a.ctx == nil {
		return nil
	}
	act := a.actor(a.ctx)
	if act == nil {
		return nil
	}
	return output.Directed(act.status)
}

// notePending prints what the rows do not show: a drained server that has a weight, and a
// change that is undone unless it is confirmed.
func (v *view) notePending(a *App, now *kernel.Snapshot) {
	out := operate.OutagesOf(v.drained)
	a.noteOverridden(out, now)
	if g := &a.global; !v.wide && g.columns == "" && (g.output == "" || g.output == "table") {
		a.noteDrained(out, now)
	}
	a.notePending()
}

// printer returns a printer with o and the global options.
func (a *App) printer(o output.Options) (*output.Printer, error) {
	g := &a.global
	if o.Format == "" {
		o.Format = g.output
	}
	if g.columns != "" {
		o.Columns = strings.Split(g.columns, ",")
	}
	o.NoHeaders, o.JQ, o.Template, o.Netns, o.Now = g.noHeaders, g.jq, g.template, g.netns, a.Now
	o.Context = a.ctx
	o.Terminal, o.Width, o.Color = a.OutTerminal.Is, a.OutTerminal.Width, a.color()
	p, err := output.New(a.Out, o)
	if err == nil {
		p.Orders(a.orders)
	}
	return p, err
}

func (a *App) color() bool {
	switch a.global.color {
	case "always":
		return true
	case "never":
		return false
	}
	return a.OutTerminal.Is && a.Env("NO_COLOR") == "" && a.Env("TERM") != "dumb"
}

// show prints the given services, or all.
func (v *view) show(ctx context.Context, a *App, ids []kernel.ServiceID) error {
	p, err := v.printer(a)
	if err != nil {
		return err
	}
	a.alone = true
	if p.Streams() {
		if done, err := v.stream(ctx, a, p, ids); done || err != nil {
			return err
		}
	}
	snap, err := v.snapshot(ctx, a, p, ids)
	if err != nil {
		return err
	}
	v.notePending(a, snap)
	return p.Services(snap, v.kind())
}

// stream writes one service after another, with little memory. It returns false, and
// nothing is written, without the privilege to read servers of single services.
func (v *view) stream(ctx context.Context, a *App, p *output.Printer, ids []kernel.ServiceID) (bool, error) {
	k, err := a.kernel()
	if err != nil {
		return false, err
	}
	snap, err := k.Services(ctx, ids...)
	if errors.Is(err, kernel.ErrPermission) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if p.UsesCounters(v.kind()) {
		a.quote(doctor.StoppedCounters(snap.Stopped))
	}
	drained := keepDrained(v.drained)
	var servers []kernel.ServerEntry
	err = p.StreamServices(snap, v.kind(), func(e *kernel.ServiceEntry) ([]kernel.ServerEntry, error) {
		var err error
		servers, err = k.Servers(ctx, e.ServiceID, servers)
		drained.add(e, servers)
		return servers, err
	})
	v.notePending(a, &drained.snap)
	return true, err
}

// snapshot reads the given services, or all. Without privilege it reads /proc, unless
// the view needs more. If p shows counters that are not up to date, it prints why they
// are unknown.
func (v *view) snapshot(
	ctx context.Context, a *App, p *output.Printer, ids []kernel.ServiceID,
) (*kernel.Snapshot, error) {
	k, err := a.kernel()
	if err != nil {
		return nil, err
	}
	snap, err := k.Snapshot(ctx, ids...)
	if errors.Is(err, kernel.ErrPermission) && v.kind() == output.Plain {
		return publicSnapshot(ctx, a, k, ids, err)
	}
	if err == nil && p.UsesCounters(v.kind()) {
		a.quote(doctor.StoppedCounters(snap.Stopped))
	}
	return snap, err
}

// publicSnapshot reads what every user can read. It returns refused, the reason for it,
// if even that fails.
func publicSnapshot(
	ctx context.Context, a *App, k kernel.Kernel, ids []kernel.ServiceID, refused error,
) (*kernel.Snapshot, error) {
	snap, err := k.PublicSnapshot(ctx)
	if err != nil {
		return nil, refused
	}
	var bad faults
	for _, id := range ids {
		if snap.Find(id) == nil {
			bad.add(&kernel.Error{Op: "list", Service: id, Err: kernel.ErrNoService})
		}
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		snap.Services = slices.DeleteFunc(snap.Services, func(s kernel.ServiceEntry) bool {
			return !slices.Contains(ids, s.ServiceID)
		})
	}
	a.note("without privilege: statistics, thresholds and some details are not shown "+
		"(needs CAP_NET_ADMIN: sudo %s …)", a.Name)
	return snap, nil
}
