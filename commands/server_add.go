package commands

import (
	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

type serverAdd struct {
	app *App
	selector
	serverSelector
	serverOptions
}

func (a *App) newServerAdd() *cobra.Command {
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
