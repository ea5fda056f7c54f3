package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lvs/director"
	"lvs/doctor"
	"lvs/kernel"
	"lvs/operate"
	"lvs/output"
	"lvs/plan"
)

type drain struct {
	app *App
	machineSelector
	gate
	wait, delete, expire bool
	release              bool
	// showList is --list.
	showList bool
	hold     string
	holdFor  time.Duration
	// only are the services that were named.
	only []kernel.ServiceID
	// before has the remembered weights.
	before map[kernel.ServerKey]int
}

func newDrain(a *App) *cobra.Command {
	o := &drain{app: a}
	c := &cobra.Command{
		Use:   "drain SERVER… | --list",
		Short: "Stop new connections to a server and let existing ones end",
		Long: `Take a server out of service: set its weight to 0 in every service that has it. Its
connections go on, new ones go to other servers. SERVER is an address, for all its
ports, or ADDR:PORT. The old weights are remembered; lvs undrain restores them.
Draining a server again does not change what is remembered.

The server stays out of service until lvs undrain, or until lvs weight or lvs server
edit sets a weight for it: if it is deleted and lvs adds it again, it gets the weight
0. Other programs, and lvs under the name ipvsadm, can give it a weight; lvs list
then prints a note. --list shows what is drained: state and reason are those of the
present moment, gone is a server that is not in the table.

With --wait, wait until nothing is left: no active connection, no client bound by
persistence, and, while other connections are left, no packet for 5 seconds. If
--timeout passes or the wait is interrupted, the server stays drained.

A client that is bound to a server by persistence comes back to it even at weight
0, unless the sysctl net.ipv4.vs.expire_quiescent_template is 1.
--expire-templates sets it, for all services of the table; it stays set. A client
that uses the port of an old TCP connection again may come back, too: drain names the
sysctl that prevents it.

With --delete, the kernel may still have inactive connections of the server, and drops
packets of clients that come back to them until they time out, unless the sysctl
net.ipv4.vs.expire_nodest_conn is 1. --release sets it, and for persistent services
expire_quiescent_template, for all services of the table while the server is drained
and deleted, and sets them back to 0 when its connections are gone, also if the command
is interrupted or killed. With --timeout, what is left then does not stop the deletion:
the server is deleted, TCP is reset, and UDP moves to other servers. This is the way
off a server that has died.

With --for, a background process undrains the server later, even after the shell
has ended. (If systemd-logind has KillUserProcesses=yes, logging out ends that
process.) lvs undrain cancels it.

If a service would be left without a server that accepts new connections, or with less
than half of its weight, drain asks first; without a terminal it needs --yes.
--min-left sets another share. Servers that are drained already count as part of the
weight that is gone. With --min-left and --yes, nothing is changed below that share,
and the exit status is 1.`,
		Example: `  lvs drain 10.0.0.11
  lvs drain 10.0.0.11 --wait --timeout 10m
  lvs drain 10.0.0.11:80 --service tcp://192.0.2.10:80 --wait --delete
  lvs drain 10.0.0.11 --delete --release --timeout 10s
  lvs drain 10.0.0.11 --for 30m
  lvs drain 10.0.0.11 --wait -o jsonl
  lvs drain 10.0.0.11 --reason 'new disk'
  lvs drain --list`,
		RunE:              o.run,
		ValidArgsFunction: a.completeMachine,
	}
	o.machineSelector.register(a, c)
	o.gate.register(c)
	f := c.Flags()
	f.BoolVar(&o.wait, "wait", false, "wait until nothing is left, or until --timeout")
	f.BoolVar(&o.delete, "delete", false, "wait until nothing is left, then delete the server from the services")
	f.BoolVar(&o.release, "release", false,
		"with --delete: end what is left of its connections, at --timeout all of them, with sysctls that are restored")
	f.BoolVar(&o.expire, "expire-templates", false,
		"set net.ipv4.vs.expire_quiescent_template, for all services: clients bound by persistence go to other servers")
	f.StringVar(&o.hold, "for", "",
		"undrain automatically after `DURATION`, such as 30m, even after the shell has ended "+
			"(default: the server stays drained)")
	f.BoolVar(&o.showList, "list", false, "list the drained servers: by whom, since and until when, and the weight before")
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *drain) run(c *cobra.Command, args []string) error {
	if o.showList {
		if o.wait || o.delete || o.release || o.expire || o.hold != "" {
			return usagef("--list cannot be used together with --wait, --delete, --release, --expire-templates or --for")
		}
		return o.list(c.Context(), args)
	}
	var bad faults
	names, ids, err := o.machineSelector.parse(args)
	bad.add(err)
	o.holdFor, err = optionalDuration("--for", o.hold, durationRange{})
	bad.add(err)
	if o.delete && o.hold != "" {
		bad.add(usagef("--delete and --for cannot be used together: a deleted server cannot be undrained"))
	}
	if o.release && !o.delete {
		bad.add(usagef("--release has no effect without --delete"))
	}
	bad.add(o.gate.parse())
	if err := bad.err(); err != nil {
		return err
	}
	ctx, a := c.Context(), o.app
	o.only = ids
	act := a.actor(ctx)
	keys, all := act.matching(names, ids)
	found, snap, err := a.members(ctx, "drain server", names, ids)
	if err != nil && (snap == nil || !all) { // a director may have taken them out of the table
		return err
	}
	if o.delete {
		if err := a.refuseOwned(ctx, servicesOfKeys(keys)); err != nil {
			return err
		}
	}
	steps := operate.WeightSteps(found, 0)
	o.measure(a, snap, changesOf(steps))
	if err := o.refuse(a); err != nil {
		return err
	}
	if what := o.leaves(); len(what) > 0 {
		if err := a.confirm(ctx, "drain "+textOf(names)+" and "+strings.Join(what, ", and ")); err != nil {
			return err
		}
	}
	op, err := a.operator()
	if err != nil {
		return err
	}
	w, err := op.Watch(ctx)
	if err != nil {
		return err
	}
	if err := o.mindReturns(ctx, found); err != nil {
		return err
	}
	if a.global.dryRun {
		a.handed = true // what the director owns it does itself
		return o.preview(ctx, snap, steps, found)
	}
	at := a.Now().Add(o.holdFor)
	rest := act.others(found)
	if len(keys) > 0 {
		d := director.Decision{Action: director.DoDrain, Servers: keys, For: o.holdFor}
		if _, err := a.decide(ctx, act, d); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		if o.before, err = op.Drain(ctx, rest, o.holdFor); err != nil {
			return o.notDrained(err)
		}
	}
	switch {
	case len(keys) > 0 && o.hold == "":
	case o.hold == "" && op.Journal != nil && !op.Recorded() && len(steps) > 0 && len(o.before) > 0:
		a.note("the weights are remembered: %s restores them", o.command("undrain", found)) // undo cannot
	case o.hold == "":
	default:
		a.note("automatic undrain at %s", at.Local().Format(time.TimeOnly))
	}
	if len(keys) > 0 {
		o.before = act.weights(o.before, keys)
	} else if len(steps) == 0 && o.hold == "" && !o.wait && !o.delete {
		a.note("nothing to do: the weight is already 0")
	}
	o.noteZero(found)
	o.gate.note(a)
	if !o.release {
		_, err := o.follow(ctx, op, w, found)
		return err
	}
	return a.released(ctx, o.settings(found), func() ([]kernel.ServerKey, error) { return o.follow(ctx, op, w, found) })
}

// settings returns the settings that --release needs.
func (o *drain) settings(found []operate.Member) []string {
	switch {
	case !o.release:
		return nil
	case slices.ContainsFunc(found, func(m operate.Member) bool { return m.Service.Persistence > 0 }):
		return []string{kernel.ExpireNodestConn, kernel.ExpireQuiescentTemplate}
	}
	return []string{kernel.ExpireNodestConn}
}

// noteZero prints which servers had the weight 0 before the drain.
func (o *drain) noteZero(found []operate.Member) {
	var zero []kernel.ServerKey
	for i := range found {
		if w, known := o.before[found[i].Key()]; known && w == 0 {
			zero = append(zero, found[i].Key())
		}
	}
	if len(zero) > 0 {
		o.app.note("the weight before the drain was 0 already, and lvs undrain leaves it at 0: %s", listed(serversOf(zero)))
	}
}

// preview prints what would be done, with --dry-run. With --delete, the servers are
// deleted when they are drained.
func (o *drain) preview(ctx context.Context, snap *kernel.Snapshot, steps []operate.Step,
	found []operate.Member) error {
	if o.delete {
		for i := range found {
			steps = append(steps, operate.Step{
				Change: kernel.Change{Op: kernel.DeleteServer,
					Service: kernel.Service{ServiceID: found[i].Service.ServiceID}, Server: kernel.Server{Addr: found[i].Addr}},
				BeforeServer: &found[i].Server,
			})
		}
		o.app.note("would delete %s when drained", enumerate(addressesOf(found)))
		if o.release {
			o.app.note("would set %s to 1 until the connections are gone",
				strings.Join(fullNames(o.settings(found)), " and "))
		}
	}
	if len(steps) == 0 {
		return o.app.nothingChanges("the weight is already 0")
	}
	o.gate.note(o.app)
	costs, err := o.app.costsWith(ctx, snap, changesOf(steps), o.release)
	if err != nil {
		return err
	}
	cut := plan.Sum(costs)
	o.app.warnDropped(&cut, "")
	if err := foresee(ctx, o.app.opened, changesOf(steps)); err != nil {
		return err
	}
	// mindReturns has said what apply would say about weight 0.
	return o.app.perform(ctx, operate.Objects(steps), nil, costs...)
}

// notDrained returns why the servers cannot be drained.
func (o *drain) notDrained(err error) error {
	var held *operate.NotHeldError
	if errors.As(err, &held) {
		return notHeld("cannot start the automatic undrain", held)
	}
	return err
}

// notHeld returns the error if --for cannot restore the weights later.
func notHeld(what string, held *operate.NotHeldError) error {
	if held.Remembering {
		what = "cannot remember the weights"
	}
	return fmt.Errorf("--for: %s; nothing was changed: %w", what, held.Err)
}

func textOf(names []machine) string {
	list := make([]string, len(names))
	for i := range names {
		list[i] = names[i].text
	}
	return enumerate(list)
}

// enumerate joins the first few words and counts the rest.
func enumerate(list []string) string {
	const most = 5
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}

// mindReturns warns if clients keep coming in spite of weight 0. With
// --expire-templates it sets the sysctl that sends those bound by persistence elsewhere.
func (o *drain) mindReturns(ctx context.Context, found []operate.Member) error {
	a := o.app
	settings, err := doctor.ReadSettings(ctx, a.opened)
	if err != nil {
		return err
	}
	if on, _ := kernel.Switch(settings.Sysctls, kernel.ExpireQuiescentTemplate); o.expire && !on {
		what := "setting"
		if a.global.dryRun {
			what = "would set"
		}
		a.note("%s net.ipv4.vs.%s to 1 for all services of the table; it stays set", what, kernel.ExpireQuiescentTemplate)
		if !a.global.dryRun {
			if err := a.opened.SetSysctl(ctx, kernel.ExpireQuiescentTemplate, "1"); err != nil {
				return err
			}
		}
	}
	servers := diagnosed(found)
	if d := doctor.BoundClients(settings, servers); d != nil && !o.expire && !o.release {
		a.note("%s: %s", d.What, d.Why)
		a.say("hint: %s --expire-templates sets it, for all services of the table", o.command("drain", found))
	}
	if !o.release { // expire_nodest_conn sends them elsewhere, too
		a.quote(doctor.ReusedPorts(settings, servers))
	}
	a.quote(doctor.SyncedConnections(settings))
	return nil
}

// follow waits with --wait, deletes what is drained with --delete, and prints the
// result. It returns the servers that were deleted.
func (o *drain) follow(ctx context.Context, op *operate.Operator, w *operate.Watch, found []operate.Member) (
	[]kernel.ServerKey, error) {
	a := o.app
	p, err := a.printer(output.Options{})
	if err != nil {
		return nil, err
	}
	report := &drainReport{app: a, printer: p}
	start := a.Now()
	if !o.wait && !o.delete {
		if !a.reports() {
			return nil, nil
		}
		now, err := w.Look(ctx, found, o.before)
		if err != nil {
			return nil, err
		}
		return nil, report.last(now)
	}
	a.waiting = waitLine{does: "draining", subject: enumerate(addressesOf(found))}
	now, err := op.AwaitDrained(ctx, w, found, o.before, report.stream)
	a.endLine()
	what := "drained"
	if o.delete {
		what = "drained and deleted"
	}
	if timedOut, _ := broken(ctx, err); err != nil && timedOut && o.release {
		ctx, err, what = context.WithoutCancel(ctx), nil, "deleted"
		if len(now) == 0 { // the time was over before the first look
			now, err = w.Look(ctx, found, o.before)
		}
		o.giveUp(now)
	}
	if err != nil {
		return nil, o.brokenOff(ctx, err, now, found, report)
	}
	var gone []kernel.ServerKey
	if o.delete {
		if gone, err = o.remove(ctx, op, w, now, found); err != nil {
			return gone, err
		}
	}
	a.note("%s %s after %s", isOrAre(found), what, output.Duration(a.Now().Sub(start).Round(time.Second)))
	if !o.delete {
		o.noteSilent(now, found)
	}
	return gone, report.last(now)
}

// giveUp prints what servers still have at the end of the time, and treats them as
// drained.
func (o *drain) giveUp(now []operate.Drain) {
	var cut []operate.Drain
	for i := range now {
		if d := &now[i]; d.State == operate.Draining {
			cut = append(cut, *d)
			d.State = operate.Drained
		}
	}
	patience, _ := plan.ParseDuration(o.app.global.timeout)
	o.app.tellCut(operate.WaitEnded{After: patience, Cut: cut})
}

// remove deletes drained servers from their services, and warns if packets of clients that
// come back are dropped. It returns the servers that it deleted.
func (o *drain) remove(ctx context.Context, op *operate.Operator, w *operate.Watch, now []operate.Drain,
	found []operate.Member) (gone []kernel.ServerKey, err error) {
	if !o.release {
		cut, err := op.CostOfDrained(ctx, w, now)
		if err != nil {
			return nil, err
		}
		o.app.warnDropped(&cut, "use --release next time: it ends them at once, and restores the setting afterwards")
	}
	err = op.DeleteDrained(ctx, now, found)
	for i := range now {
		if now[i].State == operate.Deleted {
			gone = append(gone, now[i].ServerKey)
		}
	}
	return gone, err
}

// brokenOff returns the error if waiting ended early: what is left, and how to go on.
func (o *drain) brokenOff(ctx context.Context, err error, now []operate.Drain, found []operate.Member,
	report *drainReport) error {
	a := o.app
	var serving *operate.ServingError
	if errors.As(err, &serving) {
		return fmt.Errorf("drain %v: its weight is %d in %v: it was changed by someone else", serving.Server, serving.Weight,
			serving.Service)
	}
	timedOut, interrupted := broken(ctx, err)
	undo := o.command("undrain", found)
	switch {
	case interrupted:
		return (&fault{status: exitInterrupted, err: errors.New("interrupted: the weight stays 0")}).
			hintf("%s restores it", undo)
	case !timedOut:
		return err
	}
	var what []string
	hint := undo + " restores the weight"
	for i := range now {
		if d := &now[i]; d.State == operate.Draining {
			d.State = operate.TimedOut
			what = append(what, fmt.Sprintf("%v %v: %s", d.Service, d.Server, reasonText(d)))
			hint = o.app.hintFor(d, o.command("drain", found)) + undo + " restores the weight"
		}
	}
	f := &fault{status: exitTimeout, err: fmt.Errorf("not drained after %s, and the weight stays 0: %s",
		a.global.timeout, strings.Join(what, "; ")), hint: hint}
	if err := report.last(now); err != nil {
		return err
	}
	return f
}

// command returns the command line of a verb for just the servers found, so that a
// pasted hint does not change other ports or services.
func (o *drain) command(verb string, found []operate.Member) string {
	text := o.app.here() + " " + verb + " " + strings.Join(addressesOf(found), " ")
	for _, id := range o.only {
		text += " --service " + id.String()
	}
	return text
}

func isOrAre(found []operate.Member) string {
	addrs := addressesOf(found)
	if len(addrs) == 1 {
		return addrs[0] + " is"
	}
	return enumerate(addrs) + " are"
}
