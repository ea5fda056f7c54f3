package commands

import (
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lvs/output"
)

type directorCheck struct {
	directorVerb
	machineSelector
}

func newDirectorCheck(a *App) *cobra.Command {
	o := &directorCheck{directorVerb: directorVerb{app: a}}
	c := &cobra.Command{
		Use:   "check SERVER…",
		Short: "Check servers now",
		Long: `Ask all checks of servers now, besides their own times, wait for the answers, and show
them. They count like all others: a server is down after its number of failures in a
row. The exit status is 1 if the last result of a check is a failure.`,
		Example: `  lvs director check 10.0.0.11
  lvs director check 10.0.0.11:80 --service tcp://192.0.2.10:80 -o json`,
		RunE:              o.run,
		ValidArgsFunction: o.completeServers,
	}
	o.directorVerb.register(c)
	o.machineSelector.register(a, c)
	a.kernelFlags(c)
	a.showFlags(c, "DirectedServerList")
	a.quietFlag(c)
	complete(c, "columns", completeColumns("DirectedServerList"))
	return c
}

func (o *directorCheck) run(c *cobra.Command, args []string) error {
	a, ctx := o.app, c.Context()
	names, ids, err := o.machineSelector.parse(args)
	if err != nil {
		return err
	}
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	client, st, err := o.status(ctx)
	if err != nil {
		return err
	}
	rows, err := o.app.directed(st, names, ids)
	if err != nil {
		return err
	}
	keys, err := directedKeys(rows)
	if err != nil {
		return err
	}
	now, err := client.Check(ctx, keys)
	if err != nil {
		return a.directorError(err)
	}
	if err := p.DirectedServers(now); err != nil {
		return err
	}
	for i := range now {
		if !now[i].Checked {
			a.note("server %s of %s has no check", now[i].Server, now[i].Service)
		}
	}
	if slices.ContainsFunc(now, failed) {
		return errNo
	}
	return nil
}

// failed reports whether the last result of a check of the server is a failure.
func failed(r output.DirectedServerRow) bool {
	return slices.ContainsFunc(r.Checks, func(c output.DirectedCheckRow) bool {
		return c.Last != nil && c.Last.Outcome == "fail"
	})
}

type directorEvents struct {
	directorVerb
	follow bool
	since  string
}

func newDirectorEvents(a *App) *cobra.Command {
	o := &directorEvents{directorVerb: directorVerb{app: a}}
	c := &cobra.Command{
		Use:   "events",
		Short: "Show what the director did and noticed",
		Long: `Show the events of the director, oldest first: verdicts, weights, decisions of admins,
services that go up or down, drift, reloads, alarms. The director keeps the newest
ones in memory; its log and the journal (lvs history) have older ones.

With --follow, go on until interrupted or --timeout passes, or the director ends.`,
		Example: `  lvs director events
  lvs director events --since 1h
  lvs director events -f
  lvs director events -f -o jsonl`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	o.directorVerb.register(c)
	f := c.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "go on, and print each event when it happens")
	f.StringVar(&o.since, "since", "", "only events of the last `DURATION`, such as 1h (default: all that are kept)")
	a.kernelFlags(c)
	a.showFlags(c, "DirectorEventList")
	a.quietFlag(c)
	complete(c, "columns", completeColumns("DirectorEventList"))
	return c
}

func (o *directorEvents) run(c *cobra.Command, args []string) error {
	a, ctx := o.app, c.Context()
	var bad faults
	bad.add(noMore(args, "use --columns and grep, or -o jsonl --jq, to select events"))
	since, err := optionalDuration("--since", o.since, durationRange{})
	bad.add(err)
	p, err := a.printer(output.Options{})
	bad.add(err)
	if err := bad.err(); err != nil {
		return err
	}
	client, err := o.client()
	if err != nil {
		return err
	}
	rows, err := client.Events(ctx, 0, 0)
	if err != nil {
		return a.directorError(err)
	}
	out, err := p.DirectorEvents()
	if err != nil {
		return err
	}
	if since > 0 {
		begin := a.Now().Add(-since).UTC().Format(time.RFC3339Nano)
		rows = slices.DeleteFunc(rows, func(e output.DirectorEventRow) bool { return before(e.Time, begin) })
	}
	last := uint64(0)
	for {
		for i := range rows {
			last = rows[i].ID
			if err := out.Add(&rows[i]); err != nil {
				return err
			}
		}
		if !o.follow {
			return out.Close()
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if rows, err = client.Events(ctx, last, time.Minute); err != nil {
			if bad := out.Close(); bad != nil {
				return bad
			}
			return a.directorError(err)
		}
	}
}

// before reports whether a time of a row is before another.
func before(a, b string) bool {
	x, err1 := time.Parse(time.RFC3339Nano, a)
	y, err2 := time.Parse(time.RFC3339Nano, b)
	return err1 == nil && err2 == nil && x.Before(y)
}

func newDirectorReload(a *App) *cobra.Command {
	o := &directorVerb{app: a}
	c := &cobra.Command{
		Use:   "reload",
		Short: "Read the cluster files again",
		Long: `Have the director read its cluster files again, as the signal HUP does, and wait until
they are in force. If a file has a fault, all faults are printed, nothing changes, and
the old files stay in force.`,
		Example: `  lvs director reload`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := noMore(args, "leave it out: the director knows its files"); err != nil {
				return err
			}
			if a.global.dryRun {
				return usagef("director reload has no --dry-run").hintf("check the files: %s validate -f FILE", a.Name)
			}
			client, err := o.client()
			if err != nil {
				return err
			}
			if err := client.Reload(c.Context()); err != nil {
				return a.directorError(err)
			}
			a.note("the files are in force")
			return nil
		},
		ValidArgsFunction: nothing,
	}
	o.register(c)
	a.kernelFlags(c)
	a.quietFlag(c)
	return c
}
