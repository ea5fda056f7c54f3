package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"lvs/kernel"
)

type undrain struct {
	app *App
	machineSelector
	weight string
	to     int
	// job restores what this job set, in place of SERVER.
	job string
}

func (a *App) newUndrain() *cobra.Command {
	o := &undrain{app: a}
	c := &cobra.Command{
		Use:   "undrain SERVER…",
		Short: "Give a drained server the weight that it had",
		Long: `Restores the weights that lvs drain, or lvs weight --for, remembered, in every
service that has the server. SERVER is an address, for every port of it, or
ADDR:PORT. What would restore them by itself later is called off.

A weight that somebody else has changed meanwhile is left alone, and what was
remembered of it is forgotten. Of a server that was not drained by lvs nothing is
remembered: then --weight says what to set.`,
		Example: `  lvs undrain 10.0.0.11
  lvs undrain 10.0.0.11:80 --service tcp://192.0.2.10:80
  lvs undrain 10.0.0.11 --weight 1`,
		RunE:              o.run,
		ValidArgsFunction: a.completeDrained,
	}
	o.machineSelector.register(a, c)
	f := c.Flags()
	f.StringVarP(&o.weight, "weight", "w", "", "set the weight `N`, 1 to 2147483647, in place of the one remembered (default: the one remembered)")
	f.StringVar(&o.job, "job", "", "")
	f.MarkHidden("job")
	a.changeFlags(c)
	return c
}

// completeDrained proposes the servers of which weights are remembered.
func (a *App) completeDrained(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var found []member
	for _, s := range a.publicTable(c) {
		for _, srv := range s.Servers {
			found = append(found, member{s.Service, srv})
		}
	}
	out := []string{}
	if a.Identity == nil {
		return out, noFiles
	}
	known, _ := a.recall(found)
	for i := range found {
		if _, drained := known[kernel.ServerKey{Service: found[i].service.ServiceID, Server: found[i].Addr}]; !drained {
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
	found, err := o.find(ctx, args)
	if err != nil {
		return err
	}
	known, err := a.recall(found)
	if err != nil {
		a.note("what the weights were is not known: %v", err)
	}
	steps, done, unknown := o.steps(found, known)
	if len(steps) == 0 && unknown != nil {
		return unknown
	}
	if unknown != nil {
		a.note("left alone: %v", unknown)
	}
	if len(steps) == 0 {
		err = a.nothingChanges("the weight is not 0")
	} else {
		err = a.apply(ctx, steps)
	}
	if !a.global.dryRun {
		a.forgetMembers(done, err)
	}
	return err
}

// find gives the servers named, or those of a job.
func (o *undrain) find(ctx context.Context, args []string) ([]member, error) {
	if o.job == "" {
		names, ids, err := o.parse(args)
		if err != nil {
			return nil, err
		}
		found, _, err := o.app.members(ctx, names, ids)
		return found, err
	}
	k, err := o.app.kernel()
	if err != nil {
		return nil, err
	}
	snap, err := k.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	all := membersOf(snap, nil)
	known, err := o.app.recall(all)
	return slices.DeleteFunc(all, func(m member) bool {
		return known[kernel.ServerKey{Service: m.service.ServiceID, Server: m.Addr}].Job != o.job
	}), err
}

// steps decides what becomes of each server: done are those of which nothing
// needs to be remembered afterwards, unknown tells of those whose weight is 0 and
// was never remembered.
func (o *undrain) steps(found []member, known map[kernel.ServerKey]remembered) (steps []step, done []member, unknown error) {
	var bad faults
	for i := range found {
		m := found[i]
		r, remembers := known[kernel.ServerKey{Service: m.service.ServiceID, Server: m.Addr}]
		to := r.Weight
		switch {
		case o.weight != "" && (remembers || m.Weight == 0):
			to = o.to
		case remembers && r.Set != m.Weight:
			o.app.note("server %v of %v: its weight is %d by now, which somebody else set: left alone", m.Addr, m.service.ServiceID, m.Weight)
			done = append(done, m)
			continue
		case !remembers && m.Weight == 0:
			bad.add((&fault{status: exitNotFound, err: fmt.Errorf("server %v of %v: what its weight was before is not remembered",
				m.Addr, m.service.ServiceID)}).cure("%s undrain %v --weight N", o.app.Name, m.Addr))
			continue
		case !remembers:
			continue // it is not drained
		}
		done = append(done, m)
		steps = append(steps, weightSteps([]member{m}, to)...)
	}
	return steps, done, bad.err()
}

// forgetMembers forgets the servers whose change the kernel took.
func (a *App) forgetMembers(done []member, failure error) {
	var refused kernel.Refusals
	if failure != nil && !errors.As(failure, &refused) {
		return
	}
	kept := map[kernel.ServerKey]bool{}
	for _, r := range refused {
		kept[kernel.ServerKey{Service: r.Err.Service, Server: r.Err.Server}] = true
	}
	var at []kernel.ServerKey
	for i := range done {
		if s := (kernel.ServerKey{Service: done[i].service.ServiceID, Server: done[i].Addr}); !kept[s] {
			at = append(at, s)
		}
	}
	a.forget(at)
}
