package commands

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"lvs/director"
	"lvs/kernel"
	"lvs/operate"
)

type undrain struct {
	app *App
	machineSelector
	weight string
	to     int
	// job is the ID of the job whose servers are restored, instead of SERVER.
	job string
}

func newUndrain(a *App) *cobra.Command {
	o := &undrain{app: a}
	c := &cobra.Command{
		Use:   "undrain SERVER…",
		Short: "Restore the weight of a drained server",
		Long: `Put a drained server back into service: restore the weights that lvs drain or lvs
weight --for remembered, in every service that has the server. SERVER is an address,
for all its ports, or ADDR:PORT. If the weights would be restored automatically later,
that is canceled. Until then a drained server stays out of service, also if it is
deleted and added again; undrain ends that for a deleted server, too.

A weight that someone else set meanwhile is left alone, and the remembered one is
forgotten. For a server that lvs did not drain, no weight is remembered: use
--weight.`,
		Example: `  lvs undrain 10.0.0.11
  lvs undrain 10.0.0.11:80 --service tcp://192.0.2.10:80
  lvs undrain 10.0.0.11 --weight 1`,
		RunE:              o.run,
		ValidArgsFunction: o.completeDrained,
	}
	o.machineSelector.register(a, c)
	f := c.Flags()
	f.StringVarP(&o.weight, "weight", "w", "", "set the weight `N`, 1 to 2147483647 (default: the remembered weight)")
	f.StringVar(&o.job, "job", "", "")
	f.MarkHidden("job")
	a.changeFlags(c)
	return c
}

// completeDrained proposes the servers whose weights are remembered.
func (o *undrain) completeDrained(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	a, out := o.app, []string{}
	if a.Identity == nil {
		return out, noFiles
	}
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return out, noFiles
	}
	known, _ := a.state().AllWeights(table)
	for _, server := range serversOf(slices.Collect(maps.Keys(known))) {
		for _, t := range []string{server.Addr().String(), server.String()} {
			if !slices.Contains(out, t) && !slices.Contains(args, t) {
				out = append(out, t)
			}
		}
	}
	return out, noFiles
}

func (o *undrain) run(c *cobra.Command, args []string) error {
	a, ctx := o.app, c.Context()
	if o.weight != "" {
		n, err := parseNumber("--weight", o.weight, 1, kernel.MaxWeight)
		if err != nil {
			if o.job == "" {
				_, _, wrong := o.parse(args)
				err = both(wrong, err)
			}
			return err
		}
		o.to = int(n)
	}
	op, found, deleted, err := o.find(ctx, args)
	if err != nil {
		if err = o.findDirected(ctx, args, err); err != nil {
			return err
		}
		if op, err = a.operator(); err != nil {
			return err
		}
	}
	if found, deleted, err = o.handOver(ctx, args, found, deleted); err != nil {
		return err
	}
	a.handed = true
	if !a.global.dryRun && len(deleted) > 0 {
		op.Forget(ctx, deleted)
	}
	if len(deleted) > 0 {
		a.note("no longer drained, and not in the table: %s", listed(serversOf(deleted)))
	}
	if len(found) == 0 {
		return nil
	}
	known, err := op.Remembered(found)
	if err != nil {
		a.note("%v", err)
	}
	u := operate.Undrain(found, known, o.to)
	for i := range u.Changed {
		m := &u.Changed[i]
		a.note("server %v of %v is left alone: its weight was changed to %d meanwhile", m.Addr, m.Service.ServiceID,
			m.Weight)
	}
	for i := range u.Zero {
		m := &u.Zero[i]
		a.note("server %v of %v keeps the weight 0, which it had before the drain", m.Addr, m.Service.ServiceID)
		a.say("hint: %s weight %v %v N sets another", a.here(), m.Service.ServiceID, m.Addr)
	}
	unknown := o.unknown(u.Unknown)
	if len(u.Steps) == 0 && unknown != nil {
		return unknown
	}
	if unknown != nil {
		a.note("left alone: %v", unknown)
	}
	if len(u.Steps) == 0 {
		why := "the weight is not 0"
		if len(u.Changed) > 0 || len(u.Zero) > 0 {
			why = "no other weight is restored"
		}
		err = a.nothingChanges("%s", why)
	} else {
		err = a.apply(ctx, u.Steps)
	}
	if !a.global.dryRun {
		op.ForgetUnlessRefused(ctx, u.Done, err)
	}
	return err
}

// findDirected returns the error of find, unless the director has every server that is named:
// it may have taken them out of the table.
func (o *undrain) findDirected(ctx context.Context, args []string, failure error) error {
	if o.job != "" {
		return failure
	}
	names, ids, err := o.parse(args)
	if err != nil {
		return failure
	}
	if _, all := o.app.actor(ctx).matching(names, ids); !all {
		return failure
	}
	return nil
}

// handOver has the director put its servers back into use, and returns the others.
func (o *undrain) handOver(ctx context.Context, args []string, found []operate.Member, deleted []kernel.ServerKey) (
	others []operate.Member, othersDeleted []kernel.ServerKey, err error) {
	a := o.app
	act := a.actor(ctx)
	var keys []kernel.ServerKey
	if o.job == "" {
		names, ids, err := o.parse(args)
		if err != nil {
			return nil, nil, err
		}
		keys, _ = act.matching(names, ids)
	} else {
		for i := range found {
			if act.owns(found[i].Key()) {
				keys = append(keys, found[i].Key())
			}
		}
	}
	if len(keys) == 0 {
		return found, deleted, nil
	}
	d := director.Decision{Action: director.DoUndrain, Servers: keys}
	if o.to > 0 {
		d.Action, d.Weight = director.DoWeight, o.to
	}
	if a.global.dryRun {
		a.note("the director would decide about the weight of %s", listed(serversOf(keys)))
	} else {
		now, err := a.decide(ctx, act, d)
		if err != nil {
			return nil, nil, err
		}
		a.noteDirected(now)
	}
	return act.others(found), slices.DeleteFunc(deleted, act.owns), nil
}

// unknown returns an error for each server without a remembered weight.
func (o *undrain) unknown(servers []operate.Member) error {
	var bad faults
	for i := range servers {
		m := &servers[i]
		bad.add((&fault{status: exitNotFound,
			err: fmt.Errorf("server %v of %v: no weight is remembered", m.Addr, m.Service.ServiceID)}).
			hintf("%s undrain %v --weight N", o.app.here(), m.Addr))
	}
	return bad.err()
}

// find returns the servers named, or those of the job: those in the table, and those that
// are drained but deleted.
func (o *undrain) find(ctx context.Context, args []string) (
	op *operate.Operator, found []operate.Member, deleted []kernel.ServerKey, err error) {
	var names []machine
	var ids []kernel.ServiceID
	if o.job == "" {
		if names, ids, err = o.parse(args); err != nil {
			return nil, nil, nil, err
		}
	}
	if op, err = o.app.operator(); err != nil {
		return nil, nil, nil, err
	}
	if known, read := op.All(); read == nil && len(known) > 0 {
		snap, err := op.Kernel.Snapshot(ctx)
		if err != nil {
			return nil, nil, nil, kernel.WithOp("undrain", err)
		}
		table := snap.Index()
		for key, r := range known {
			switch v := table[key.Service].Server(key.Server); {
			case o.job != "" && r.Job != o.job, o.job == "" && !selects(names, ids, key):
			case v == nil:
				deleted = append(deleted, key)
			case o.job != "":
				found = append(found, operate.Member{Service: table[key.Service].Service, ServerEntry: *v})
			}
		}
	}
	if o.job != "" {
		return op, found, deleted, nil
	}
	// A server that is only remembered need not be in the table.
	names = slices.DeleteFunc(names, func(m machine) bool {
		gone := slices.ContainsFunc(deleted, func(k kernel.ServerKey) bool { return m.is(k.Server) })
		return gone && !o.inTable(ctx, m, ids)
	})
	if len(names) == 0 {
		return op, nil, deleted, nil
	}
	found, _, err = o.app.members(ctx, "undrain server", names, ids)
	return op, found, deleted, err
}

// selects reports whether a server of a service is meant.
func selects(names []machine, ids []kernel.ServiceID, key kernel.ServerKey) bool {
	return (len(ids) == 0 || slices.Contains(ids, key.Service)) &&
		slices.ContainsFunc(names, func(m machine) bool { return m.is(key.Server) })
}

// inTable reports whether one of the services, or any if there is none, has the server.
func (o *undrain) inTable(ctx context.Context, m machine, ids []kernel.ServiceID) bool {
	found, _, err := o.app.members(ctx, "undrain server", []machine{m}, ids)
	return err == nil && len(found) > 0
}
