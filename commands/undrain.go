package commands

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

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
		Long: `Restore the weights that lvs drain or lvs weight --for remembered, in every service
that has the server. SERVER is an address, for all its ports, or ADDR:PORT. If the
weights would be restored automatically later, that is canceled.

A weight that was changed meanwhile, by any command, is left alone, and the remembered
one is forgotten. For a server that lvs did not drain, no weight is remembered: use
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
func (o *undrain) completeDrained(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	a, out := o.app, []string{}
	if a.Identity == nil {
		return out, noFiles
	}
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return out, noFiles
	}
	found := membersOf(&kernel.Snapshot{Services: a.publicTable(c)}, nil)
	known, _ := a.state().Weights(table, operate.Keys(found))
	for i := range found {
		if _, drained := known[found[i].Key()]; !drained {
			continue
		}
		for _, t := range []string{found[i].Addr.Addr().String(), found[i].Addr.String()} {
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
			return err
		}
		o.to = int(n)
	}
	op, found, err := o.find(ctx, args)
	if err != nil {
		return err
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
	unknown := o.unknown(u.Unknown)
	if len(u.Steps) == 0 && unknown != nil {
		return unknown
	}
	if unknown != nil {
		a.note("left alone: %v", unknown)
	}
	if len(u.Steps) == 0 {
		why := "the weight is not 0"
		if len(u.Changed) > 0 {
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

// find returns the servers named, or those of the job.
func (o *undrain) find(ctx context.Context, args []string) (*operate.Operator, []operate.Member, error) {
	if o.job == "" {
		names, ids, err := o.parse(args)
		if err != nil {
			return nil, nil, err
		}
		found, _, err := o.app.members(ctx, "undrain server", names, ids)
		if err != nil {
			return nil, nil, err
		}
		op, err := o.app.operator()
		return op, found, err
	}
	op, err := o.app.operator()
	if err != nil {
		return nil, nil, err
	}
	snap, err := op.Kernel.Snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	all := membersOf(snap, nil)
	known, err := op.Remembered(all)
	return op, slices.DeleteFunc(all, func(m operate.Member) bool { return known[m.Key()].Job != o.job }), err
}
