package commands

import (
	"fmt"

	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/doctor"
)

type validate struct {
	app *App
	clusterFiles
}

func newValidate(a *App) *cobra.Command {
	o := &validate{app: a}
	c := &cobra.Command{
		Use:   "validate [FILE…]",
		Short: "Check cluster files",
		Long: `Read cluster files as every other command reads them, and report every fault with
its place. Files that are named together form one cluster: they may use each other's
pools and checks. A folder means its *.yaml, *.yml and *.json, sorted by name.

A note names the keys that have no effect: those for the director, the daemon that
checks servers (lvs director run), such as check and fallback, as long as none runs on
the file; and those that nothing acts on in this version, such as bgp.

Further notes are about settings that are valid and still not what is expected: a
scheduler that does not suit the service, a tcp check where a check of the protocol
exists, a sysctl that onDown needs.

It needs neither root nor IPVS. What only the director's kernel knows is not checked:
whether it has the network interface of a sync daemon. A scheduler that Linux does not
have is a note, because the kernel may have a module of that name.`,
		Example: `  lvs validate cluster.yaml
  lvs validate -f cluster.d -o json
  lvs export | lvs validate -f -`,
		RunE:              o.run,
		ValidArgsFunction: clusterFileNames,
	}
	o.register(c.Flags())
	f := c.Flags()
	f.StringVarP(&a.global.output, "output", "o", "",
		"report faults as `FORMAT`: table or json (default table; environment LVS_OUTPUT)")
	f.BoolVarP(&a.global.verbose, "verbose", "v", false,
		"report valid files even if the output is not a terminal (default: only on a terminal)")
	markGlobal(f, "output", "verbose")
	complete(c, "output", words("table", "json"))
	a.quietFlag(c)
	return c
}

func (o *validate) run(c *cobra.Command, args []string) error {
	if g := &o.app.global; g.output != "" && g.output != "table" && !g.wantsJSON() && !g.formatOfEnv {
		return usagef("invalid --output %q: want table or json", g.output)
	}
	want, err := readCluster(c.Context(), o.app.openInput, o.given(args))
	if err != nil {
		return err
	}
	o.app.noteUnknownNames(want)
	for _, d := range doctor.Cluster(want, doctor.Settings{}) {
		o.app.quote(d)
	}
	o.app.noteForDirector(want)
	if o.app.OutTerminal.Is && !o.app.global.quiet || o.app.global.verbose {
		_, err = fmt.Fprintf(o.app.Out, "valid: %s\n", sizeOf(want))
	}
	return err
}

// sizeOf returns how many services and servers files describe.
func sizeOf(w *cluster.Wanted) string {
	servers := 0
	for i := range w.Services {
		servers += len(w.Services[i].Servers)
	}
	return plural(len(w.Services), "service") + ", " + plural(servers, "server")
}
