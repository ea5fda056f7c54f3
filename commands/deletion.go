package commands

import (
	"context"
	"fmt"
	"strings"

	"lvs/doctor"
	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/plan"
)

// costs returns what each change cuts, and what happens to it: nothing, unless
// something is deleted.
func (a *App) costs(ctx context.Context, table *kernel.Snapshot, changes []kernel.Change) ([]plan.Cost, error) {
	return a.costsWith(ctx, table, changes, false)
}

// costsWith is costs, with --release or without.
func (a *App) costsWith(ctx context.Context, table *kernel.Snapshot, changes []kernel.Change, release bool) (
	[]plan.Cost, error) {
	rules := plan.Rules{}
	for i := range changes {
		if plan.KindOf(changes[i].Op) != plan.Deleting {
			continue
		}
		k, err := a.kernel()
		if err != nil {
			return nil, err
		}
		if rules, err = plan.ReadRules(ctx, k); err != nil {
			return nil, err
		}
		if release {
			rules.Release, rules.Known = true, true
		}
		break
	}
	return plan.Costs(table, changes, rules), nil
}

// changesOf returns the changes of steps.
func changesOf(steps []operate.Step) []kernel.Change {
	out := make([]kernel.Change, len(steps))
	for i := range steps {
		out[i] = steps[i].Change
	}
	return out
}

// warnDropped warns if connections of deleted servers are dropped until they time out.
// fix, if not empty, replaces the command that helps.
func (a *App) warnDropped(cost *plan.Cost, fix string) {
	d := doctor.DroppedConnections(cost)
	if d != nil && fix != "" {
		d.Fix = fix
	}
	a.quote(d)
}

// which returns what is cut, after a comma: ", which cuts 40 connections (12 active):
// reset". It is empty if nothing is.
func which(cost *plan.Cost) string {
	if text := output.CostText(cost); text != "" {
		return ", which " + text
	}
	return ""
}

// withServers returns what is deleted together with services, and what that cuts.
func withServers(servers int, cost *plan.Cost) string {
	if servers == 0 {
		return ""
	}
	return " with " + plural(servers, "server") + which(cost)
}

// deletions returns what a plan deletes and cuts, or an empty string. costs are those of
// the changes.
func deletions(before *kernel.Snapshot, changes []kernel.Change, costs []plan.Cost) string {
	var ofServices, ofServers plan.Cost
	services, with, servers := 0, 0, 0
	entries := before.Index()
	for i := range changes {
		switch changes[i].Op {
		case kernel.DeleteService:
			services++
			with += len(entries[changes[i].Service.ServiceID].Servers)
			ofServices.Add(costs[i])
		case kernel.DeleteServer:
			servers++
			ofServers.Add(costs[i])
		}
	}
	var what []string
	if services > 0 {
		what = append(what, fmt.Sprintf("delete %s%s", plural(services, "service"), withServers(with, &ofServices)))
	}
	if servers > 0 {
		what = append(what,
			fmt.Sprintf("delete %s of services that stay%s", plural(servers, "server"), which(&ofServers)))
	}
	return strings.Join(what, ", and ")
}
