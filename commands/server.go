package commands

import (
	"fmt"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

func newServer(a *App) *cobra.Command {
	return a.group("server", "Add, edit, delete and show the real servers of a service",
		`A real server takes the connections that the director hands it.

SERVICE is written as for "service"; SERVER is ADDR:PORT, or ADDR alone for the
service's own port: 10.0.0.11:80, [2001:db8::11]:80, 10.0.0.11. A server belongs
to its service; the same machine may stand in many.`,
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
		Long: `Adds real servers to a service, all with the same options. A server that is
there already is left as it is, and the exit status is 5; then nothing is added.

Direct routing and tunnels cannot change the port, so the server's is the
service's. Nothing is asked, so -y is ipvsadm's short form of --lower here.`,
		Example: `  lvs server add tcp://192.0.2.10:80 10.0.0.11 10.0.0.12
  lvs server add tcp://192.0.2.10:80 10.0.0.13:8080 --nat --weight 3
  lvs server add tcp://192.0.2.10:80 198.51.100.7 --tunnel --tun-type gue --tun-port 6080
  lvs server add -t 192.0.2.10:80 -r 10.0.0.14:80 -m -w 2 -x 2000 -y 1500`,
		RunE:              o.run,
		ValidArgsFunction: a.completeOneService(&o.selector),
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	o.serverOptions.register(c)
	a.changeFlags(c)
	return c
}

func (o *serverAdd) run(c *cobra.Command, args []string) error {
	id, names, err := o.servers(&o.selector, args)
	if err != nil {
		return err
	}
	var bad faults
	var steps []operate.Step
	for _, name := range names {
		addr, err := parseServer(name, id)
		if err != nil {
			bad.add(err)
			continue
		}
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
	return o.app.apply(c.Context(), steps)
}

// allNew looks whether the kernel would take every one of several servers.
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
}

func newServerEdit(a *App) *cobra.Command {
	o := &serverEdit{app: a}
	c := &cobra.Command{
		Use:   "edit SERVICE SERVER…",
		Short: "Change what is named of real servers",
		Long: `Changes what is named of real servers and leaves the rest as it is. No
connection is cut.

What loses its meaning goes with what gave it one: the tunnel's type, port and
flags without --tunnel; the port and remcsum without gue. Nothing is asked, so
-y is ipvsadm's short form of --lower here.`,
		Example: `  lvs server edit tcp://192.0.2.10:80 10.0.0.11:80 --weight 0
  lvs server edit tcp://192.0.2.10:80 10.0.0.11 10.0.0.12 --upper 2000 --lower 1500
  lvs server edit -t 192.0.2.10:80 -r 10.0.0.13:80 --nat`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServers(&o.selector, &o.serverSelector, many),
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	o.serverOptions.register(c)
	a.changeFlags(c)
	return c
}

func (o *serverEdit) run(c *cobra.Command, args []string) error {
	id, names, err := o.servers(&o.selector, args)
	if err != nil {
		return err
	}
	if !o.serverOptions.given(c.Flags()) {
		return usagef("service %v: nothing to change was named", id).
			hintf("%s --help lists what can be", c.CommandPath())
	}
	present, err := o.app.lookupServers(c.Context(), kernel.EditServer.String(), id, names)
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
		return o.app.nothingChanges("%s of %v so already", areOrIs(len(present)), id)
	}
	return o.app.apply(c.Context(), steps)
}

func areOrIs(n int) string {
	if n == 1 {
		return "the server is"
	}
	return "the servers are"
}

type serverDelete struct {
	app *App
	selector
	serverSelector
}

func newServerDelete(a *App) *cobra.Command {
	o := &serverDelete{app: a}
	c := &cobra.Command{
		Use:     "delete SERVICE SERVER…",
		Aliases: []string{"rm", "del"},
		Short:   "Delete real servers from a service",
		Long: `Deletes real servers from a service at once: their connections are cut. lvs
drain --delete lets them end first.

All names are looked up first: when one is missing, nothing is deleted. On a
terminal it says what it will cut and asks; elsewhere it needs --yes.`,
		Example: `  lvs server delete tcp://192.0.2.10:80 10.0.0.11:80
  lvs server delete --yes tcp://192.0.2.10:80 10.0.0.11 10.0.0.12
  lvs server rm -y -t 192.0.2.10:80 -r 10.0.0.13:80`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServers(&o.selector, &o.serverSelector, many),
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	a.changeFlags(c)
	a.askFlags(c)
	return c
}

func (o *serverDelete) run(c *cobra.Command, args []string) error {
	id, names, err := o.servers(&o.selector, args)
	if err != nil {
		return err
	}
	present, err := o.app.lookupServers(c.Context(), kernel.DeleteServer.String(), id, names)
	if err != nil {
		return err
	}
	var steps []operate.Step
	var cut tally
	for _, p := range present {
		cut.addServer(p)
		steps = append(steps, operate.Step{
			Change: kernel.Change{
				Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: id},
				Server: kernel.Server{Addr: p.Addr},
			},
			BeforeServer: &p.Server,
		})
	}
	what := fmt.Sprintf("delete server %v", present[0].Addr)
	if len(present) > 1 {
		what = fmt.Sprintf("delete %d servers", len(present))
	}
	what = fmt.Sprintf("%s from %v, %s", what, id, cut.cuts())
	if err := o.app.confirm(c.Context(), what); err != nil {
		return err
	}
	return o.app.apply(c.Context(), steps)
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
		Short: "Show some real servers of a service",
		Long: `Shows the named real servers of a service. A missing one is an error, and then
the exit status is 4.`,
		Example: `  lvs server show tcp://192.0.2.10:80 10.0.0.11:80
  lvs server show tcp://192.0.2.10:80 10.0.0.11 -o json --jq '.items[0].weight'`,
		RunE:              o.run,
		ValidArgsFunction: a.completeServers(&o.selector, &o.serverSelector, many),
	}
	o.selector.register(a, c)
	o.serverSelector.register(a, c, &o.selector)
	o.view.register(a, c)
	return c
}

func (o *serverShow) run(c *cobra.Command, args []string) error {
	id, names, err := o.servers(&o.selector, args)
	if err != nil {
		return err
	}
	p, err := o.printer(o.app)
	if err != nil {
		return err
	}
	snap, err := o.snapshot(c.Context(), o.app, []kernel.ServiceID{id})
	if err != nil {
		return err
	}
	found, err := pickServers(&snap.Services[0], "show server", names)
	if err != nil {
		return err
	}
	return p.Servers(id, found, snap.Public, o.kind())
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
		Long:    `Lists all real servers of one service.`,
		Example: `  lvs server list tcp://192.0.2.10:80
  lvs server list tcp://192.0.2.10:80 -o name
  lvs server list -t 192.0.2.10:80 --sort -active`,
		RunE:              o.run,
		ValidArgsFunction: a.completeOneService(&o.selector),
	}
	o.selector.register(a, c)
	o.view.register(a, c)
	return c
}

func (o *serverList) run(c *cobra.Command, args []string) error {
	id, rest, err := o.one(args)
	if err != nil {
		return err
	}
	if err := noMore(rest); err != nil {
		return err
	}
	p, err := o.printer(o.app)
	if err != nil {
		return err
	}
	snap, err := o.snapshot(c.Context(), o.app, []kernel.ServiceID{id})
	if err != nil {
		return err
	}
	return p.Servers(id, snap.Services[0].Servers, snap.Public, o.kind())
}
