package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lvs/director"
	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/plan"
)

type weight struct {
	app *App
	selector
	serverSelector
	gate
	// less has an argument such as -5, which would be parsed as an option.
	less string
	// over and hold are --over and --for as typed, overFor and holdFor as durations.
	over, hold       string
	overFor, holdFor time.Duration
}

func newWeight(a *App) *cobra.Command {
	o := &weight{app: a}
	c := &cobra.Command{
		Use:   "weight SERVICE SERVER N|+N|-N|N%",
		Short: "Set or change the weight of a real server",
		Long: `Set the weight of a real server: N sets it, +N and -N add and subtract, N% takes a
part of the current weight, rounded to the nearest whole number, halves up. No
connection is cut; a server of weight 0 accepts no new ones.

A result outside 0 to 2147483647 is refused, and so is a percentage that would round
a weight down to 0: write 0 for that. A drained server that gets a weight is no longer
drained.

If the service would be left without a server that accepts new connections, or with
less than half of its weight, the command asks first; without a terminal it needs
--yes. --min-left sets another share, below which --yes changes nothing.

With --over, the weight changes in small steps, at most four a second, and progress
is shown. If it is interrupted, or if someone else changes the weight meanwhile, the
weight stays as it is then. With --for, the old weight is restored automatically,
unless someone else changes it: a background process does this, even after the shell
has ended. lvs undrain restores it earlier; a new weight cancels it.`,
		Example: `  lvs weight tcp://192.0.2.10:80 10.0.0.11:80 5
  lvs weight tcp://192.0.2.10:80 10.0.0.11:80 +2
  lvs weight tcp://192.0.2.10:80 10.0.0.11 -2
  lvs weight tcp://192.0.2.10:80 10.0.0.11 50%
  lvs weight tcp://192.0.2.10:80 10.0.0.11 100 --over 60s
  lvs weight tcp://192.0.2.10:80 10.0.0.11 0 --for 30m
  lvs weight -t 192.0.2.10:80 -r 10.0.0.11:80 0`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServers(&o.selector, &o.serverSelector, 1),
	}
	// -6 is a weight here.
	o.selector.registerNamed(a, c, "f", "")
	o.serverSelector.register(a, c, &o.selector)
	o.gate.register(c)
	c.Flags().StringVar(&o.over, "over", "",
		"change the weight in small steps over `DURATION`, such as 60s (default: at once)")
	c.Flags().StringVar(&o.hold, "for", "",
		"restore the old weight automatically after `DURATION`, such as 30m (default: the new one stays)")
	a.changeFlags(c)
	a.askFlags(c)
	c.Flags().StringVar(&o.less, relativeFlag, "", "")
	c.Flags().MarkHidden(relativeFlag)
	return c
}

const relativeFlag = "less"

// relativeWeight turns an argument such as -5 into the option --less=-5: the parser
// would take it for an option.
func relativeWeight(args []string) []string {
	out := make([]string, len(args))
	for i, arg := range args {
		if len(arg) > 1 && arg[0] == '-' && arg[1] >= '0' && arg[1] <= '9' {
			arg = "--" + relativeFlag + "=" + arg
		}
		out[i] = arg
	}
	return out
}

func (o *weight) run(c *cobra.Command, args []string) error {
	if o.less != "" {
		args = append(args, o.less)
	}
	if len(args) > 0 && len(o.named) == 0 && isMachine(args[0]) {
		return usagef("%s is a server: its service is missing", args[0]).
			hintf("%s SERVICE %s N; or %s drain %s to set its weight to 0 in every service", c.CommandPath(), args[0],
				o.app.here(), args[0])
	}
	id, rest, err := o.servers(&o.selector, args)
	if err != nil && len(rest) == 2 {
		_, invalid := parseServer(rest[0], id)
		_, wrong := parseShift(rest[1])
		err = both(err, both(invalid, wrong))
	}
	if err != nil {
		return o.parseTimes(err)
	}
	if len(o.real) > 1 {
		return usagef("-r is used twice: want one server")
	}
	if len(rest) < 2 {
		return usagef("service %v: the weight is missing", id).
			hintf("%s SERVICE SERVER N, +N, -N or N%%", c.CommandPath())
	}
	if err := noMore(rest[2:], "set the weight of one server at a time"); err != nil {
		return err
	}
	by, err := parseShift(rest[1])
	if _, invalid := parseServer(rest[0], id); invalid != nil {
		err = both(invalid, err)
	}
	if err := o.parseTimes(err); err != nil {
		return err
	}
	entry, present, err := o.app.lookupServers(c.Context(), "set weight", id, rest[:1])
	if err != nil {
		return err
	}
	before := present[0].Server
	after := before
	if after.Weight, err = by.from(before.Weight); err != nil {
		return err
	}
	if after == before && o.hold == "" {
		return o.app.nothingChanges("server %v already has the weight %d", before.Addr, before.Weight)
	}
	if o.hold != "" && after.Weight > 0 {
		if err := o.notDrained(kernel.ServerKey{Service: id, Server: before.Addr}); err != nil {
			return err
		}
	}
	to := operate.Step{
		Change:       kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: id}, Server: after},
		BeforeServer: &before,
	}
	if err := o.ask(c.Context(), entry, to); err != nil {
		return err
	}
	if key := (kernel.ServerKey{Service: id, Server: before.Addr}); o.app.actor(c.Context()).owns(key) {
		return o.handOver(c.Context(), key, to)
	}
	switch m := (operate.Member{Service: kernel.Service{ServiceID: id}, ServerEntry: present[0]}); {
	case o.app.global.dryRun:
		err = o.app.apply(c.Context(), []operate.Step{to})
	case o.over != "":
		err = o.ramp(c.Context(), to)
	case o.hold != "":
		err = o.setFor(c.Context(), m, to)
	default:
		err = o.app.apply(c.Context(), []operate.Step{to})
		o.app.putBack(c.Context(), []operate.Step{to}, err)
	}
	if err == nil {
		o.gate.note(o.app)
	}
	return err
}

// handOver has the director set the weight of one of its servers.
func (o *weight) handOver(ctx context.Context, key kernel.ServerKey, to operate.Step) error {
	a := o.app
	if a.global.dryRun {
		a.handed = true
		return a.apply(ctx, []operate.Step{to})
	}
	now, err := a.decide(ctx, a.actor(ctx), director.Decision{Action: director.DoWeight, Servers: []kernel.ServerKey{key},
		Weight: to.Server.Weight, Over: o.overFor, For: o.holdFor})
	if err != nil {
		return err
	}
	if o.hold == "" {
		a.note("the director keeps this weight instead of the one in its file until: %s undrain %v --service %v", a.here(),
			key.Server, key.Service)
	}
	a.noteDirected(now)
	o.gate.note(a)
	if !a.reports() {
		return nil
	}
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	return p.Changes(rowsOf([]plan.Object{to.Object(0)}))
}

// ask asks if the service would have too little of its weight left.
func (o *weight) ask(ctx context.Context, entry *kernel.ServiceEntry, to operate.Step) error {
	o.measure(o.app, &kernel.Snapshot{Services: []kernel.ServiceEntry{*entry}}, []kernel.Change{to.Change})
	if err := o.refuse(o.app); err != nil {
		return err
	}
	if what := o.leaves(); len(what) > 0 {
		text := fmt.Sprintf("set the weight of %v to %d and %s", to.Server.Addr, to.Server.Weight,
			strings.Join(what, ", and "))
		if err := o.app.confirm(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// notDrained returns an error if the server is drained: a weight for some time would end
// that, and what comes after it would not be clear.
func (o *weight) notDrained(key kernel.ServerKey) error {
	out, err := o.app.outages()
	if err != nil {
		return err
	}
	if r, drained := out[key]; drained {
		f := &fault{status: exitFailed, err: fmt.Errorf("--for: server %v of %v is drained (%s): nothing was changed",
			key.Server, key.Service, o.app.drainedText(&r))}
		return f.hintf("leave out --for, which ends the drain; %s undrain %v --service %v restores the weight %d",
			o.app.here(), key.Server, key.Service, r.Weight)
	}
	return nil
}

// setFor sets a weight that is restored automatically. The job that restores it is
// started before anything is changed.
func (o *weight) setFor(ctx context.Context, m operate.Member, to operate.Step) error {
	a := o.app
	op, err := a.operator()
	if err != nil {
		return err
	}
	j, known, err := op.Hold(ctx, m, to.Server.Weight, o.holdFor)
	var held *operate.NotHeldError
	switch {
	case errors.As(err, &held):
		return notHeld("cannot start what restores the weight", held)
	case err != nil:
		return err
	case !known:
		return a.nothingChanges("server %v already has the weight %d", m.Addr, m.Weight)
	case to.Server == *to.BeforeServer:
		return a.nothingChanges("server %v already has the weight %d, and keeps it until %s", m.Addr, m.Weight,
			j.At.Local().Format(time.TimeOnly))
	}
	if err = a.apply(ctx, []operate.Step{to}); err != nil {
		op.Forget(ctx, []kernel.ServerKey{m.Key()}) // and cancel the job
	}
	return err
}

// ramp changes a weight in small steps.
func (o *weight) ramp(ctx context.Context, to operate.Step) error {
	a, key := o.app, kernel.ServerKey{Service: to.Service.ServiceID, Server: to.Server.Addr}
	from, end := to.BeforeServer.Weight, to.Server.Weight
	if err := a.noteWeightZero(ctx, nil, []kernel.Change{to.Change}); err != nil {
		return err
	}
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	op, err := a.operator()
	if err != nil {
		return err
	}
	a.putBack(ctx, []operate.Step{to}, nil)
	now, err := op.Ramp(ctx, key, from, end, o.overFor, func(now int, left time.Duration) {
		a.live().show(func() string {
			return fmt.Sprintf("weight %d, on the way from %d to %d, %s left: %v %v", now, from, end, output.Duration(left),
				key.Service, key.Server)
		})
	})
	a.endLine()
	if err != nil {
		return o.rampBroken(ctx, err, key, now, end)
	}
	if !a.reports() {
		return nil
	}
	return p.Changes(rowsOf([]plan.Object{to.Object(0)}))
}

// rampBroken returns the error of a ramp that ended early: the weight it stopped at.
func (o *weight) rampBroken(ctx context.Context, err error, key kernel.ServerKey, now, end int) error {
	what := fmt.Sprintf("the weight stays %d, on the way to %d", now, end)
	var changed *operate.ChangedError
	if errors.As(err, &changed) {
		return fmt.Errorf("weight of %v in %v: stopped at %d: it was changed by someone else, the ramp had reached %d",
			key.Server, key.Service, changed.Found, changed.Expected)
	}
	var drained *operate.DrainedError
	if errors.As(err, &drained) {
		return fmt.Errorf("weight of %v in %v: stopped at %d: it was drained (%s)", key.Server, key.Service, now,
			o.app.drainedText(&drained.Weight))
	}
	var f *fault
	switch timedOut, interrupted := broken(ctx, err); {
	case timedOut:
		f = &fault{status: exitTimeout, err: fmt.Errorf("timed out after %s: %s", o.app.global.timeout, what)}
	case interrupted:
		f = &fault{status: exitInterrupted, err: fmt.Errorf("interrupted: %s", what)}
	default:
		return err
	}
	return f.hintf("%s weight %v %v %d sets it at once", o.app.here(), key.Service, key.Server, end)
}

// parseTimes reads --over and --for. bad is an earlier error, or nil.
func (o *weight) parseTimes(bad error) error {
	var all faults
	var err error
	all.add(bad)
	all.add(o.gate.parse())
	o.overFor, err = optionalDuration("--over", o.over, durationRange{})
	all.add(err)
	o.holdFor, err = optionalDuration("--for", o.hold, durationRange{})
	all.add(err)
	if o.over != "" && o.hold != "" {
		all.add(usagef("--over and --for cannot be used together").hintf("leave out --over: --for sets the weight at once"))
	}
	return all.err()
}

// shift is the argument of lvs weight: a new weight, or a change of the current one.
type shift struct {
	text string
	sign byte // '+', '-', '%', or 0 for the number itself
	n    int64
}

func parseShift(s string) (shift, error) {
	by := shift{text: s}
	digits, percent := strings.CutSuffix(s, "%")
	signed := s != "" && (s[0] == '+' || s[0] == '-')
	switch {
	case percent && signed:
		return by, usagef("invalid weight %q: want a percentage without a sign", s).
			hintf("write 90%% for 10%% less, or 110%% for 10%% more")
	case percent:
		by.sign = '%'
	case signed:
		by.sign, digits = s[0], s[1:]
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil {
		return by, usagef("invalid weight %q: want N, +N, -N or N%%, with N from 0 to %d", s, kernel.MaxWeight)
	}
	by.n = int64(n)
	return by, nil
}

// from returns the new weight. A result out of range is an error.
func (by shift) from(now int) (int, error) {
	to := by.n
	switch by.sign {
	case '+':
		to = int64(now) + by.n
	case '-':
		to = int64(now) - by.n
	case '%':
		to = (int64(now)*by.n + 50) / 100
	}
	switch {
	case to > kernel.MaxWeight:
		return 0, usagef("invalid weight %q: want at most %d, and the weight is %d", by.text, kernel.MaxWeight, now)
	case to < 0:
		return 0, usagef("invalid weight %q: %d - %d is below 0", by.text, now, by.n).
			hintf("write 0 to accept no new connections")
	case by.sign == '%' && to == 0 && now > 0 && by.n > 0:
		return 0, usagef("invalid weight %q: %s of the weight %d rounds to 0", by.text, by.text, now).
			hintf("write 0 to accept no new connections")
	}
	return int(to), nil
}
