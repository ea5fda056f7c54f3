package commands

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/output"
)

type connections struct {
	app *App
	selector
	connectionFilter
	view
	groupBy, top string
	origin       bool
}

func newConnections(a *App) *cobra.Command {
	o := &connections{app: a}
	c := &cobra.Command{
		Use:   "connections",
		Short: "Show or count the entries of the connection table",
		Long: `Show the entries of the connection table as the kernel lists them. Entries are
printed while they are read, so a large table needs little memory (8 bytes an entry).
The kernel's list is no snapshot: what it repeats is dropped, and it is read again if
the kernel resized the table meanwhile. Before Linux 7 a reading leaves out entries
while others expire, so the list is read two or three times. An entry whose
client has port 0 is a persistence template: it binds a client to a server and
carries no packets. One in the state RELEASED binds nobody any more: its client was
sent to another server, because this one had the weight 0 or was deleted. The kernel
lists it until it expires, with the server port 65535.

ORPHANED is true if the server of an entry was deleted: the kernel drops the packets of
such a connection until it times out, unless net.ipv4.vs.expire_nodest_conn is 1 (see
lvs server delete).

--group-by counts entries instead: by client, client/PREFIX, virtual, server, state,
protocol, service (protocol and virtual address), origin, orphaned, or a list of
these. --top N shows the N largest groups; without --group-by it groups by client.
--sort and --filter then apply to the groups.`,
		Example: `  lvs connections
  lvs connections --client 198.51.100.0/24 --state ESTABLISHED
  lvs connections --service tcp://192.0.2.10:80 --server 10.0.0.11
  lvs connections --filter orphaned=true
  lvs connections --group-by client/24 --top 10
  lvs connections --group-by server,state -o csv
  lvs connections -o jsonl --jq .client`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	o.registerServices(c)
	o.connectionFilter.register(a, c)
	f := c.Flags()
	f.StringVar(&o.groupBy, "group-by", "",
		"count entries by `KEYS`, separated by commas: client, client/PREFIX, virtual, server, state, protocol, "+
			"service, origin, orphaned (default: no counting)")
	f.StringVar(&o.top, "top", "", "show the `N` largest groups, at least 1 (default: all)")
	f.BoolVar(&o.origin, "origin", false,
		"show whether an entry is LOCAL or came by SYNC, in place of the persistence engine")
	o.view.registerRows(a, c, "ConnectionList")
	complete(c, "group-by",
		completeList("client", "client/24", "virtual", "server", "state", "protocol", "service", "origin", "orphaned"))
	complete(c, "top", words("10"))
	return c
}

func (o *connections) run(c *cobra.Command, args []string) error {
	if err := noMore(args, "--service %s or --client %[1]s, depending on what it is", arg0(args)); err != nil {
		return err
	}
	var bad faults
	bad.add(o.connectionFilter.parse())
	bad.add(o.parseServices())
	if o.top != "" && o.groupBy == "" {
		o.groupBy = "client"
	}
	top := uint64(0)
	if o.top != "" {
		var err error
		top, err = parseCount("--top", o.top)
		bad.add(err)
	}
	keys, err := parseGroupKeys(o.groupBy)
	bad.add(err)
	if err := bad.err(); err != nil {
		return err
	}
	p, err := o.printer()
	if err != nil {
		return err
	}
	if len(keys) > 0 {
		return o.ofGroups(o.count(c.Context(), p, keys, int(top)))
	}
	stream := p.Connections()
	if err := o.walk(c.Context(), stream.Add); err != nil {
		return err
	}
	if err := o.exists(c.Context()); err != nil {
		return err
	}
	return stream.Close()
}

// registerServices adds --service, and ipvsadm's options for it.
func (o *connections) registerServices(c *cobra.Command) {
	a := o.app
	o.selector.registerNamed(a, c, "f", "6")
	f := c.Flags()
	f.Var(&repeated{name: "service", to: &o.named}, "service",
		"show only entries of `SERVICE`; may be repeated (default: all)")
	complete(c, "service", a.completeServices)
	for _, name := range []string{"tcp-service", "udp-service", "sctp-service"} {
		f.Lookup(name).Usage = "show only entries of the " +
			strings.ToUpper(strings.TrimSuffix(name, "-service")) + " service at `ADDR:PORT` (default: all)"
	}
	// parseServices refuses a mark with a reason.
	_ = f.MarkHidden("fwmark-service")
	_ = f.MarkHidden("ipv6")
}

func (o *connections) parseServices() error {
	var bad faults
	ids, err := o.given()
	bad.add(err)
	for _, id := range ids {
		if id.FWMark != 0 {
			bad.add(usagef("invalid --service %q: want an address; the connection table does not have marks", id).
				hintf("use --server, with a server of the service"))
		}
	}
	o.services = ids
	return bad.err()
}

func (o *connections) printer() (*output.Printer, error) {
	g := &o.app.global
	tabular := g.output == "" || g.output == "table"
	if o.origin && o.groupBy == "" && g.columns == "" && tabular && g.jq == "" && g.template == "" {
		g.columns = "protocol,client,virtual,server,state,expires,orphaned,origin"
	}
	return o.view.printer(o.app)
}

// walk calls each for every entry that passes the filter.
func (o *connections) walk(ctx context.Context, each func(*kernel.Connection) error) error {
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	source := kernel.WithEngine
	if o.wantsOrigin() {
		source = kernel.WithOrigin
	}
	orphans, err := o.orphans(ctx, k)
	if err != nil {
		return err
	}
	for conn, err := range k.Connections(ctx, source) {
		if err != nil {
			return err
		}
		if !o.pass(conn) {
			continue
		}
		if err := orphans.mark(ctx, conn); err != nil {
			return err
		}
		if err := each(conn); err != nil {
			return err
		}
	}
	return nil
}

// exists returns an error for each service and the server of the options that no entry of
// the connection table and no row of the table has: an empty list would be the answer to
// another question.
func (o *connections) exists(ctx context.Context) error {
	missing := slices.DeleteFunc(slices.Clone(o.services), func(id kernel.ServiceID) bool { return o.seen[id] })
	server := o.server.IsValid() && !o.seenServer
	if len(missing) == 0 && !server {
		return nil
	}
	k, err := o.app.kernel()
	if err != nil {
		return err
	}
	snap, err := k.Snapshot(ctx)
	if errors.Is(err, kernel.ErrPermission) {
		snap, err = k.PublicSnapshot(ctx)
	}
	if err != nil {
		return kernel.WithOp("list connections", err)
	}
	var bad faults
	for _, id := range missing {
		if snap.Find(id) == nil {
			bad.add(&kernel.Error{Op: "list connections of", Service: id, Err: kernel.ErrNoService})
		}
	}
	of := []machine{{o.serverText, netip.AddrPortFrom(o.server, o.serverPort), o.anyPort}}
	if server && len(membersOf(snap, of)) == 0 {
		bad.add((&fault{status: exitNotFound, err: errors.New("server " + o.serverText + ": no service has it")}).
			hintf("list the servers: %s list --columns service,server", o.app.Name))
	}
	return bad.err()
}

// wantsOrigin reports whether any option names the column origin, in any case.
func (o *connections) wantsOrigin() bool { return o.origin || o.names("origin") }

// connectionFilter selects entries of the connection table. An empty field selects
// all.
type connectionFilter struct {
	clientText, serverText, stateText, protocolText string

	client     netip.Prefix
	server     netip.Addr
	serverPort uint16
	anyPort    bool
	services   []kernel.ServiceID
	states     []string
	protocol   kernel.Protocol

	// seen are those of services with an entry; seenServer is set if the server has one.
	seen       map[kernel.ServiceID]bool
	seenServer bool
}

func (f *connectionFilter) register(a *App, c *cobra.Command) {
	s := c.Flags()
	s.StringVar(&f.clientText, "client", "",
		"show only clients in the network `PREFIX`: 198.51.100.0/24, or one address (default: all)")
	s.StringVar(&f.serverText, "server", "", "show only entries of the real server `ADDR[:PORT]` (default: all)")
	s.StringVar(&f.stateText, "state", "",
		"show only entries in one of `STATES`, separated by commas: ESTABLISHED, FIN_WAIT, UDP … (default: all)")
	s.StringVar(&f.protocolText, "protocol", "",
		"show only entries of the protocol `NAME`: tcp, udp or sctp (default: all)")
	complete(c, "client", nothing)
	complete(c, "server", a.completeAnyServer)
	complete(c, "state", completeList(kernel.ConnectionStates()...))
	complete(c, "protocol", words("tcp", "udp", "sctp"))
}

// parse checks what the user typed. Its error has every mistake.
func (f *connectionFilter) parse() error {
	var bad faults
	if f.clientText != "" {
		var err error
		if f.client, err = parsePrefix(f.clientText); err != nil {
			bad.add(usagef("invalid --client %q: want a network such as 198.51.100.0/24, or an address", f.clientText))
		}
	}
	if f.serverText != "" {
		addr, err := parseServer(f.serverText, kernel.ServiceID{})
		bad.add(err)
		f.server, f.serverPort = addr.Addr(), addr.Port()
		_, err = kernel.ParseAddrPort(f.serverText)
		f.anyPort = err != nil
	}
	if f.stateText != "" {
		states := kernel.ConnectionStates()
		f.states = strings.Split(strings.ToUpper(f.stateText), ",")
		for _, s := range f.states {
			if !slices.Contains(states, s) {
				bad.add(usagef("invalid --state %q: want the name of a state", s).
					hintf("use one of %s", strings.Join(states, ", ")))
			}
		}
	}
	switch f.protocolText {
	case "":
	case "tcp":
		f.protocol = kernel.TCP
	case "udp":
		f.protocol = kernel.UDP
	case "sctp":
		f.protocol = kernel.SCTP
	default:
		bad.add(usagef("invalid --protocol %q: want tcp, udp or sctp", f.protocolText))
	}
	return bad.err()
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

func (f *connectionFilter) pass(c *kernel.Connection) bool {
	onServer := !f.server.IsValid() || c.Server.Addr() == f.server && (f.anyPort || c.Server.Port() == f.serverPort)
	f.seenServer = f.seenServer || onServer
	switch {
	case !f.ofServices(c):
	case !onServer:
	case f.client.IsValid() && !f.client.Contains(c.Client.Addr()):
	case len(f.states) > 0 && !slices.Contains(f.states, c.Shown()):
	case f.protocol != 0 && c.Protocol != f.protocol:
	default:
		return true
	}
	return false
}

// ofServices reports whether the entry belongs to one of the services, if there are any,
// and remembers each of them that has an entry.
func (f *connectionFilter) ofServices(c *kernel.Connection) bool {
	of := len(f.services) == 0
	for _, id := range f.services {
		if reaches(c, id) {
			if f.seen == nil {
				f.seen = map[kernel.ServiceID]bool{}
			}
			f.seen[id], of = true, true
		}
	}
	return of
}

// reaches reports whether the entry belongs to the service; port 0 is every port.
func reaches(c *kernel.Connection, s kernel.ServiceID) bool {
	return c.Protocol == s.Protocol && c.Virtual.Addr() == s.Addr && (s.Port == 0 || c.Virtual.Port() == s.Port)
}
