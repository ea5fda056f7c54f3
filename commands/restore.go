package commands

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/commands/ipvsadm"
	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/plan"
)

type restore struct {
	app              *App
	file             string
	merge, keepGoing bool
	// kept are drained servers that do not get the weight of the text.
	kept []operate.Kept
}

func newRestore(a *App) *cobra.Command {
	o := &restore{app: a}
	c := &cobra.Command{
		Use:   "restore",
		Short: "Make the table match a saved one",
		Long: `Read the output of lvs save or ipvsadm-save and change the table where it differs.
All of it is read before anything is changed. Services and servers that are the same
keep their connections, new servers are added before old ones are deleted, and
services that the text does not have are deleted (--merge keeps them).

If the text has a fault, nothing is changed and every faulty line is reported. If the
kernel refuses a line, everything is undone, unless --keep-going skips the line.

If something would be deleted, or a service left with less than half of its weight,
restore asks first; without a terminal it needs --yes.
A text without any service is refused: lvs clear deletes every service.

A drained server stays drained, and its weight in the text becomes the one that lvs
undrain restores.

ipvsadm-save omits connection thresholds. If no server in the text has one (-x, -y),
existing servers keep theirs. If any server has one, as lvs save writes them, all are
set as in the text.`,
		Example: `  ipvsadm-save -n | lvs restore --dry-run
  ssh other lvs save | lvs restore --merge
  lvs restore --netns director --yes -f /var/lib/lvs/director.save`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	f := c.Flags()
	f.VarP(&single{to: &o.file}, "file", "f", "read `FILE`, or standard input for - (default: standard input)")
	f.BoolVar(&o.merge, "merge", false, "keep services that the text does not have")
	f.BoolVar(&o.keepGoing, "keep-going", false, "skip what the kernel refuses, instead of undoing everything")
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *restore) run(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q", args[0]).hintf("%s -f %s reads that file", c.CommandPath(), args[0])
	}
	ctx := c.Context()
	text, err := o.read(ctx)
	if err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	before, err := k.Snapshot(ctx)
	if err != nil {
		return kernel.WithOp("restore", err)
	}
	want := wanted(text)
	if n := keepThresholds(want, before); n > 0 {
		o.app.note("the text has no thresholds, which ipvsadm-save omits: kept those of %s", plural(n, "server"))
	}
	changes := plan.Between(before, want, plan.Options{Prune: !o.merge})
	out, err := o.app.outages()
	if err != nil {
		return err
	}
	changes, o.kept = out.KeepOut(before, changes)
	o.app.noteKept(o.kept)
	o.app.noteOrders(stayingOrders(before, want, changes), "text")
	if len(changes) == 0 {
		if len(o.kept) > 0 && !o.app.global.dryRun {
			o.app.operatorOf(k).DeclareAlone(ctx, o.kept)
		}
		return o.app.nothingChanges("the table matches the text")
	}
	if err := o.app.noteWeightZero(ctx, before, changes); err != nil {
		return err
	}
	costs, err := o.app.costs(ctx, before, changes)
	if err != nil {
		return err
	}
	g := gate{least: usualLeast, onlyLost: true}
	g.measure(o.app, before, changes)
	what := strings.TrimPrefix(deletions(before, changes, costs)+g.also(), ", and ")
	if what != "" {
		cut := plan.Sum(costs)
		o.app.warnDropped(&cut, "")
		if err := o.app.confirm(ctx, what); err != nil {
			return err
		}
	}
	g.note(o.app)
	return o.apply(ctx, k, &restoration{before, changes, costs, text})
}

// declare makes the weights of the text the ones that undrain restores.
func (o *restore) declare(ctx context.Context) {
	if len(o.kept) > 0 && !o.app.global.dryRun {
		o.app.operatorOf(o.app.opened).Declare(ctx, o.kept)
	}
}

// read reads the whole text and reports all its faults. An interrupt ends it at
// once, even while no text comes.
func (o *restore) read(ctx context.Context) ([]ipvsadm.Service, error) {
	var services []ipvsadm.Service
	err := interruptible(ctx, func() error {
		in, err := o.app.openInput(o.file)
		if err != nil {
			return err
		}
		defer in.Close()
		services, err = o.readSave(ctx, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(services) == 0 {
		return nil, usagef("the text names no service: nothing was changed").
			hintf("%s clear deletes every service", o.app.here())
	}
	return services, nil
}

// readSave reads the text. A cluster file is an error.
func (o *restore) readSave(ctx context.Context, in io.Reader) ([]ipvsadm.Service, error) {
	text := bufio.NewReader(in)
	if isClusterFile(text) {
		return nil, usagef("this is a cluster file, not the output of ipvsadm-save: nothing was changed").
			hintf("%s apply -f FILE reads a cluster file", o.app.here())
	}
	if isListing(text) {
		return nil, o.app.listingFault()
	}
	services, err := ipvsadm.ReadSave(text, ipvsadm.SystemNames(ctx))
	return services, o.app.savedNames(err)
}

// isClusterFile reports whether the first line that is not a comment begins a
// cluster file.
func isClusterFile(text *bufio.Reader) bool {
	start, _ := text.Peek(256) // ReadSave reports read errors
	for line := range strings.Lines(string(start)) {
		line = strings.TrimSpace(line)
		if line != "" && line != "---" && line[0] != '#' {
			return line[0] == '{' || strings.HasPrefix(line, "apiVersion:")
		}
	}
	return false
}

// keepThresholds copies the thresholds of existing servers into a text without any,
// and returns the number of those servers.
func keepThresholds(want []plan.Service, now *kernel.Snapshot) (kept int) {
	for i := range want {
		for j := range want[i].Servers {
			if s := &want[i].Servers[j]; s.Upper > 0 || s.Lower > 0 {
				return 0
			}
		}
	}
	entries := now.Index()
	for i := range want {
		e := entries[want[i].ServiceID]
		if e == nil || !hasThresholds(e) {
			continue
		}
		for j := range want[i].Servers {
			s := &want[i].Servers[j]
			if old := e.Server(s.Addr); old != nil && (old.Upper > 0 || old.Lower > 0) {
				s.Upper, s.Lower = old.Upper, old.Lower
				kept++
			}
		}
	}
	return kept
}

func hasThresholds(e *kernel.ServiceEntry) bool {
	return slices.ContainsFunc(e.Servers, func(s kernel.ServerEntry) bool { return s.Upper > 0 || s.Lower > 0 })
}

// linesOf returns the lines of a text, by object.
func linesOf(text []ipvsadm.Service) placer {
	lines := map[object]int{}
	for _, s := range text {
		lines[object{service: s.ServiceID}] = s.Line
		for _, v := range s.Servers {
			lines[object{s.ServiceID, v.Addr}] = v.Line
		}
	}
	return func(o object) string {
		if line := lines[o]; line > 0 {
			return fmt.Sprintf("line %d", line)
		}
		return ""
	}
}

func wanted(text []ipvsadm.Service) []plan.Service {
	out := make([]plan.Service, len(text))
	for i, s := range text {
		servers := make([]kernel.Server, len(s.Servers))
		for j := range s.Servers {
			servers[j] = s.Servers[j].Server
		}
		out[i] = plan.Service{Service: s.Service, Servers: servers}
	}
	return out
}

// restoration is a plan to restore a text.
type restoration struct {
	before  *kernel.Snapshot
	changes []kernel.Change
	costs   []plan.Cost
	text    []ipvsadm.Service
}

// apply carries out the plan and prints it.
func (o *restore) apply(ctx context.Context, k kernel.Kernel, r *restoration) error {
	a, before, changes, text := o.app, r.before, r.changes, r.text
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	if err := a.refuseOwned(ctx, servicesOfChanges(changes)); err != nil {
		return err
	}
	show := func(refused kernel.Refusals) error {
		rows := planRows(before, changes, a.global.dryRun)
		for i := range rows {
			if rows[i].Deletes() {
				rows[i].Cost = &r.costs[i]
			}
		}
		for _, r := range refused {
			rows[r.Index].Err = r.Err
		}
		return p.Changes(rows)
	}
	if a.global.dryRun {
		return show(nil)
	}
	op := a.operatorOf(k)
	done := op.Record(ctx, plan.Touched(before, changes))
	options := plan.ApplyOptions{KeepGoing: o.keepGoing, Progress: func(done, total int) {
		a.tell(operate.Progress{Done: done, Total: total})
	}}
	_, err = plan.Apply(ctx, k, before, changes, options)
	a.endLine()
	done(err)
	if failure := (*plan.Failure)(nil); errors.As(err, &failure) {
		return a.undone(failure, linesOf(text))
	}
	o.declare(ctx)
	refused, _ := err.(kernel.Refusals)
	if a.reports() {
		if err := show(refused); err != nil && len(refused) == 0 {
			return err
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return append(refusedLines(refused, linesOf(text), exitPartly), &fault{status: exitPartly,
		err: fmt.Errorf("partly applied: %d of %d changes were made", len(changes)-len(refused), len(changes))})
}
