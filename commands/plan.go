package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/plan"
)

// planner is what diff and apply share: cluster files, and which changes a plan
// from the table to them may make.
type planner struct {
	app  *App
	verb string // diff or apply
	clusterFiles
	prune       bool
	allow       []string
	keepWeights bool
	allowed     plan.Kinds // of allow
	// out are the servers that are out of service.
	out operate.Outages
}

func (p *planner) register(a *App, c *cobra.Command) {
	p.app, p.verb = a, c.Name()
	f := c.Flags()
	p.clusterFiles.register(f)
	f.BoolVar(&p.prune, "prune", false,
		"also delete services that the files do not name and, if the files have sync daemons, stop the others")
	f.StringSliceVar(&p.allow, "allow", nil,
		"make only changes of these `KINDS`, a list of add, update, delete (default: all)")
	f.BoolVar(&p.keepWeights, "keep-weights", false, "keep the weights of existing servers")
	complete(c, "allow", words("add", "update", "delete"))
}

// planned is a plan and what it was made from.
type planned struct {
	wanted *cluster.Wanted
	kernel kernel.Kernel
	before *plan.Table
	steps  plan.Steps
	left   plan.Steps  // what --allow leaves out
	costs  []plan.Cost // of steps.Changes
	// kept are drained servers that do not get the weight of the files.
	kept []operate.Kept
}

// plan reads the files, then the table, and compares. args are more files.
func (p *planner) plan(ctx context.Context, args []string) (*planned, error) {
	allowed, err := p.kinds()
	w, unread := readCluster(ctx, p.app.openInput, p.given(args))
	if err := both(err, unread); err != nil {
		return nil, err
	}
	p.allowed = allowed
	k, err := p.app.kernel()
	if err != nil {
		return nil, err
	}
	q := &planned{wanted: w, kernel: k}
	if p.prune && len(w.Services) == 0 {
		return nil, usagef("the files name no service: --prune would delete every service").
			hintf("%s clear deletes every service", p.app.here())
	}
	if q.before, err = plan.ReadTable(ctx, k); err != nil {
		return nil, kernel.WithOp(p.verb, err)
	}
	if p.verb == "diff" || p.app.global.dryRun { // apply asks the kernel
		p.app.noteUnknownNames(w)
	}
	p.app.noteForDirector(w)
	if p.out, err = p.app.outages(); err != nil {
		return nil, err
	}
	q.steps, q.left, q.kept = p.steps(w, q.before)
	p.app.noteKept(q.kept)
	p.app.noteOverridden(p.out, q.before.Snapshot)
	p.app.noteOrders(stayingOrders(q.before.Snapshot, w.Services, q.steps.Changes), "file")
	q.costs, err = p.app.costs(ctx, q.before.Snapshot, q.steps.Changes)
	return q, err
}

// steps plans the steps from a table, and separates what --allow leaves out. A drained
// server stays drained: the admin decides how long, not the file.
func (p *planner) steps(w *cluster.Wanted, now *plan.Table) (steps, left plan.Steps, kept []operate.Kept) {
	steps = w.Steps(now, plan.Options{Prune: p.prune, KeepWeights: p.keepWeights})
	steps.Changes, kept = p.out.KeepOut(now.Snapshot, steps.Changes)
	steps, left = steps.Narrow(p.allowed)
	return steps, left, kept
}

func (p *planner) kinds() (plan.Kinds, error) {
	names := map[string]plan.Kinds{"add": plan.Adding, "update": plan.Updating, "delete": plan.Deleting}
	var allowed plan.Kinds
	for _, word := range p.allow {
		kind, ok := names[word]
		if !ok {
			return 0, usagef("invalid --allow %q: want a list of add, update and delete", word)
		}
		allowed |= kind
	}
	if p.prune && !allowed.Has(plan.Deleting) {
		return 0, usagef("--prune and --allow %s cannot be used together: --prune deletes", strings.Join(p.allow, ","))
	}
	return allowed, nil
}

// noteLeft prints what --allow leaves out.
func (p *planner) noteLeft(q *planned) {
	if !q.left.Empty() {
		p.app.note("left out by --allow: %s", countSteps(&q.left, true))
	}
}

// stepRows returns steps as rows, in the order in which they are carried out, with
// the settings before and after and what they cut.
func stepRows(q *planned, dryRun bool) []output.Change {
	before, s, costs := q.before, &q.steps, q.costs
	rows := planRows(before.Snapshot, s.Changes, dryRun)
	for i := range rows {
		if plan.KindOf(s.Changes[i].Op) == plan.Deleting {
			rows[i].Cost = &costs[i]
		}
	}
	if s.Timeouts != (kernel.Timeouts{}) {
		after := before.Timeouts.With(s.Timeouts)
		rows = append(rows,
			output.Change{Op: "set timeouts", BeforeTimeouts: &before.Timeouts, AfterTimeouts: &after, DryRun: dryRun})
	}
	for i := range s.Stop {
		rows = append(rows,
			output.Change{Op: "stop sync " + s.Stop[i].Role.String(), BeforeDaemon: &s.Stop[i], DryRun: dryRun})
	}
	for i := range s.Start {
		rows = append(rows,
			output.Change{Op: "start sync " + s.Start[i].Role.String(), AfterDaemon: &s.Start[i], DryRun: dryRun})
	}
	return rows
}

// countSteps counts steps without making rows of them: there may be many thousands.
func countSteps(s *plan.Steps, planned bool) string {
	t := output.Tally{Planned: planned}
	for i := range s.Changes {
		noun := output.AService
		if s.Changes[i].Op.OnServer() {
			noun = output.AServer
		}
		t.Count(plan.KindOf(s.Changes[i].Op), noun)
	}
	if s.Timeouts != (kernel.Timeouts{}) {
		t.Count(plan.Updating, output.ASetting)
	}
	for range s.Stop {
		t.Count(plan.Deleting, output.ASetting)
	}
	for range s.Start {
		t.Count(plan.Adding, output.ASetting)
	}
	return t.String()
}

// dangers returns what a plan deletes and cuts, and which services it leaves without
// servers: what confirm asks about. It is empty if there is none.
func dangers(q *planned, g *gate) string {
	var what []string
	if text := deletions(q.before.Snapshot, q.steps.Changes, q.costs); text != "" {
		what = append(what, text)
	}
	what = append(what, g.leaves()...)
	stops := 0
	for _, d := range q.steps.Stop {
		if !slices.ContainsFunc(q.steps.Start, func(s kernel.Daemon) bool { return s.Role == d.Role }) {
			stops++
		}
	}
	if stops > 0 {
		what = append(what, "stop "+plural(stops, "sync daemon"))
	}
	return strings.Join(what, ", and ")
}
