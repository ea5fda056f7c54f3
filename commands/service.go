package commands

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
	"lvs/plan"
)

func newService(a *App) *cobra.Command {
	return a.group("service", "Add, edit, delete and show virtual services",
		`Add, edit, delete and show virtual services. A virtual service is an address or a
firewall mark. The director accepts its connections and forwards them to real
servers.

Write SERVICE as tcp://192.0.2.10:80, udp://[2001:db8::1]:53, sctp://192.0.2.10:9,
fwmark:7 or fwmark:7/ipv6. A bare 192.0.2.10:80 is TCP. The options -t, -u and -f
of ipvsadm work too. Port 0 is every port and needs persistence.`,
		newServiceAdd(a), newServiceEdit(a), newServiceDelete(a),
		newServiceShow(a), newServiceList(a), newServiceZero(a))
}

type serviceAdd struct {
	app *App
	selector
	serviceOptions
}

func newServiceAdd(a *App) *cobra.Command {
	o := &serviceAdd{app: a}
	c := &cobra.Command{
		Use:   "add SERVICE",
		Short: "Add a virtual service",
		Long: `Add a virtual service without servers. If the service already exists, the command
does not change it and exits with status 5.`,
		Example: `  lvs service add tcp://192.0.2.10:80
  lvs service add tcp://192.0.2.10:443 --scheduler mh --sched-flags mh-port
  lvs service add fwmark:7 --persistent=10m --netmask 255.255.255.0
  lvs service add udp://192.0.2.10:53 --ops -s rr`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	o.selector.register(a, c)
	o.serviceOptions.register(c)
	a.changeFlags(c)
	return c
}

// oneService returns the hint for arguments after the service of service add or edit: the
// command for servers if they are servers.
func (a *App) oneService(id kernel.ServiceID, rest []string, verb string) string {
	if len(rest) == 0 {
		return ""
	}
	return verb + " one service at a time; for a server: " +
		shellLine(a.Name, append([]string{"server", verb, id.String()}, rest...))
}

func (o *serviceAdd) run(c *cobra.Command, args []string) error {
	var bad faults
	bad.add(o.apart(c.Flags(), args))
	id, rest, err := o.one(args)
	if bad.add(err); len(bad) == 0 {
		bad.add(noMore(rest, "%s", o.app.oneService(id, rest, "add")))
	}
	s := kernel.Service{ServiceID: id, Scheduler: "wlc"}
	bad.add(o.overlay(c.Flags(), &s))
	if err := bad.err(); err != nil {
		return err
	}
	return o.app.apply(c.Context(), []operate.Step{{
		Change: kernel.Change{Op: kernel.AddService, Service: s},
	}})
}

type serviceEdit struct {
	app *App
	selector
	serviceOptions
}

func newServiceEdit(a *App) *cobra.Command {
	o := &serviceEdit{app: a}
	c := &cobra.Command{
		Use:   "edit SERVICE",
		Short: "Change settings of a virtual service",
		Long: `Change settings of a virtual service. Settings without an option stay as they are,
and no connection is cut.

A new scheduler resets the scheduler's flags, except between sh and mh. Without
persistence, netmask and persistence engine are reset too.`,
		Example: `  lvs service edit tcp://192.0.2.10:80 --scheduler wrr
  lvs service edit tcp://192.0.2.10:80 --persistent=30m
  lvs service edit tcp://192.0.2.10:80 --persistent=none`,
		RunE:              o.run,
		ValidArgsFunction: completeOneService(a, &o.selector),
	}
	o.selector.register(a, c)
	o.serviceOptions.register(c)
	withoutDefaults(c.Flags())
	a.changeFlags(c)
	return c
}

func (o *serviceEdit) run(c *cobra.Command, args []string) error {
	var bad faults
	bad.add(o.apart(c.Flags(), args))
	id, rest, err := o.one(args)
	if bad.add(err); len(bad) == 0 {
		bad.add(noMore(rest, "%s", o.app.oneService(id, rest, "edit")))
	}
	if !o.serviceOptions.given(c.Flags()) {
		bad.add(usagef("no setting is given: service edit needs an option").
			hintf("%s --help lists the options", c.CommandPath()))
	}
	if o.persistent != "" {
		_, err := parsePersistence(o.persistent)
		bad.add(err)
	}
	if err := bad.err(); err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	snap, err := k.Snapshot(c.Context(), id)
	if err != nil {
		return kernel.WithOp(kernel.EditService.String(), err)
	}
	before := snap.Find(id).Service
	after := before
	if err := o.overlay(c.Flags(), &after); err != nil {
		return err
	}
	if after == before {
		return o.app.nothingChanges("service %v already has these settings", id)
	}
	return o.app.apply(c.Context(), []operate.Step{{
		Change:        kernel.Change{Op: kernel.EditService, Service: after},
		BeforeService: &before,
	}})
}

type serviceDelete struct {
	app *App
	selector
}

func newServiceDelete(a *App) *cobra.Command {
	o := &serviceDelete{app: a}
	c := &cobra.Command{
		Use:     "delete SERVICE…",
		Aliases: []string{"rm", "del"},
		Short:   "Delete virtual services and their servers",
		Long: `Delete virtual services with all their servers, and cut their connections. If one
of the services does not exist, nothing is deleted.

On a terminal, the command shows what it will cut and asks for confirmation. Without
a terminal it needs --yes.`,
		Example: `  lvs service delete tcp://192.0.2.10:80
  lvs service delete --yes tcp://192.0.2.10:80 tcp://192.0.2.10:443
  lvs service delete --dry-run fwmark:7`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.register(a, c)
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *serviceDelete) run(c *cobra.Command, args []string) error {
	ids, err := o.some(args)
	if err != nil {
		return err
	}
	entries, err := o.app.lookup(c.Context(), kernel.DeleteService.String(), ids)
	if err != nil {
		return err
	}
	var steps []operate.Step
	servers := 0
	for _, e := range entries {
		servers += len(e.Servers)
		steps = append(steps, operate.Step{
			Change:        kernel.Change{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: e.ServiceID}},
			BeforeService: &e.Service,
			Entry:         &e,
		})
	}
	what := fmt.Sprintf("delete service %v", ids[0])
	if len(ids) > 1 {
		what = fmt.Sprintf("delete %d services", len(ids))
	}
	costs, err := o.costs(c.Context(), entries, steps)
	if err != nil {
		return err
	}
	cut := plan.Sum(costs)
	o.app.warnDropped(&cut, "")
	if err := o.app.confirm(c.Context(), what+withServers(servers, &cut)); err != nil {
		return err
	}
	return o.app.apply(c.Context(), steps, costs...)
}

// costs returns what the deletions cut. It depends on whether other services are left.
func (o *serviceDelete) costs(ctx context.Context, entries []kernel.ServiceEntry, steps []operate.Step) (
	[]plan.Cost, error) {
	k, err := o.app.kernel()
	if err != nil {
		return nil, err
	}
	table, err := k.Services(ctx)
	if err != nil {
		return nil, kernel.WithOp(kernel.DeleteService.String(), err)
	}
	for i := range entries {
		if e := table.Find(entries[i].ServiceID); e != nil {
			*e = entries[i]
		}
	}
	return o.app.costs(ctx, table, changesOf(steps))
}

type serviceShow struct {
	app *App
	selector
	view
}

func newServiceShow(a *App) *cobra.Command {
	o := &serviceShow{app: a}
	c := &cobra.Command{
		Use:   "show SERVICE…",
		Short: "Show virtual services with their servers",
		Long: `Show the given virtual services with their servers. If one does not exist, the exit
status is 4.`,
		Example: `  lvs service show tcp://192.0.2.10:80
  lvs service show fwmark:7 --stats
  lvs service show -t 192.0.2.10:80 -o yaml`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServices,
	}
	o.selector.register(a, c)
	o.view.register(a, c)
	return c
}

func (o *serviceShow) run(c *cobra.Command, args []string) error {
	ids, err := o.some(args)
	if err != nil {
		return err
	}
	return o.show(c.Context(), o.app, ids)
}

type serviceList struct {
	app *App
	view
}

func newServiceList(a *App) *cobra.Command {
	o := &serviceList{app: a}
	c := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List all virtual services with their servers",
		Long:    `List all virtual services with their servers, as lvs list does.`,
		Example: `  lvs service list
  lvs service list -o name
  lvs service list --filter scheduler=wlc`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	o.view.register(a, c)
	return c
}

func (o *serviceList) run(c *cobra.Command, args []string) error {
	if err := noMore(args, "%s service show %s shows single services", o.app.Name, arg0(args)); err != nil {
		return err
	}
	return o.show(c.Context(), o.app, nil)
}
