package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"lvs/director/api"
	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
)

type directorStatus struct {
	directorVerb
	check bool
}

func newDirectorStatus(a *App) *cobra.Command {
	o := &directorStatus{directorVerb: directorVerb{app: a}}
	c := &cobra.Command{
		Use:   "status [SERVICE|SERVER…]",
		Short: "Show the services and servers of the director",
		Long: `Show the services of the director with their servers: what an admin decided (ADMIN),
what the checks found (HEALTH) and since when, the weight in the table and the weight
that it should have (WANTED) with the reason, and the last result of the checks. -o
wide shows more, JSON everything. Notes name what is wrong: files that were refused, a
freeze, alarms, and what someone else changed in the table (drift).

SERVICE and SERVER select rows. SERVER is an address, for all its ports, or ADDR:PORT.

--check prints one line as a monitoring plugin does, with performance data. Its exit
status is 0 if all is well, 1 (warning) if servers are down, the director is frozen,
its files were refused, or there are alarms or drift, 2 (critical) if a service is
down or the director hangs, and 3 (unknown) if no director can be asked.`,
		Example: `  lvs director status
  lvs director status tcp://192.0.2.10:80
  lvs director status 10.0.0.11 -o wide
  lvs director status --check
  lvs director status -o json --jq '.item.services[] | select(.state != "up") | .service'`,
		RunE:              o.run,
		ValidArgsFunction: o.completeAll,
	}
	o.register(c)
	return c
}

func (o *directorStatus) register(c *cobra.Command) {
	o.directorVerb.register(c)
	c.Flags().BoolVar(&o.check, "check", false, "print one line for monitoring, with its exit statuses 0, 1, 2 and 3")
	o.app.kernelFlags(c)
	o.app.showFlags(c, "DirectorStatus")
	o.app.quietFlag(c)
	complete(c, "columns", completeColumns("DirectorStatus"))
}

func (o *directorStatus) run(c *cobra.Command, args []string) error {
	a, ctx := o.app, c.Context()
	if o.check {
		return o.nagios(ctx, args)
	}
	var bad faults
	wanted := make([]statusName, len(args))
	for i, arg := range args {
		var err error
		wanted[i], err = parseStatusName(arg)
		bad.add(err)
	}
	if err := bad.err(); err != nil {
		return err
	}
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	_, st, err := o.status(ctx)
	if err != nil {
		return err
	}
	if err := a.selectStatus(st, wanted); err != nil {
		return err
	}
	if !a.global.wantsJSON() && a.global.output != "yaml" {
		o.notes(st)
	}
	return p.Director(st)
}

// statusName is a word that names a service, a server, or both: 192.0.2.10:80.
type statusName struct {
	text    string
	service string
	server  machine
	used    bool
}

func parseStatusName(s string) (statusName, error) {
	n := statusName{text: s}
	id, noService := kernel.ParseServiceID(s)
	if noService == nil {
		n.service = id.String()
	}
	var err error
	if n.server, err = parseMachine(s); err != nil && noService != nil {
		return n, err
	}
	return n, nil
}

// selectStatus keeps the services and servers that are named; no name keeps all.
func (a *App) selectStatus(st *output.DirectorRow, names []statusName) error {
	if len(names) == 0 {
		return nil
	}
	services := []output.DirectedServiceRow{}
	for i := range st.Services {
		s := &st.Services[i]
		whole := false
		for n := range names {
			if names[n].service == s.Service {
				names[n].used, whole = true, true
			}
		}
		if whole {
			services = append(services, *s)
			continue
		}
		servers := []output.DirectedServerRow{}
		for j := range s.Servers {
			key, err := keyOf(&s.Servers[j])
			if err != nil {
				return err
			}
			for n := range names {
				if m := &names[n]; m.server.text != "" && m.server.is(key.Server) {
					m.used = true
					servers = append(servers, s.Servers[j])
					break
				}
			}
		}
		if len(servers) > 0 {
			one := *s
			one.Servers = servers
			services = append(services, one)
		}
	}
	st.Services = services
	var bad faults
	for n := range names {
		if !names[n].used {
			bad.add((&fault{status: exitNotFound, err: fmt.Errorf("%s: the director has no such service or server",
				names[n].text)}).hintf("list what it has: %s director status", a.here()))
		}
	}
	return bad.err()
}

// notes prints what is wrong, or unusual.
func (o *directorStatus) notes(st *output.DirectorRow) {
	a := o.app
	if err := hangs(st, a.Now()); err != nil {
		a.note("%v", err)
	}
	if st.Refused != nil {
		a.note("the files were refused at %s, and those of %s stay in force: %s", a.stampClock(*st.RefusedAt),
			a.stampClock(st.Loaded), *st.Refused)
	}
	if st.Frozen != nil {
		a.note("frozen since %s, nothing is changed: %s", a.stampClock(st.Frozen.Since), st.Frozen.Why)
	}
	if st.Role != nil {
		a.note("role: %s", *st.Role)
	}
	for i := range st.Alarms {
		a.note("alarm since %s: %s", a.stampClock(st.Alarms[i].Since), st.Alarms[i].What)
		if fix := st.Alarms[i].Fix; fix != nil {
			a.say("hint: %s", a.inNamespace(*fix))
		}
	}
	for i := range st.Drift {
		a.note("drift since %s: %s %s", a.stampClock(st.Drift[i].Since), st.Drift[i].Place(), st.Drift[i].DriftText())
	}
}

// stampClock returns a time of a row for people.
func (a *App) stampClock(stamp string) string {
	t, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return stamp
	}
	return a.clock(t)
}

// hangs returns an error if the director has not renewed its state for a long time.
func hangs(st *output.DirectorRow, now time.Time) error {
	at, err := time.Parse(time.RFC3339Nano, st.At)
	if err != nil {
		return err
	}
	if age := now.Sub(at); age > api.Stale {
		return fmt.Errorf("the director hangs: its newest state is %s old", output.Duration(age))
	}
	return nil
}

// The exit statuses of monitoring plugins.
const (
	nagiosOK = iota
	nagiosWarning
	nagiosCritical
	nagiosUnknown
)

// nagios prints one line for monitoring.
func (o *directorStatus) nagios(ctx context.Context, args []string) error {
	if err := noMore(args, "leave it out: --check looks at everything"); err != nil {
		return err
	}
	_, st, err := o.status(ctx)
	if err != nil {
		return o.say(unasked(err), oneLine(err.Error()))
	}
	return o.say(output.Monitoring(st, hangs(st, o.app.Now())))
}

// unasked returns the status for monitoring of a director that gave no state: one that hangs
// masks no failed server.
func unasked(err error) int {
	if errors.As(err, new(*api.SilentError)) {
		return nagiosCritical
	}
	return nagiosUnknown
}

func (o *directorStatus) say(status int, text string) error {
	word := [...]string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}[status]
	if _, err := io.WriteString(o.app.Out, "LVS "+word+" - "+plan.Visible(text)+"\n"); err != nil {
		return err
	}
	if status == nagiosOK {
		return nil
	}
	return &answer{status}
}

// answer ends a command whose output has the answer with an exit status.
type answer struct{ status int }

func (*answer) Error() string { return "no" }

// answered returns the exit status of an answer.
func answered(err error) (status int, ok bool) {
	var a *answer
	if errors.As(err, &a) {
		return a.status, true
	}
	return 0, false
}
