package ipvsadm

import (
	"context"
	"io"

	"lvs/kernel"
)

// versionLine is what scripts parse to find the version of ipvsadm.
const versionLine = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n"

// run runs a command line that has no fault.
func (p *Program) run(ctx context.Context, c *Command) int {
	status := exitRefused
	var err error
	switch c.Verb {
	case showHelp:
		_, err = io.WriteString(p.Out, versionLine+helpText)
	case showVersion:
		_, err = io.WriteString(p.Out, versionLine)
	case listTable:
		status, err = exitFailed, p.list(ctx, c)
	case saveTable:
		status, err = exitFailed, p.save(ctx, c.given&numeric != 0)
	case restoreTable:
		return p.restore(ctx)
	case Clear:
		err = p.kernel.Flush(ctx)
	case zeroCounters:
		if c.given&service != 0 {
			err = p.kernel.Zero(ctx, c.Service.ServiceID)
		} else {
			err = p.kernel.Zero(ctx)
		}
	case setTimeouts:
		err = p.kernel.SetTimeouts(ctx, c.timeouts)
	case startDaemon:
		err = p.kernel.StartDaemon(ctx, c.daemon)
	case stopDaemon:
		err = p.kernel.StopDaemon(ctx, c.daemon.Role)
	default:
		err = p.kernel.Apply(ctx, []kernel.Change{c.change()})
	}
	if err != nil {
		return p.fail(ctx, err, status)
	}
	return exitDone
}

// change returns the change that the command makes.
func (c *Command) change() kernel.Change {
	return kernel.Change{Op: ops[c.Verb], Service: c.Service, Server: c.Server}
}

// ops are the changes of the verbs. It is zero for other verbs.
var ops = [showVersion + 1]kernel.Op{
	AddService: kernel.AddService, EditService: kernel.EditService, DeleteService: kernel.DeleteService,
	AddServer: kernel.AddServer, EditServer: kernel.EditServer, DeleteServer: kernel.DeleteServer,
}

// list prints a list, for -L.
func (p *Program) list(ctx context.Context, c *Command) error {
	is := func(g groups) bool { return c.given&g != 0 }
	var names *namer
	if !is(numeric) {
		names = newNamer(ctx)
	}
	switch {
	case is(timeouts):
		t, err := p.kernel.Timeouts(ctx)
		if err != nil {
			return err
		}
		return writeTimeouts(p.Out, t)
	case is(daemons):
		d, err := p.kernel.Daemons(ctx)
		if err != nil {
			return err
		}
		return writeDaemons(p.Out, d)
	case is(connections):
		return writeConnections(p.Out, p.kernel.Connections(ctx, kernel.WithEngine), is(persistentConn), names)
	}
	var only []kernel.ServiceID
	if is(service) {
		only = append(only, c.Service.ServiceID)
	}
	from, err := p.source(ctx, names, only...)
	if err != nil {
		return err
	}
	return writeTable(p.Out, from, viewOptions{
		Numeric: is(numeric), Exact: is(exact), Single: is(service), NoSort: is(nosort),
		Stats: is(statistics), Rate: is(rate), Thresholds: is(thresholds),
		PersistentConn: is(persistentConn), TunInfo: is(tunInfo),
	}, names)
}

func (p *Program) save(ctx context.Context, byNumber bool) error {
	var o SaveOptions
	if !byNumber {
		o.names = newNamer(ctx)
	}
	from, err := p.source(ctx, o.names)
	if err != nil {
		return err
	}
	return writeSave(p.Out, from, o)
}

// runSave is ipvsadm-save, which has one option and ignores other arguments.
func (p *Program) runSave(ctx context.Context, args []string) int {
	byNumber := false
	for _, arg := range args {
		switch {
		case arg == "-n":
			byNumber = true
		case len(arg) > 0 && arg[0] == '-':
			io.WriteString(p.Err, saveHelp)
			return exitFailed
		}
	}
	return p.opened(ctx, func() int {
		if err := p.save(ctx, byNumber); err != nil {
			return p.fail(ctx, err, exitFailed)
		}
		return exitDone
	})
}

// source is a table to write. The servers of each service are read when it is written,
// into the same memory: touching the memory of a whole table for the first time takes
// longer than reading the table.
type source struct {
	*kernel.Snapshot
	// servers returns the servers of a service of the snapshot. They are valid until
	// the next call.
	servers func(*kernel.ServiceEntry) ([]kernel.ServerEntry, error)
}

// whole returns a source for a table that is already read.
func whole(s *kernel.Snapshot) source {
	return source{s, func(e *kernel.ServiceEntry) ([]kernel.ServerEntry, error) { return e.Servers, nil }}
}

// source reads the services of the table, or some of them. With a namer it reads the
// whole table, because all names are looked up at once.
func (p *Program) source(ctx context.Context, n *namer, only ...kernel.ServiceID) (source, error) {
	if n != nil {
		s, err := p.kernel.Snapshot(ctx, only...)
		return whole(s), err
	}
	s, err := p.kernel.Services(ctx, only...)
	var list []kernel.ServerEntry
	return source{s, func(e *kernel.ServiceEntry) ([]kernel.ServerEntry, error) {
		var err error
		list, err = p.kernel.Servers(ctx, e.ServiceID, list)
		return list, err
	}}, err
}

const helpText = `
This is lvs, called as ipvsadm. It accepts the options of ipvsadm and prints what
ipvsadm prints. Run lvs help for the commands of lvs itself.

Services (SERVICE is -t HOST[:PORT], -u HOST[:PORT], --sctp-service HOST[:PORT],
-f MARK or, for IPv6, -f MARK -6):
  -A, --add-service SERVICE [OPTION…]     add a service
  -E, --edit-service SERVICE [OPTION…]    replace the options of a service
  -D, --delete-service SERVICE            delete a service with its servers
  -C, --clear                             delete every service
    -s, --scheduler NAME       scheduler (default wlc)
    -p, --persistent [SECONDS] bind each client to its server (default 360)
    -M, --netmask MASK         group the clients of a network for persistence
        --pe NAME              persistence engine
    -b, --sched-flags A,B      flag-1 to flag-3, sh-fallback, sh-port,
                               mh-fallback, mh-port
    -o, --ops                  schedule each packet separately

Servers:
  -a, --add-server SERVICE -r HOST[:PORT] [OPTION…]     add a server
  -e, --edit-server SERVICE -r HOST[:PORT] [OPTION…]    replace its options
  -d, --delete-server SERVICE -r HOST[:PORT]            delete a server
    -r, --real-server          the server (default port: the service's)
    -g, --gatewaying           direct routing (default)
    -i, --ipip                 tunnel
    -m, --masquerading         NAT
    -w, --weight N             share of new connections (default 1, 0 for none)
    -x, --u-threshold N        upper limit of connections (0 for no limit)
    -y, --l-threshold N        accept connections again below this number
        --tun-type TYPE        ipip, gue or gre (default ipip)
        --tun-port PORT        UDP port of a gue tunnel
        --tun-nocsum, --tun-csum, --tun-remcsum

Lists:
  -L, -l, --list [SERVICE]                list the table (default)
    -n, --numeric              show numbers in place of names
        --stats, --rate        show counters, or rates per second
        --thresholds, --persistent-conn, --tun-info
    -X, --exact                show counters in full
        --sort, --nosort       sort (default), or use the kernel's order
    -c, --connection           list connections; --persistent-conn shows engines
        --timeout, --daemon    show the timeouts, or the sync daemons
  -Z, --zero [SERVICE]                    set counters to zero

Save and restore:
  -S, --save [-n]                         write the table as command lines
  -R, --restore                           read command lines

Other commands:
  --set TCP TCPFIN UDP                    set the timeouts in seconds (0 keeps one)
  --start-daemon master|backup            start a connection sync daemon
    --mcast-interface NAME (eth0), --mcast-group ADDRESS (224.0.0.81),
    --mcast-port N (8848), --mcast-ttl N (1), --sync-maxlen N, --syncid N (0)
  --stop-daemon master|backup             stop it
  -h, --help    -v, --version
`

const saveHelp = `ipvsadm-save writes the table to standard output. Option -n writes numbers in
place of names.
`
