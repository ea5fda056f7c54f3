package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/output"
)

type waitFor struct {
	app *App
	selector
	serverSelector
	condition, every string
	pause            time.Duration
	target           target
	until            condition
}

func (a *App) newWait() *cobra.Command {
	o := &waitFor{app: a}
	c := &cobra.Command{
		Use:   "wait SERVICE|SERVER|SERVICE SERVER",
		Short: "Wait until a service or server is drained, quiet, there or gone",
		Long: `Waits for a service with all its servers, for a server in all its services, or for
a server of one service. SERVER is an address, for every port of it, or ADDR:PORT.
ADDR:PORT alone is the TCP service of that address if there is one.

  drained    the weight is 0 and nothing is left: no active connection, no client
             bound by persistence that would come back, no datagram for 5 seconds
  active<=N  there are at most N active connections
  exists     it is in the table
  gone       it is not in the table

The exit status is 0 when it is so and 8 when --timeout passes. It is 1 when it can
never be: what was waited for was deleted. 4 is that it never was there.

Without privilege it sees connections, but neither the clients bound by
persistence nor how old the last datagram is.`,
		Example: `  lvs wait 10.0.0.11 --for drained --timeout 10m
  lvs wait tcp://192.0.2.10:80 10.0.0.11 --for 'active<=5' --timeout 1m
  lvs wait tcp://192.0.2.10:80 --for exists --timeout 30s
  lvs wait 10.0.0.12:80 --for gone`,
		RunE:              o.run,
		ValidArgsFunction: o.complete,
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	f := c.Flags()
	f.StringVar(&o.condition, "for", "", "wait for `CONDITION`: drained, active<=N, exists or gone; needed")
	f.StringVar(&o.every, "every", "", "look every `DURATION`, such as 5s (default: after 0.2s, and more and more seldom up to 1s)")
	complete(c, "for", words("drained", "active<=", "exists", "gone"))
	a.kernelFlags(c)
	a.showFlags(c)
	a.quietFlag(c)
	return c
}

func (o *waitFor) run(c *cobra.Command, args []string) error {
	var bad faults
	var err error
	o.target, err = o.parseTarget(args)
	bad.add(err)
	o.until, err = parseCondition(o.condition)
	bad.add(err)
	if o.every != "" {
		if o.pause, err = parseDuration(o.every); err != nil || o.pause <= 0 {
			bad.add(usagef("--every %q: it is a time such as 500ms or 5s", o.every))
		}
	}
	if err := bad.err(); err != nil {
		return err
	}
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	w, err := o.app.watchDrain(c.Context())
	if err != nil {
		return err
	}
	return o.wait(c.Context(), w, &drainReport{app: o.app, printer: p})
}

// wait looks until the condition holds.
func (o *waitFor) wait(ctx context.Context, w *drainWatch, report *drainReport) error {
	a := o.app
	progress := &drainProgress{liveLine: a.liveLine(), what: "waiting for " + o.target.String()}
	defer progress.end()
	var last []output.Drain
	var seen bool
	for pause := firstLook; ; pause = longer(pause) {
		found, there, err := o.target.look(ctx, w, o.until)
		if err == nil {
			last = o.rows(w, found)
			if err := report.stream(last); err != nil {
				return err
			}
			switch {
			case o.until.holds(there, last):
				progress.end()
				return report.last(last)
			case !there && o.until.needsIt() && seen:
				return &fault{status: exitNo, err: fmt.Errorf("%v: it was deleted before it was so: %s", &o.target, o.condition)}
			case !there && o.until.needsIt():
				return (&fault{status: exitNotFound, err: fmt.Errorf("%v: there is no such service or server", &o.target)}).
					cure("--for exists waits until there is")
			}
			seen = there
			o.tell(progress, last)
			if o.pause > 0 {
				pause = o.pause
			}
			err = a.Sleep(ctx, pause)
		}
		if err != nil {
			progress.end()
			return o.brokenOff(ctx, err, last, report)
		}
	}
}

func (o *waitFor) tell(progress *drainProgress, rows []output.Drain) {
	if o.until.needsIt() {
		progress.tell(rows)
		return
	}
	progress.show(func() string { return progress.what + ": " + o.condition })
}

// rows tells where the servers stand, with the weights remembered.
func (o *waitFor) rows(w *drainWatch, found []member) []output.Drain {
	var before map[kernel.ServerKey]remembered
	if o.app.reports() {
		before, _ = o.app.recall(found) // a thing by the way: undrain says what is wrong
	}
	rows := make([]output.Drain, len(found))
	for i := range found {
		rows[i] = w.row(&found[i])
		if r, known := before[kernel.ServerKey{Service: found[i].service.ServiceID, Server: found[i].Addr}]; known {
			rows[i].Before = r.Weight
		}
	}
	return drainsByAddress(rows)
}

// brokenOff tells what is not so yet where waiting ended before its time.
func (o *waitFor) brokenOff(ctx context.Context, err error, rows []output.Drain, report *drainReport) error {
	if timedOut, _ := broken(ctx, err); !timedOut {
		return err
	}
	f := &fault{status: exitTimeout, err: fmt.Errorf("%v: %s after %s%s", &o.target, o.until.not(), o.app.global.timeout, o.until.lacks(rows))}
	if err := report.last(rows); err != nil {
		return err
	}
	return f
}
