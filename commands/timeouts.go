package commands

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
)

type timeouts struct{ app *App }

func newTimeouts(a *App) *cobra.Command {
	o := &timeouts{app: a}
	c := &cobra.Command{
		Use:   "timeouts",
		Short: "Show or set the connection timeouts",
		Long: `Show how long the kernel keeps a connection after its last packet: an established TCP
connection, a TCP connection after a FIN, and UDP. The timeouts apply to the whole
table.`,
		Example: `  lvs timeouts
  lvs timeouts set --tcp 15m --udp 30s`,
		Args:              a.onlyVerbs,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.kernelFlags(c)
	a.showFlags(c, "Timeouts")
	a.hiddenGlobals(c)
	c.AddCommand(newTimeoutsSet(a))
	return c
}

func (o *timeouts) run(c *cobra.Command, _ []string) error {
	p, err := o.app.printer(output.Options{})
	if err != nil {
		return err
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	t, err := k.Timeouts(c.Context())
	if err != nil {
		return err
	}
	return p.Timeouts(t)
}

type timeoutsSet struct {
	app              *App
	tcp, tcpFin, udp string
}

func newTimeoutsSet(a *App) *cobra.Command {
	o := &timeoutsSet{app: a}
	c := &cobra.Command{
		Use:   "set",
		Short: "Set connection timeouts",
		Long: `Set connection timeouts. Timeouts without an option do not change. A connection gets
the new timeout with its next packet.`,
		Example: `  lvs timeouts set --tcp 15m
  lvs timeouts set --tcp 900 --tcp-fin 120 --udp 300`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	f := c.Flags()
	f.StringVar(&o.tcp, "tcp", "",
		"keep an established TCP connection for `DURATION`: seconds or 15m, at least 1s (default: unchanged)")
	f.StringVar(&o.tcpFin, "tcp-fin", "",
		"keep a TCP connection for `DURATION` after a FIN: seconds or 2m, at least 1s (default: unchanged)")
	f.StringVar(&o.udp, "udp", "",
		"keep UDP for `DURATION` after the last datagram: seconds or 5m, at least 1s (default: unchanged)")
	for _, name := range []string{"tcp", "tcp-fin", "udp"} {
		complete(c, name, nothing)
	}
	a.changeFlags(c)
	return c
}

func (o *timeoutsSet) run(c *cobra.Command, args []string) error {
	var want kernel.Timeouts
	var bad faults
	bad.add(o.noMore(args))
	for _, t := range []struct {
		option, text string
		to           *time.Duration
	}{{"tcp", o.tcp, &want.TCP}, {"tcp-fin", o.tcpFin, &want.TCPFin}, {"udp", o.udp, &want.UDP}} {
		if c.Flags().Changed(t.option) {
			d, err := parseTimeout("--"+t.option, t.text)
			bad.add(err)
			*t.to = d
		}
	}
	if err := bad.err(); err != nil {
		return err
	}
	if want == (kernel.Timeouts{}) {
		return usagef("no timeout is given").hintf("add --tcp, --tcp-fin or --udp")
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	now, err := k.Timeouts(c.Context())
	if err != nil {
		return err
	}
	after := now.With(want)
	if after == now {
		return o.app.nothingChanges("the timeouts already have these values")
	}
	objects := []plan.Object{{BeforeTimeouts: &now, AfterTimeouts: &after}}
	return o.app.perform(c.Context(), objects, func() error { return k.SetTimeouts(c.Context(), want) })
}

// noMore refuses arguments. For the three numbers of ipvsadm --set, it adds a hint.
func (o *timeoutsSet) noMore(args []string) error {
	if options := timeoutOptions(args); options != "" {
		return usagef("unexpected argument %q", args[0]).hintf("%s timeouts set%s", o.app.Name, options)
	}
	return noMore(args, "name the timeout: --tcp %s, --tcp-fin %[1]s or --udp %[1]s", arg0(args))
}

// timeoutOptions returns the options for the numbers of ipvsadm --set, in which 0
// means no change. It returns nothing for other arguments.
func timeoutOptions(args []string) (options string) {
	if len(args) != 3 {
		return ""
	}
	for i, name := range []string{"--tcp", "--tcp-fin", "--udp"} {
		n, err := strconv.ParseUint(args[i], 10, 32)
		if err != nil {
			return ""
		}
		if n > 0 {
			options += " " + name + " " + args[i]
		}
	}
	return options
}

// maxTimeout: ip_vs_set_timeout refuses seconds that exceed a signed 32-bit number
// when multiplied by the kernel's clock rate, at most 1000.
const maxTimeout = (1<<31 - 1) / 1000 * time.Second

func parseTimeout(option, s string) (time.Duration, error) {
	return parseDuration(option, s, durationRange{low: time.Second, high: maxTimeout, unit: time.Second})
}
