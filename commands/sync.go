package commands

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
)

func newSync(a *App) *cobra.Command {
	return a.group("sync", "Start, stop and show the connection sync daemons",
		`Start, stop and show the connection sync daemons. A master sends its connections to a
multicast group; a backup receives them, so that it can take over without cutting
connections. A director can run one of each.`,
		newSyncStart(a), newSyncStop(a), newSyncStatus(a))
}

func parseRole(args []string) (kernel.Role, error) {
	if len(args) == 0 {
		return 0, usagef("master or backup is missing")
	}
	role, err := kernel.ParseRole(args[0])
	if err != nil {
		return 0, usagef("%w", err)
	}
	return role, noMore(args[1:], "one role at a time; the interface is --interface %s", arg0(args[1:]))
}

// runningDaemon returns the daemon of a role, or nil if it does not run.
func runningDaemon(ctx context.Context, k kernel.Kernel, role kernel.Role) (*kernel.Daemon, error) {
	daemons, err := k.Daemons(ctx)
	if err != nil {
		return nil, err
	}
	for i := range daemons {
		if daemons[i].Role == role {
			return &daemons[i], nil
		}
	}
	return nil, nil
}

type syncStart struct {
	app                   *App
	iface, group          string
	id, port, ttl, maxLen string
}

func newSyncStart(a *App) *cobra.Command {
	o := &syncStart{app: a}
	c := &cobra.Command{
		Use:   "start master|backup",
		Short: "Start a sync daemon",
		Long: `Start the connection sync daemon of the kernel, as master or as backup. If it already
runs, the exit status is 5.`,
		Example: `  lvs sync start master -i eth1 --id 7
  lvs sync start backup -i eth1 --id 7
  lvs sync start backup -i eth1 --group ff02::81 --port 8848 --ttl 1`,
		RunE:              o.run,
		ValidArgsFunction: oneOf("master", "backup"),
	}
	f := c.Flags()
	f.StringVarP(&o.iface, "interface", "i", "", "send or receive on the network interface `NAME` (needed)")
	f.StringVar(&o.id, "id", "", "set the sync ID to `N`, 0 to 255; a backup with 0 accepts all IDs (default 0)")
	f.StringVar(&o.group, "group", "", "use the multicast group `ADDR`, IPv4 or IPv6 (default 224.0.0.81)")
	f.StringVar(&o.port, "port", "", "use the UDP port `N`, 1 to 65535 (default 8848)")
	f.StringVar(&o.ttl, "ttl", "", "set the multicast TTL to `N`, 1 to 255 (default 1)")
	f.StringVar(&o.maxLen, "max-len", "",
		"limit sync messages to `N` bytes, 1 to 65507 (default: what fits the interface's MTU)")
	complete(c, "interface", a.completeInterfaces)
	for _, name := range []string{"id", "group", "port", "ttl", "max-len"} {
		complete(c, name, nothing)
	}
	a.changeFlags(c)
	return c
}

func (o *syncStart) run(c *cobra.Command, args []string) error {
	var bad faults
	role, err := parseRole(args)
	bad.add(err)
	d := kernel.Daemon{Role: role, Interface: o.iface}
	switch {
	case o.iface == "":
		bad.add(usagef("--interface is missing").hintf("add --interface NAME, for example --interface eth1"))
	case len(o.iface) > maxInterface:
		bad.add(usagef("invalid --interface %q: want at most %d characters", o.iface, maxInterface))
	}
	number := func(option, text string, low, high uint64) uint64 {
		if text == "" {
			return 0
		}
		n, err := parseNumber(option, text, low, high)
		bad.add(err)
		return n
	}
	d.ID = uint8(number("--id", o.id, 0, 255))
	d.Port = uint16(number("--port", o.port, 1, 65535))
	d.TTL = uint8(number("--ttl", o.ttl, 1, 255))
	d.MaxLen = uint16(number("--max-len", o.maxLen, 1, maxSyncLen))
	if o.group != "" {
		d.Group, err = netip.ParseAddr(o.group)
		if err != nil || !d.Group.IsMulticast() || d.Group.Zone() != "" {
			bad.add(usagef("invalid --group %q: want a multicast address such as 224.0.0.81 or ff02::81", o.group))
		}
	}
	if err := bad.err(); err != nil {
		return err
	}
	if o.app.global.dryRun {
		if err := o.foresee(c.Context(), &d); err != nil {
			return err
		}
	}
	objects := []plan.Object{{AfterDaemon: &d}}
	return o.app.perform(c.Context(), objects, func() error {
		k, err := o.app.kernel()
		if err != nil {
			return err
		}
		err = k.StartDaemon(c.Context(), d)
		if errors.Is(err, kernel.ErrInvalid) && !errors.Is(err, kernel.ErrMixedFamilies) {
			f := &fault{status: exitUsage, err: err}
			return f.hintf("use a multicast interface with an address of the group's family")
		}
		return err
	})
}

// foresee returns the error with which the kernel would refuse to start the daemon.
func (o *syncStart) foresee(ctx context.Context, d *kernel.Daemon) error {
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	there, err := runningDaemon(ctx, k, d.Role)
	if err != nil {
		return err
	}
	refused := &kernel.Error{Op: "start the sync " + d.Role.String()}
	if there != nil {
		refused.Err = kernel.ErrExists
		return refused
	}
	names, err := k.Interfaces(ctx)
	if err != nil {
		return err
	}
	if !slices.Contains(names, d.Interface) {
		refused.Err = kernel.ErrNoInterface
		return refused
	}
	return nil
}

const (
	maxInterface = 15 // IFNAMSIZ less the final zero
	// maxSyncLen is the payload of a UDP datagram over IPv4, from which ip_vs_sync.c
	// subtracts the headers.
	maxSyncLen = 65535 - 20 - 8
)

type syncStop struct{ app *App }

func newSyncStop(a *App) *cobra.Command {
	o := &syncStop{app: a}
	c := &cobra.Command{
		Use:   "stop master|backup",
		Short: "Stop a sync daemon",
		Long: `Stop the connection sync daemon with this role. If it does not run, the exit status
is 4. Connections that a backup has received stay in the table.`,
		Example: `  lvs sync stop master
  lvs sync stop backup`,
		RunE:              o.run,
		ValidArgsFunction: oneOf("master", "backup"),
	}
	a.changeFlags(c)
	return c
}

func (o *syncStop) run(c *cobra.Command, args []string) error {
	role, err := parseRole(args)
	if err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	before, err := runningDaemon(c.Context(), k, role)
	if err == nil && before == nil {
		err = &kernel.Error{Op: "stop the sync " + role.String(), Err: kernel.ErrNoDaemon}
	}
	if err != nil {
		return err
	}
	objects := []plan.Object{{BeforeDaemon: before}}
	return o.app.perform(c.Context(), objects, func() error { return k.StopDaemon(c.Context(), role) })
}

type syncStatus struct{ app *App }

func newSyncStatus(a *App) *cobra.Command {
	o := &syncStatus{app: a}
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the running sync daemons",
		Long:  `Show the sync daemons that run in the kernel, and their settings.`,
		Example: `  lvs sync status
  lvs sync status -o json`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.kernelFlags(c)
	a.showFlags(c, "DaemonList")
	return c
}

func (o *syncStatus) run(c *cobra.Command, args []string) error {
	if err := noMore(args, "leave it out: both daemons are shown"); err != nil {
		return err
	}
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	daemons, err := k.Daemons(c.Context())
	if err != nil {
		return err
	}
	return p.Daemons(daemons)
}
