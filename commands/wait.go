package commands

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
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

func newWait(a *App) *cobra.Command {
	o := &waitFor{app: a}
	c := &cobra.Command{
		Use:   "wait SERVICE|SERVER|SERVICE SERVER",
		Short: "Wait until a service or server is drained, exists or is gone",
		Long: `Wait for a service with all its servers, for a server in all its services, or for a
server of one service. SERVER is an address, for all its ports, or ADDR:PORT.
ADDR:PORT alone is the TCP service of that address if there is one.

  drained    the weight is 0 and nothing is left: no active connection, no client
             bound by persistence that would come back, and, while other
             connections are left, no packet for 5 seconds
  active<=N  there are at most N active connections
  exists     it is in the table
  gone       it is not in the table

The exit status is 0 when the condition is met and 8 when --timeout passes. With
drained and active<=N it is 1 if the service or server was deleted meanwhile, and 4
if it was not there at the start.

Without privilege, wait sees connections, but neither clients bound by persistence
nor how old the last packet is.`,
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
	f.StringVar(&o.every, "every", "",
		"check every `DURATION`, such as 5s (default: after 0.2s, then less often, down to every 1s)")
	complete(c, "for", words("drained", "active<=", "exists", "gone"))
	a.kernelFlags(c)
	a.showFlags(c, "DrainList")
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
	a.waiting = waitLine{does: "waiting", subject: o.target.String()}
	var last []operate.Drain
	var seen, noted bool
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
				hintf("use --for exists to wait until there is one")
		}
		seen = there
		if !noted {
			noted = true
			o.noteServing(last)
		}
		o.show(last)
		return false, nil
	})
	a.endLine()
	if timedOut, _ := broken(ctx, err); err != nil && timedOut {
		err = &fault{status: exitTimeout, hint: o.hint(last),
			err: fmt.Errorf("%v: %s after %s%s", &o.target, o.until.not(last), a.global.timeout, o.until.lacks(last))}
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

// noteServing prints the servers that nobody drains: they are not drained until someone
// does.
func (o *waitFor) noteServing(now []operate.Drain) {
	serving := servingOf(now)
	if o.until.kind != untilDrained || len(serving) == 0 {
		return
	}
	first := serving[0]
	text := fmt.Sprintf("%v in %v has the weight %d", first.Server, first.Service, first.Weight)
	if len(serving) > 1 {
		text += " and " + plural(len(serving)-1, "other server") + " have a weight"
	}
	o.app.note("%s: waiting until it is 0", text)
	o.app.say("hint: %s", o.drainHint(serving))
}

// servingOf returns the servers that have a weight.
func servingOf(now []operate.Drain) []operate.Drain {
	return slices.DeleteFunc(slices.Clone(now), func(d operate.Drain) bool {
		return d.Weight == 0 || d.State == operate.Gone
	})
}

// drainHint returns the command that drains servers.
func (o *waitFor) drainHint(serving []operate.Drain) string {
	text := o.app.here() + " drain"
	var services []kernel.ServiceID
	var servers []netip.AddrPort
	for i := range serving {
		if d := &serving[i]; !slices.Contains(servers, d.Server) {
			servers = append(servers, d.Server)
			text += " " + d.Server.String()
		}
		if d := &serving[i]; !slices.Contains(services, d.Service) {
			services = append(services, d.Service)
		}
	}
	if len(servers) > 3 {
		return o.app.here() + " drain SERVER… sets it to 0"
	}
	for _, id := range services {
		text += " --service " + id.String()
	}
	return text + " sets it to 0"
}

// hint returns what helps with the first server that is not drained.
func (o *waitFor) hint(last []operate.Drain) string {
	if o.until.kind != untilDrained {
		return ""
	}
	if serving := servingOf(last); len(serving) > 0 {
		return o.drainHint(serving)
	}
	for i := range last {
		if d := &last[i]; len(d.Blocked) > 0 {
			return strings.TrimSuffix(o.app.hintFor(d, fmt.Sprintf("%s drain %v --service %v", o.app.here(), d.Server,
				d.Service)), "; ")
		}
	}
	return ""
}

// show shows the progress on the live line.
func (o *waitFor) show(now []operate.Drain) {
	a := o.app
	if o.until.needsIt() {
		a.showDraining(now)
		return
	}
	a.live().show(func() string { return "waiting: " + o.condition + ": " + a.waiting.subject })
}

// drains returns the state of the servers, with their remembered weights.
func (o *waitFor) drains(op *operate.Operator, w *operate.Watch, found []operate.Member) []operate.Drain {
	before, _ := op.All() // undrain reports what is wrong with them
	out := make([]operate.Drain, len(found))
	for i := range found {
		out[i] = w.Drain(&found[i])
		if r, known := before[found[i].Key()]; known {
			out[i].Before, out[i].Out = r.Weight, r.Out()
		}
	}
	return byAddress(out)
}

// condition is what lvs wait waits for.
type condition struct {
	kind conditionKind
	// most is the limit of untilAtMost, in active connections.
	most uint64
}

type conditionKind uint8

const (
	untilDrained conditionKind = iota
	untilAtMost
	untilExists
	untilGone
)

func parseCondition(s string) (condition, error) {
	switch text := strings.ReplaceAll(s, " ", ""); {
	case s == "":
		return condition{}, usagef("--for is missing").hintf("add --for with drained, active<=N, exists or gone")
	case text == "drained":
		return condition{kind: untilDrained}, nil
	case text == "exists":
		return condition{kind: untilExists}, nil
	case text == "gone":
		return condition{kind: untilGone}, nil
	case strings.HasPrefix(text, "active<="):
		n, err := strconv.ParseUint(strings.TrimPrefix(text, "active<="), 10, 32)
		if err == nil {
			return condition{kind: untilAtMost, most: n}, nil
		}
	}
	bad := usagef("invalid --for %q: want drained, active<=N, exists or gone", s)
	switch {
	case strings.HasPrefix(s, "active"):
		return condition{}, bad.hintf("write it in quotes, with <=: --for 'active<=5'")
	case strings.HasPrefix(s, "weight"):
		return condition{}, bad.hintf("use --for drained: it waits for the weight 0, and until nothing is left")
	}
	return condition{}, bad
}

// needsIt reports whether the condition is about an object that exists.
func (c condition) needsIt() bool { return c.kind == untilDrained || c.kind == untilAtMost }

// not returns the text for a condition that is not met.
func (c condition) not(rows []operate.Drain) string {
	switch c.kind {
	case untilAtMost:
		return plural(operate.Active(rows), "active connection")
	case untilExists:
		return "does not exist"
	case untilGone:
		return "still exists"
	}
	return "not drained"
}

// holds reports whether the condition is met.
func (c condition) holds(there bool, rows []operate.Drain) bool {
	switch c.kind {
	case untilExists:
		return there
	case untilGone:
		return !there
	case untilAtMost:
		return there && operate.Active(rows) <= c.most
	}
	for i := range rows {
		if rows[i].State != operate.Drained {
			return false
		}
	}
	return there
}

// lacks returns why the condition is not met, and marks the rows that timed out.
func (c condition) lacks(rows []operate.Drain) string {
	switch c.kind {
	case untilAtMost:
		return fmt.Sprintf(", want at most %d", c.most)
	case untilDrained:
		var what []string
		for i := range rows {
			if r := &rows[i]; r.State != operate.Drained {
				r.State = operate.TimedOut
				what = append(what, fmt.Sprintf("%v %v: %s", r.Service, r.Server, reasonText(r)))
			}
		}
		return " (" + enumerate(what) + ")"
	}
	return ""
}

// target is what to wait for: a service, a server of it, or a server in all
// services. ADDR:PORT alone may be a service or a server: then both are set.
type target struct {
	text    string
	service *kernel.ServiceID
	server  *machine
	either  bool
	// only has the services that had the server at the first look.
	only []kernel.ServiceID
}

func (t *target) String() string { return t.text }

// parseTarget reads what to wait for.
func (o *waitFor) parseTarget(args []string) (target, error) {
	names := o.take(args)
	if len(o.named) == 0 && len(names) == 0 {
		return target{}, usagef("SERVICE or SERVER is missing").
			hintf("give a service such as tcp://192.0.2.10:80, a server such as 10.0.0.11, or both")
	}
	t := target{text: strings.Join(append(textsOf(o.named), names...), " ")}
	if len(o.named) > 0 || len(args) > 1 || len(args) == 1 && (len(o.real) > 0 || isServiceOnly(args[0])) {
		id, rest, err := o.one(args)
		if err != nil {
			return t, err
		}
		t.service, names = &id, o.take(rest)
	}
	switch {
	case len(names) > 1:
		return t, usagef("unexpected argument %q", names[1]).hintf("give one SERVICE and one SERVER at a time")
	case len(names) == 0:
		return t, nil
	}
	m, err := parseMachine(names[0])
	if err != nil {
		return t, err
	}
	t.server = &m
	if t.service == nil && !m.anyPort {
		id := kernel.AddressID(kernel.TCP, m.addr)
		t.service, t.either = &id, true
	}
	return t, nil
}

func textsOf(options []option) []string {
	var out []string
	for _, o := range options {
		out = append(out, o.value)
	}
	return out
}

// isServiceOnly reports whether a word can only be a service.
func isServiceOnly(s string) bool {
	return strings.Contains(s, "://") || strings.HasPrefix(s, "fwmark:")
}

// look reads the target: its servers, and whether it exists.
func (t *target) look(
	ctx context.Context, w *operate.Watch, until condition,
) (found []operate.Member, there bool, err error) {
	ids := t.only
	if t.service != nil && !t.either {
		ids = []kernel.ServiceID{*t.service}
	}
	snap, err := w.Read(ctx, ids...)
	if err != nil {
		return nil, false, err
	}
	if t.either && snap.Find(*t.service) != nil {
		t.server = nil // from now on it is the service
	}
	var machines []machine
	if t.server != nil {
		machines = []machine{*t.server}
	}
	found = slices.DeleteFunc(membersOf(snap, machines), func(m operate.Member) bool {
		return t.service != nil && !(t.either && t.server != nil) && m.Service.ServiceID != *t.service
	})
	if t.server == nil {
		there = snap.Find(*t.service) != nil
	} else {
		there = len(found) > 0
	}
	if until.needsIt() {
		t.only = operate.ServicesOf(operate.Keys(found))
		if t.server == nil {
			t.only = []kernel.ServiceID{*t.service}
		}
	}
	return found, there, nil
}

// complete proposes services and servers, then the servers of the service.
func (o *waitFor) complete(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	switch {
	case len(args) == 0 && len(o.named) == 0:
		services, _ := o.app.completeServices(c, args, word)
		servers, _ := o.app.completeMachine(c, args, word)
		return append(services, servers...), noFiles
	case len(args) == 1 && !isMachine(args[0]):
		return o.app.completeServers(&o.selector, &o.serverSelector, 1)(c, args, word)
	}
	return nil, noFiles
}

// isMachine reports whether a word is an address without a port.
func isMachine(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}
