package commands

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
)

// planner is what diff and apply share: cluster files, and how far a plan from
// the table to them may go.
type planner struct {
	app *App
	clusterFiles
	prune       bool
	allow       []string
	keepWeights bool
	allowed     plan.Kinds // what allow says
	// drained is what is remembered of servers of weight 0.
	drained map[kernel.ServerKey]remembered
}

func (p *planner) register(a *App, c *cobra.Command) {
	p.app = a
	f := c.Flags()
	p.clusterFiles.register(f)
	f.BoolVar(&p.prune, "prune", false, "also delete services that the files do not name, and stop sync daemons where the files have some")
	f.StringSliceVar(&p.allow, "allow", nil, "only changes of these `KINDS`, a list of add, update, delete (default: all)")
	f.BoolVar(&p.keepWeights, "keep-weights", false, "leave the weights of servers that are there as they are")
	complete(c, "allow", words("add", "update", "delete"))
}

// planned is a plan with what it was made from.
type planned struct {
	wanted *cluster.Wanted
	kernel kernel.Kernel
	before *plan.Table
	steps  plan.Steps
	left   plan.Steps // what --allow leaves out
}

// plan reads the files, then the table, and compares. args are more files.
func (p *planner) plan(ctx context.Context, args []string) (*planned, error) {
	var err error
	if p.allowed, err = p.kinds(); err != nil {
		return nil, err
	}
	w, err := p.app.readCluster(ctx, p.given(args))
	if err != nil {
		return nil, err
	}
	k, err := p.app.kernel()
	if err != nil {
		return nil, err
	}
	q := &planned{wanted: w, kernel: k}
	if p.prune && len(w.Services) == 0 {
		return nil, usagef("the files name no service: with --prune that would delete every one").
			cure("if that is meant: %s clear", p.app.Name)
	}
	if q.before, err = plan.ReadTable(ctx, k); err != nil {
		return nil, err
	}
	p.recallDrained(q.before.Snapshot)
	q.steps, q.left = p.steps(w, q.before)
	p.tellDrained(w)
	return q, nil
}

// recallDrained finds the servers that lvs drain has given the weight 0: who said
// so, and for how long, is the admin's business, not the file's.
func (p *planner) recallDrained(now *kernel.Snapshot) {
	if _, err := os.Stat(p.app.memoryFile()); err != nil || p.app.Identity == nil {
		return // nothing is remembered: nearly always
	}
	var quiet []member
	for i := range now.Services {
		e := &now.Services[i]
		for j := range e.Servers {
			if e.Servers[j].Weight == 0 {
				quiet = append(quiet, member{e.Service, e.Servers[j]})
			}
		}
	}
	known, err := p.app.recall(quiet)
	if err != nil {
		p.app.note("which servers are drained cannot be told: %v", err)
	}
	p.drained = known
}

func (p *planner) isDrained(id kernel.ServiceID, server netip.AddrPort) bool {
	r, known := p.drained[kernel.ServerKey{Service: id, Server: server}]
	return known && r.Set == 0
}

// tellDrained names the servers that the files would have serving.
func (p *planner) tellDrained(w *cluster.Wanted) {
	if p.keepWeights || len(p.drained) == 0 {
		return
	}
	var stay []netip.AddrPort
	for i := range w.Services {
		s := &w.Services[i]
		for j := range s.Servers {
			if v := &s.Servers[j]; v.Weight > 0 && p.isDrained(s.ServiceID, v.Addr) && !slices.Contains(stay, v.Addr) {
				stay = append(stay, v.Addr)
			}
		}
	}
	if len(stay) > 0 {
		p.app.note("drained, so the weight stays 0: %s; %s undrain brings it back", listed(stay), p.app.Name)
	}
}

// listed names the first few.
func listed(all []netip.AddrPort) string {
	const most = 3
	var names []string
	for i, a := range all {
		if i == most {
			return strings.Join(names, ", ") + fmt.Sprintf(" and %d more", len(all)-most)
		}
		names = append(names, a.String())
	}
	return strings.Join(names, ", ")
}

// steps plans from a table, and parts what is allowed from what is not.
func (p *planner) steps(w *cluster.Wanted, now *plan.Table) (kept, left plan.Steps) {
	steps := w.Steps(now, plan.Options{Prune: p.prune, KeepWeights: p.keepWeights, Drained: p.isDrained})
	return steps.Narrow(p.allowed)
}

func (p *planner) kinds() (plan.Kinds, error) {
	names := map[string]plan.Kinds{"add": plan.Adding, "update": plan.Updating, "delete": plan.Deleting}
	var allowed plan.Kinds
	for _, word := range p.allow {
		kind, ok := names[word]
		if !ok {
			return 0, usagef("--allow %q: it is a list of add, update and delete", word)
		}
		allowed |= kind
	}
	if p.prune && !allowed.Has(plan.Deleting) {
		return 0, usagef("--prune deletes, which --allow %s leaves out", strings.Join(p.allow, ","))
	}
	return allowed, nil
}

// tellLeft says what --allow leaves out.
func (p *planner) tellLeft(q *planned) {
	if !q.left.Empty() {
		p.app.note("left out by --allow: %s", tellTotals(&q.left, true))
	}
}

// stepRows shows steps with what they replace and cut, in the order in which
// they are taken.
func stepRows(before *plan.Table, s *plan.Steps, dryRun bool) []output.Change {
	rows := planRows(before.Snapshot, s.Changes, dryRun)
	costs := plan.Costs(before.Snapshot, s.Changes)
	for i := range rows {
		if plan.KindOf(s.Changes[i].Op) == plan.Deleting {
			rows[i].Cost = &costs[i]
		}
	}
	if s.Timeouts != (kernel.Timeouts{}) {
		after := before.Timeouts.With(s.Timeouts)
		rows = append(rows, output.Change{Op: "set timeouts", BeforeTimeouts: &before.Timeouts, AfterTimeouts: &after, DryRun: dryRun})
	}
	for i := range s.Stop {
		rows = append(rows, output.Change{Op: "stop sync " + s.Stop[i].Role.String(), BeforeDaemon: &s.Stop[i], DryRun: dryRun})
	}
	for i := range s.Start {
		rows = append(rows, output.Change{Op: "start sync " + s.Start[i].Role.String(), AfterDaemon: &s.Start[i], DryRun: dryRun})
	}
	return rows
}

// tellTotals counts steps without making rows of them: there may be very many.
func tellTotals(s *plan.Steps, planned bool) string {
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

// deletedServers are those that go from services that stay.
func deletedServers(before *plan.Table, steps *plan.Steps) []kernel.ServerEntry {
	var out []kernel.ServerEntry
	entries := entriesOf(before.Snapshot)
	for i := range steps.Changes {
		if c := &steps.Changes[i]; c.Op == kernel.DeleteServer {
			out = append(out, *findServer(entries[c.Service.ServiceID], c.Server.Addr))
		}
	}
	return out
}

// starved names the services that a plan leaves without a server that takes
// connections, and that have one now.
func starved(q *planned) []kernel.ServiceID {
	takes := func(c kernel.Change) bool { return c.Op == kernel.EditServer || c.Op == kernel.DeleteServer }
	if !slices.ContainsFunc(q.steps.Changes, takes) {
		return nil
	}
	serving, after := map[kernel.ServiceID]int{}, map[kernel.ServiceID]int{}
	weights := map[kernel.ServerKey]int{}
	for i := range q.before.Services {
		e := &q.before.Services[i]
		for j := range e.Servers {
			weights[kernel.ServerKey{Service: e.ServiceID, Server: e.Servers[j].Addr}] = e.Servers[j].Weight
			if e.Servers[j].Weight > 0 {
				serving[e.ServiceID]++
				after[e.ServiceID]++
			}
		}
	}
	count := func(id kernel.ServiceID, weight, by int) {
		if weight > 0 {
			after[id] += by
		}
	}
	var touched []kernel.ServiceID
	for i := range q.steps.Changes {
		c := &q.steps.Changes[i]
		id := c.Service.ServiceID
		old := weights[kernel.ServerKey{Service: id, Server: c.Server.Addr}]
		switch c.Op {
		case kernel.AddServer:
			count(id, c.Server.Weight, 1)
		case kernel.EditServer:
			count(id, old, -1)
			count(id, c.Server.Weight, 1)
			touched = append(touched, id)
		case kernel.DeleteServer:
			count(id, old, -1)
			touched = append(touched, id)
		}
	}
	slices.SortFunc(touched, kernel.ServiceID.Compare)
	return slices.DeleteFunc(slices.Compact(touched), func(id kernel.ServiceID) bool {
		return serving[id] == 0 || after[id] > 0
	})
}

// dangers says in one sentence what a plan deletes, cuts and starves: what is
// asked about before it is done. Nothing is the empty text.
func dangers(q *planned) string {
	var what []string
	if text := deletions(q.before.Snapshot, q.steps.Changes); text != "" {
		what = append(what, text)
	}
	if ids := starved(q); len(ids) == 1 {
		what = append(what, fmt.Sprintf("leave %v without a server that takes connections", ids[0]))
	} else if len(ids) > 1 {
		what = append(what, fmt.Sprintf("leave %d services without a server that takes connections (%v …)", len(ids), ids[0]))
	}
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
