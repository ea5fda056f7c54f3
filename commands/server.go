package commands

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
	"lvs/plan"
)

func newServer(a *App) *cobra.Command {
	return a.group("server", "Add, edit, delete and show the real servers of a service",
		`Add, edit, delete and show the real servers of a virtual service. A real server
handles the connections that the director forwards to it.

Write SERVICE as for lvs service. Write SERVER as ADDR:PORT, or as ADDR to use the
port of the service: 10.0.0.11:80, [2001:db8::11]:80, 10.0.0.11. A server belongs to
one service; several services may have a server with the same address.`,
		newServerAdd(a), newServerEdit(a), newServerDelete(a), newServerShow(a), newServerList(a))
}

type serverAdd struct {
	app *App
	selector
	serverSelector
	serverOptions
}

func newServerAdd(a *App) *cobra.Command {
	o := &serverAdd{app: a}
	c := &cobra.Command{
		Use:   "add SERVICE SERVER…",
		Short: "Add real servers to a service",
		Long: `Add real servers to a service, all with the same options. If one of them already
exists, nothing is added and the exit status is 5.

A server that was drained and then deleted is still drained: it gets the weight 0,
and lvs undrain sets the weight asked for.

Direct routing and tunnels cannot change the port, so the server needs the port of
the service.`,
		Example: `  lvs server add tcp://192.0.2.10:80 10.0.0.11 10.0.0.12
  lvs server add tcp://192.0.2.10:80 10.0.0.13:8080 --nat --weight 3
  lvs server add tcp://192.0.2.10:80 198.51.100.7 --tunnel --tun-type gue --tun-port 6080
  lvs server add -t 192.0.2.10:80 -r 10.0.0.14:80 -m -w 2 -x 2000`,
		RunE:              o.run,
		ValidArgsFunction: completeOneService(a, &o.selector),
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	o.serverOptions.register(c)
	a.changeFlags(c)
	return c
}

func (o *serverAdd) run(c *cobra.Command, args []string) error {
	id, names, err := o.servers(&o.selector, args)
	if apart := valueApart(c, "yes", "lower", names); apart != nil {
		return both(both(err, apart), o.overlay(c.Flags(), &kernel.Server{Forward: kernel.Tunneling}))
	}
	var bad faults
	bad.add(err)
	_, invalid := parseServers(names, id)
	bad.add(invalid)
	if err != nil || invalid != nil {
		bad.add(o.overlay(c.Flags(), &kernel.Server{Forward: kernel.Tunneling}))
	}
	if err != nil {
		return bad.err()
	}
	var steps []operate.Step
	seen := map[netip.AddrPort]bool{}
	for _, name := range names {
		addr, err := parseServer(name, id)
		if err != nil {
			continue // reported above
		}
		if seen[addr] {
			continue // the same server twice is one
		}
		seen[addr] = true
		s := kernel.Server{Addr: addr, Forward: kernel.Direct, Weight: 1}
		bad.add(o.overlay(c.Flags(), &s))
		bad.add(checkNewServer(id, &s))
		steps = append(steps, operate.Step{Change: kernel.Change{
			Op: kernel.AddServer, Service: kernel.Service{ServiceID: id}, Server: s,
		}})
	}
	if err := bad.err(); err != nil {
		return err
	}
	if len(steps) > 1 {
		if err := o.allNew(c, id, steps); err != nil {
			return err
		}
	}
	return o.app.addKeepingOut(c.Context(), steps)
}

// allNew returns an error if one of several servers already exists.
func (o *serverAdd) allNew(c *cobra.Command, id kernel.ServiceID, steps []operate.Step) error {
	entries, err := o.app.lookup(c.Context(), kernel.AddServer.String(), []kernel.ServiceID{id})
	if err != nil {
		return err
	}
	var bad faults
	for _, s := range steps {
		if entries[0].Server(s.Server.Addr) != nil {
			bad.add(&kernel.Error{Op: "add server", Service: id, Server: s.Server.Addr, Err: kernel.ErrExists})
		}
	}
	return bad.err()
}

type serverEdit struct {
	app *App
	selector
	serverSelector
	serverOptions
	gate
}

func newServerEdit(a *App) *cobra.Command {
	o := &serverEdit{app: a}
	c := &cobra.Command{
		Use:   "edit SERVICE SERVER…",
		Short: "Change settings of real servers",
		Long: `Change settings of real servers. Settings without an option stay as they are, and no
connection is cut. A drained server that gets a weight is no longer drained. If less
than --min-left of the service's weight would be left, the command asks first.

A forwarding method other than tunnel resets the tunnel's type, port and flags; a
tunnel type other than gue resets the port and remcsum.`,
		Example: `  lvs server edit tcp://192.0.2.10:80 10.0.0.11:80 --weight 0
  lvs server edit tcp://192.0.2.10:80 10.0.0.11 10.0.0.12 --upper 2000 --lower 1500
  lvs server edit -t 192.0.2.10:80 -r 10.0.0.13:80 --nat`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServers(&o.selector, &o.serverSelector, many),
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	o.serverOptions.register(c)
	o.gate.register(c)
	withoutDefaults(c.Flags())
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *serverEdit) run(c *cobra.Command, args []string) error {
	id, names, err := o.servers(&o.selector, args)
	if apart := valueApart(c, "yes", "lower", names); apart != nil {
		err = both(err, apart)
	} else if _, invalid := parseServers(names, id); invalid != nil {
		err = both(err, invalid)
	}
	if err != nil {
		return both(err, o.overlay(c.Flags(), &kernel.Server{Forward: kernel.Tunneling}))
	}
	if !o.serverOptions.given(c.Flags()) {
		return usagef("service %v: no setting is given: server edit needs an option", id).
			hintf("%s --help lists the options", c.CommandPath())
	}
	entry, present, err := o.app.lookupServers(c.Context(), kernel.EditServer.String(), id, names)
	if err != nil {
		return err
	}
	var bad faults
	var steps []operate.Step
	for _, p := range present {
		after := p.Server
		bad.add(o.overlay(c.Flags(), &after))
		bad.add(checkServer(id, &after))
		if after == p.Server {
			continue
		}
		steps = append(steps, operate.Step{
			Change:       kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: id}, Server: after},
			BeforeServer: &p.Server,
		})
	}
	if err := bad.err(); err != nil {
		return err
	}
	if len(steps) == 0 {
		these, have := "the servers", "have"
		if len(present) == 1 {
			these, have = "server "+present[0].Addr.String(), "has"
		}
		return o.app.nothingChanges("%s of %v already %s these settings", these, id, have)
	}
	if err := o.ask(c.Context(), entry, steps); err != nil {
		return err
	}
	err = o.app.apply(c.Context(), steps)
	if c.Flags().Changed("weight") {
		o.app.putBack(c.Context(), steps, err)
	}
	if err == nil {
		o.gate.note(o.app)
	}
	return err
}

// ask asks if the service would have too little of its weight left.
func (o *serverEdit) ask(ctx context.Context, entry *kernel.ServiceEntry, steps []operate.Step) error {
	o.measure(o.app, &kernel.Snapshot{Services: []kernel.ServiceEntry{*entry}}, changesOf(steps))
	if err := o.refuse(o.app); err != nil {
		return err
	}
	if what := o.leaves(); len(what) > 0 {
		text := fmt.Sprintf("edit %s of %v and %s", plural(len(steps), "server"), entry.ServiceID,
			strings.Join(what, ", and "))
		if err := o.app.confirm(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

type serverDelete struct {
	app *App
	selector
	serverSelector
	gate
	release bool
}

func newServerDelete(a *App) *cobra.Command {
	o := &serverDelete{app: a}
	c := &cobra.Command{
		Use:     "delete SERVICE SERVER…",
		Aliases: []string{"rm", "del"},
		Short:   "Delete real servers from a service",
		Long: `Delete real servers from a service at once, and cut their connections. To wait until
the connections end, use lvs drain --delete. If one of the servers does not exist,
nothing is deleted.

If net.ipv4.vs.expire_nodest_conn is 0, as it is by default, the kernel drops the
packets of these connections until they time out: of established TCP for up to 15
minutes, of UDP for up to 5 minutes (lvs timeouts). If it is 1, the next packet of a
client is answered with a TCP reset, and UDP goes to another server. A client that
persistence binds to the server gets another one with its next connection.

With --release, the command sets that sysctl to 1, deletes the servers, waits until
their connections are gone, at most 10 seconds, and sets it back to 0, also if it is
interrupted or killed. Meanwhile it is 1 for the whole table, and the kernel ends the
connections of all servers that were deleted before, too. (Before Linux 5.9 a
connection ends only with the next packet of its client.) This is the way off a
server that has died. If connections are left, the exit status is 8.

On a terminal, the command shows what it will cut and asks for confirmation. Without
a terminal it needs --yes. With --yes and --min-left, nothing is deleted that would
leave less of the service's weight.`,
		Example: `  lvs server delete tcp://192.0.2.10:80 10.0.0.11:80
  lvs server delete --yes tcp://192.0.2.10:80 10.0.0.11 10.0.0.12
  lvs server delete --release tcp://192.0.2.10:80 10.0.0.13
  lvs server rm -y -t 192.0.2.10:80 -r 10.0.0.13:80`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServers(&o.selector, &o.serverSelector, many),
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	c.Flags().BoolVar(&o.release, "release", false,
		"end the connections at once, with net.ipv4.vs.expire_nodest_conn, which is restored afterwards")
	o.gate.register(c)
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *serverDelete) run(c *cobra.Command, args []string) error {
	var bad faults
	id, names, err := o.servers(&o.selector, args)
	bad.add(err)
	_, invalid := parseServers(names, id)
	bad.add(invalid)
	bad.add(o.gate.parse())
	if err := bad.err(); err != nil {
		return err
	}
	e, present, err := o.app.lookupServers(c.Context(), kernel.DeleteServer.String(), id, names)
	if err != nil {
		return err
	}
	var steps []operate.Step
	for _, p := range present {
		steps = append(steps, operate.Step{
			Change: kernel.Change{
				Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: id},
				Server: kernel.Server{Addr: p.Addr},
			},
			BeforeServer: &p.Server,
		})
	}
	table := &kernel.Snapshot{Services: []kernel.ServiceEntry{*e}}
	o.measure(o.app, table, changesOf(steps))
	if err := o.refuse(o.app); err != nil {
		return err
	}
	what := fmt.Sprintf("delete server %v", present[0].Addr)
	if len(present) > 1 {
		what = fmt.Sprintf("delete %d servers", len(present))
	}
	costs, err := o.app.costsWith(c.Context(), table, changesOf(steps), o.release)
	if err != nil {
		return err
	}
	cut := plan.Sum(costs)
	o.app.warnDropped(&cut,
		"add --release to end them at once: TCP is reset, UDP moves; it restores the setting afterwards")
	if err := o.app.confirm(c.Context(), fmt.Sprintf("%s from %v%s", what, id, which(&cut)+o.also())); err != nil {
		return err
	}
	change := func() error {
		err := o.app.apply(c.Context(), steps, costs...)
		if err == nil {
			o.gate.note(o.app)
		}
		return err
	}
	if !o.release {
		return change()
	}
	var gone []kernel.ServerKey
	for _, p := range present {
		gone = append(gone, kernel.ServerKey{Service: id, Server: p.Addr})
	}
	return o.app.released(c.Context(), []string{kernel.ExpireNodestConn}, func() ([]kernel.ServerKey, error) {
		return gone, change()
	})
}

type serverShow struct {
	app *App
	selector
	serverSelector
	view
}

func newServerShow(a *App) *cobra.Command {
	o := &serverShow{app: a}
	c := &cobra.Command{
		Use:   "show SERVICE SERVER…",
		Short: "Show real servers of a service",
		Long: `Show the given real servers of a service. If one does not exist, the exit status is
4.`,
		Example: `  lvs server show tcp://192.0.2.10:80 10.0.0.11:80
  lvs server show tcp://192.0.2.10:80 10.0.0.11 -o json --jq '.items[0].weight'`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServers(&o.selector, &o.serverSelector, many),
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	o.view.register(a, c)
	c.Annotations[columnsOf] = "ServerList"
	return c
}

func (o *serverShow) run(c *cobra.Command, args []string) error {
	id, names, err := o.servers(&o.selector, args)
	if _, invalid := parseServers(names, id); invalid != nil {
		err = both(err, invalid)
	}
	if err != nil {
		return err
	}
	p, err := o.printer(o.app)
	if err != nil {
		return err
	}
	snap, err := o.snapshot(c.Context(), o.app, p, []kernel.ServiceID{id})
	if err != nil {
		return err
	}
	found, err := pickServers(&snap.Services[0], "show server", names)
	if err != nil {
		return err
	}
	o.notePending(o.app, snap)
	return p.Servers(snap, id, found, o.kind())
}

type serverList struct {
	app *App
	selector
	view
}

func newServerList(a *App) *cobra.Command {
	o := &serverList{app: a}
	c := &cobra.Command{
		Use:     "list SERVICE",
		Aliases: []string{"ls"},
		Short:   "List the real servers of a service",
		Long:    `List all real servers of a service.`,
		Example: `  lvs server list tcp://192.0.2.10:80
  lvs server list tcp://192.0.2.10:80 -o name
  lvs server list -t 192.0.2.10:80 --sort -active`,
		RunE:              o.run,
		ValidArgsFunction: completeOneService(a, &o.selector),
	}
	o.selector.register(a, c)
	o.view.register(a, c)
	c.Annotations[columnsOf] = "ServerList"
	return c
}

func (o *serverList) run(c *cobra.Command, args []string) error {
	id, rest, err := o.one(args)
	if err != nil {
		return o.with(o.app, o.app.findServer(err, args))
	}
	if err := noMore(rest, "%s server show %v %s shows single servers", o.app.Name, id, arg0(rest)); err != nil {
		return err
	}
	p, err := o.printer(o.app)
	if err != nil {
		return err
	}
	snap, err := o.snapshot(c.Context(), o.app, p, []kernel.ServiceID{id})
	if err != nil {
		return err
	}
	o.notePending(o.app, snap)
	return p.Servers(snap, id, snap.Services[0].Servers, o.kind())
}
