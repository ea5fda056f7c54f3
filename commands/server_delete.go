package commands

import (
	"fmt"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

type serverDelete struct {
	app *App
	selector
	serverSelector
}

func (a *App) newServerDelete() *cobra.Command {
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
