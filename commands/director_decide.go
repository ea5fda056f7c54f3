package commands

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lvs/director"
	"lvs/kernel"
	"lvs/output"
)

// directorDecide has the verbs drain, maintain and undrain.
type directorDecide struct {
	directorVerb
	machineSelector
	name string
	hold string
}

// decisionTexts are the help of the verbs that decide about servers.
func decisionTexts(verb string) (short, long string) {
	switch verb {
	case "drain":
		return "Take servers out of use, or hand over this director",
			`Set the weight of servers to 0, in every service of the director that has them.
Connections go on, new ones go to other servers. lvs director undrain ends it, or
--for after a time. lvs drain does the same, and can wait and delete.

If a service would be left without a server in use, drain asks first; without a
terminal it needs --yes.

Without SERVER, this director is drained: it hands over to another one as far as there
is one, waits until traffic has left or --timeout passes, and ends. What becomes of
its services is the file's onStop.`
	case "maintain":
		return "Put servers into maintenance",
			`Set the weight of servers to 0, in every service of the director that has them, and
ignore what their checks find: a server in maintenance may fail, restart and come back
without a verdict or an event. lvs director undrain ends it, or --for after a time.

If a service would be left without a server in use, maintain asks first; without a
terminal it needs --yes.`
	}
	return "Put servers back into use",
		`End a drain, a maintenance or another weight that an admin has set: from now on the
file and the checks decide. A server whose checks fail keeps the weight 0.`
}

func newDirectorDecide(a *App, verb string) *cobra.Command {
	o := &directorDecide{directorVerb: directorVerb{app: a}, name: verb}
	short, long := decisionTexts(verb)
	use, example := verb+" SERVER…", ""
	switch verb {
	case "drain":
		use = "drain [SERVER…]"
		example = `
  lvs director drain 10.0.0.11:80 --service tcp://192.0.2.10:80
  lvs director drain --timeout 10m --yes`
	case "maintain":
		example = `
  lvs director maintain 10.0.0.11 --for 2h --reason 'new disk'`
	}
	c := &cobra.Command{
		Use: use, Short: short, Long: long,
		Example:           "  lvs director " + verb + " 10.0.0.11" + example,
		RunE:              o.run,
		ValidArgsFunction: o.completeServers,
	}
	o.directorVerb.register(c)
	o.machineSelector.register(a, c)
	f := c.Flags()
	if verb != "undrain" {
		f.StringVar(&o.hold, "for", "",
			"end it automatically after `DURATION`, such as 30m (default: until director undrain)")
		a.askFlags(c)
	}
	a.kernelFlags(c)
	a.showFlags(c, "DirectedServerList")
	a.quietFlag(c)
	a.dryRunFlag(c, "print what would be decided")
	f.BoolVarP(&a.global.verbose, "verbose", "v", false, "print the servers as they are then (default: print nothing)")
	f.StringVar(&a.global.reason, "reason", "", "remember `TEXT` as the reason (default: none)")
	markGlobal(f, "verbose", "reason")
	complete(c, "reason", nothing)
	complete(c, "columns", completeColumns("DirectedServerList"))
	return c
}

func (o *directorDecide) run(c *cobra.Command, args []string) error {
	ctx := c.Context()
	if o.name == "drain" && len(args)+len(o.real)+len(o.named) == 0 && o.hold == "" {
		return o.leave(ctx)
	}
	var bad faults
	names, ids, err := o.machineSelector.parse(args)
	bad.add(err)
	hold, err := optionalDuration("--for", o.hold, durationRange{})
	bad.add(err)
	if err := bad.err(); err != nil {
		return err
	}
	return o.decide(ctx, names, ids, hold)
}

func (o *directorDecide) decide(ctx context.Context, names []machine, ids []kernel.ServiceID,
	hold time.Duration) error {
	a := o.app
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
	if o.name != "undrain" {
		if empty := leftEmpty(st, rows); len(empty) > 0 {
			what := fmt.Sprintf("%s %s, and leave %s without a server in use", o.name, textOf(names), enumerate(empty))
			if err := a.confirm(ctx, what); err != nil {
				return err
			}
		}
	}
	if a.global.dryRun {
		for _, k := range keys {
			a.note("would %s %v of %v", o.name, k.Server, k.Service)
		}
		return nil
	}
	now, err := client.Decide(ctx, &director.Decision{Action: director.Action(o.name), Servers: keys, For: hold,
		Reason: a.global.reason, Command: shellLine(a.Name, a.args)})
	if err != nil {
		return a.directorError(err)
	}
	if hold > 0 {
		a.note("it ends at %s", a.Now().Add(hold).Local().Format(time.TimeOnly))
	}
	o.noteDown(now)
	if !a.reports() {
		return nil
	}
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	return p.DirectedServers(now)
}

// noteDown prints which servers stay out of use although nobody wants it any more.
func (o *directorDecide) noteDown(now []output.DirectedServerRow) {
	if o.name != "undrain" {
		return
	}
	for i := range now {
		if r := &now[i]; r.Health == "down" {
			o.app.note("server %s of %s is not in use: %s: %s", r.Server, r.Service, r.WhyText(), r.ResultText())
		}
	}
}

// leftEmpty returns the services that would have no server in use without the given ones.
func leftEmpty(st *output.DirectorRow, without []*output.DirectedServerRow) (services []string) {
	out := map[*output.DirectedServerRow]bool{}
	for _, r := range without {
		out[r] = true
	}
	for i := range st.Services {
		s := &st.Services[i]
		now, then := 0, 0
		for j := range s.Servers {
			r := &s.Servers[j]
			if r.Weight == nil || *r.Weight == 0 {
				continue
			}
			now++
			if !out[r] {
				then++
			}
		}
		if now > 0 && then == 0 {
			services = append(services, s.Service)
		}
	}
	return services
}

// leave ends the director when traffic has left it.
func (o *directorDecide) leave(ctx context.Context) error {
	a := o.app
	client, st, err := o.status(ctx)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("end the director (process %d) of %s when traffic has left it", st.PID,
		strings.Join(st.Files, ", "))
	if err := a.confirm(ctx, what); err != nil || a.global.dryRun {
		return err
	}
	if err := client.Leave(ctx); err != nil {
		return a.directorError(err)
	}
	a.note("the director has ended")
	return nil
}
