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
		`A master sends its connections to a multicast group; a backup listens and keeps
them, so that it can take over without cutting any. A director can run one of
each.`,
		newSyncStart(a), newSyncStop(a), newSyncStatus(a))
}

func parseRole(args []string) (kernel.Role, error) {
	if len(args) == 0 {
		return 0, usagef("master or backup?")
	}
	role, err := kernel.ParseRole(args[0])
	if err != nil {
		return 0, usagef("%w", err)
	}
	return role, noMore(args[1:])
}

// running gives the daemon of a role, or nil.
func (a *App) running(ctx context.Context, role kernel.Role) (*kernel.Daemon, error) {
	k, err := a.kernel()
	if err != nil {
		return nil, err
	}
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
		Long: `Starts the connection sync daemon in the kernel, as master or as backup. One that
runs already is an error, and then the exit status is 5.`,
		Example: `  lvs sync start master -i eth1 --id 7
  lvs sync start backup -i eth1 --id 7
  lvs sync start backup -i eth1 --group ff02::81 --port 8848 --ttl 1`,
		RunE:              o.run,
		ValidArgsFunction: oneOf("master", "backup"),
	}
	f := c.Flags()
	f.StringVarP(&o.iface, "interface", "i", "", "send to, or listen on, the network interface `NAME` (needed)")
	f.StringVar(&o.id, "id", "", "the cluster's number `N`, 0 to 255; a backup with 0 listens to all (default 0)")
	f.StringVar(&o.group, "group", "", "the multicast group `ADDR`, IPv4 or IPv6 (default 224.0.0.81)")
	f.StringVar(&o.port, "port", "", "the UDP port `N`, 1 to 65535 (default 8848)")
	f.StringVar(&o.ttl, "ttl", "", "the multicast time to live `N`, 1 to 255 (default 1)")
	f.StringVar(&o.maxLen, "max-len", "", "the longest sync message in bytes `N`, 1 to 65515 (default: what the interface's MTU takes)")
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
		bad.add(usagef("the network interface is missing").hintf("add --interface NAME"))
	case len(o.iface) > maxInterface:
		bad.add(usagef("interface %q: the name is longer than %d characters", o.iface, maxInterface))
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
			bad.add(usagef("--group %q: it is a multicast address such as 224.0.0.81 or ff02::81", o.group))
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
		if errors.Is(err, kernel.ErrInvalid) {
			f := &fault{status: exitUsage, err: err}
			return f.hintf("the kernel syncs no table with servers of another family than their service's, and takes only a multicast interface and a group of its family")
		}
		return err
	})
}

// foresee tells what of a daemon the kernel would refuse for what is there, or
// is not.
func (o *syncStart) foresee(ctx context.Context, d *kernel.Daemon) error {
	there, err := o.app.running(ctx, d.Role)
	if err != nil {
		return err
	}
	refused := &kernel.Error{Op: "start the sync " + d.Role.String()}
	if there != nil {
		refused.Err = kernel.ErrExists
		return refused
	}
	names, err := o.app.opened.Interfaces(ctx)
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
	// maxSyncLen is what one UDP datagram over IPv4 can carry, less the headers
	// that ip_vs_sync.c leaves room for.
	maxSyncLen = 65535 - 20 - 8
)

type syncStop struct{ app *App }

func newSyncStop(a *App) *cobra.Command {
	o := &syncStop{app: a}
	c := &cobra.Command{
		Use:   "stop master|backup",
		Short: "Stop a sync daemon",
		Long: `Stops the connection sync daemon of that role. One that does not run is an error,
and then the exit status is 4. Connections received so far stay.`,
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
	before, err := o.app.running(c.Context(), role)
	if err == nil && before == nil {
		err = &kernel.Error{Op: "stop the sync " + role.String(), Err: kernel.ErrNoDaemon}
	}
	if err != nil {
		return err
	}
	objects := []plan.Object{{BeforeDaemon: before}}
	return o.app.perform(c.Context(), objects, func() error { return o.app.opened.StopDaemon(c.Context(), role) })
}

type syncStatus struct{ app *App }

func newSyncStatus(a *App) *cobra.Command {
	o := &syncStatus{app: a}
	c := &cobra.Command{
		Use:   "status",
		Short: "Show the running sync daemons",
		Long:  `Shows the sync daemons that run in the kernel, with their parameters.`,
		Example: `  lvs sync status
  lvs sync status -o json`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.kernelFlags(c)
	a.showFlags(c)
	return c
}

func (o *syncStatus) run(c *cobra.Command, args []string) error {
	if err := noMore(args); err != nil {
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
