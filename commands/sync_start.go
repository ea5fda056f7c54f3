package commands

import (
	"context"
	"errors"
	"net/netip"
	"slices"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/plan"
)

type syncStart struct {
	app                   *App
	iface, group          string
	id, port, ttl, maxLen string
}

func (a *App) newSyncStart() *cobra.Command {
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
