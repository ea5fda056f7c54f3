package commands

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
	"lvs/operate/state"
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
		Long: `Wait for a service with all its servers, for a server in all its services, or for a
server of one service. SERVER is an address, for all its ports, or ADDR:PORT.
ADDR:PORT alone is the TCP service of that address if there is one.

  drained    the weight is 0 and nothing is left: no active connection, no client
             bound by persistence that would come back, no datagram for 5 seconds
  active<=N  there are at most N active connections
  exists     it is in the table
  gone       it is not in the table

The exit status is 0 when the condition is met and 8 when --timeout passes. It is 1
if the condition can never be met, because the service or server was deleted, and 4
if it was not there at the start.

Without privilege, wait sees connections, but neither clients bound by persistence
nor how old the last datagram is.`,
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
	f.StringVar(&o.condition, "for", "", "wait for `CONDITION`: drained, active<=N, exists or gone (needed)")
	f.StringVar(&o.every, "every", "", "look every `DURATION`, such as 5s (default: after 0.2s, then less often, down to every 1s)")
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
	o.pause, err = optionalDuration("--every", o.every, durationRange{})
	bad.add(err)
	if err := bad.err(); err != nil {
		return err
	}
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	op, err := o.app.operator()
	if err != nil {
		return err
	}
	w, err := op.Watch(c.Context())
	if err != nil {
		return err
	}
	return o.wait(c.Context(), op, w, &drainReport{app: o.app, printer: p})
}

// wait looks until the condition holds.
func (o *waitFor) wait(ctx context.Context, op *operate.Operator, w *operate.Watch, report *drainReport) error {
	a := o.app
	a.waiting = waitLine{what: "waiting for " + o.target.String()}
	var last []operate.Drain
	var seen bool
	err := op.Poll(ctx, o.pause, func() (bool, error) {
		found, there, err := o.target.look(ctx, w, o.until)
		if err != nil {
			return false, err
		}
		last = o.drains(op, w, found)
		if err := report.stream(last); err != nil {
			return false, err
		}
		switch {
		case o.until.holds(there, last):
			return true, nil
		case !there && o.until.needsIt() && seen:
			return false, &fault{status: exitNo, err: fmt.Errorf("%v: it was deleted before it was %s", &o.target, o.condition)}
		case !there && o.until.needsIt():
			return false, (&fault{status: exitNotFound, err: fmt.Errorf("%v: no such service or server", &o.target)}).
				cure("use --for exists to wait until there is one")
		}
		seen = there
		o.show(last)
		return false, nil
	})
	a.endLine()
	if timedOut, _ := broken(ctx, err); err != nil && timedOut {
		err = &fault{status: exitTimeout, err: fmt.Errorf("%v: %s after %s%s", &o.target, o.until.not(), a.global.timeout, o.until.lacks(last))}
		if err := report.last(last); err != nil {
			return err
		}
		return err
	}
	if err != nil {
		return err
	}
	return report.last(last)
}

// show shows what is waited for.
func (o *waitFor) show(now []operate.Drain) {
	a := o.app
	if o.until.needsIt() {
		a.showDraining(now)
		return
	}
	a.live().show(func() string { return a.waiting.what + ": " + o.condition })
}

// drains says where the servers stand, with the weights remembered.
func (o *waitFor) drains(op *operate.Operator, w *operate.Watch, found []operate.Member) []operate.Drain {
	var before map[kernel.ServerKey]state.Weight
	if o.app.reports() {
		before, _ = op.Remembered(found) // not what is asked for: undrain says what is wrong
	}
	out := make([]operate.Drain, len(found))
	for i := range found {
		out[i] = w.Drain(&found[i])
		if r, known := before[found[i].Key()]; known {
			out[i].Before = r.Weight
		}
	}
	return byAddress(out)
}
