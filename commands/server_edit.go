package commands

import (
	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

type serverEdit struct {
	app *App
	selector
	serverSelector
	serverOptions
}

func (a *App) newServerEdit() *cobra.Command {
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
