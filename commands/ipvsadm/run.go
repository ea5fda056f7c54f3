package ipvsadm

import (
	"context"
	"io"

	"lvs/kernel"
)

// versionLine is what scripts look at to know their ipvsadm.
const versionLine = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n"

// run does what a command line without fault says.
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

// change is what the kernel is told.
func (c *Command) change() kernel.Change {
	return kernel.Change{Op: ops[c.Verb], Service: c.Service, Server: c.Server}
}

// ops are the changes that the verbs are; of the other verbs it is zero.
var ops = [showVersion + 1]kernel.Op{
	AddService: kernel.AddService, EditService: kernel.EditService, DeleteService: kernel.DeleteService,
	AddServer: kernel.AddServer, EditServer: kernel.EditServer, DeleteServer: kernel.DeleteServer,
}

// list prints what -L asks for.
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

// runSave is ipvsadm-save, which has one option and ignores what is none.
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

// source is a table to write. The servers are read when it is their service's
// turn, into the same memory: that of a whole table takes longer to be touched
// for the first time than the table to be read.
type source struct {
	*kernel.Snapshot
	// servers gives the servers of a service of the snapshot. They are valid
	// until the next call.
	servers func(*kernel.ServiceEntry) ([]kernel.ServerEntry, error)
}

// whole is a table that has been read.
func whole(s *kernel.Snapshot) source {
	return source{s, func(e *kernel.ServiceEntry) ([]kernel.ServerEntry, error) { return e.Servers, nil }}
}

// source begins to read the table, or some services of it. Names are asked for
// all at once, so with a namer it is read first.
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
This is lvs, called as ipvsadm: it takes what ipvsadm takes and prints what
ipvsadm prints. lvs help explains the commands of lvs itself.

Services (SERVICE is one of -t HOST[:PORT], -u HOST[:PORT],
--sctp-service HOST[:PORT], -f MARK and, for IPv6, -f MARK -6):
  -A, --add-service SERVICE [OPTION…]     add one
  -E, --edit-service SERVICE [OPTION…]    replace all that is known of it
  -D, --delete-service SERVICE            delete it with its servers
  -C, --clear                             delete all
    -s, --scheduler NAME       how servers are chosen (wlc)
    -p, --persistent [SECONDS] keep a client with its server (off; 360)
    -M, --netmask MASK         clients of one network count as one
        --pe NAME              persistence engine
    -b, --sched-flags A,B      flag-1 to flag-3, sh-fallback, sh-port,
                               mh-fallback, mh-port
    -o, --ops                  one packet at a time

Servers:
  -a, --add-server SERVICE -r HOST[:PORT] [OPTION…]
  -e, --edit-server SERVICE -r HOST[:PORT] [OPTION…]
  -d, --delete-server SERVICE -r HOST[:PORT]
    -r, --real-server          the server; without a port the service's
    -g, --gatewaying           direct routing, where nothing is said
    -i, --ipip                 through a tunnel
    -m, --masquerading         with its address translated
    -w, --weight N             share of new connections (1; 0 is none)
    -x, --u-threshold N        most connections (0 is no limit)
    -y, --l-threshold N        enough to take new ones again
        --tun-type TYPE        ipip, gue or gre (ipip)
        --tun-port PORT        of a gue tunnel
        --tun-nocsum, --tun-csum, --tun-remcsum

Looking:
  -L, -l, --list [SERVICE]                the table, as without arguments
    -n, --numeric              no names
        --stats, --rate        what was counted, what goes on in a second
        --thresholds, --persistent-conn, --tun-info
    -X, --exact                counters in full
        --sort, --nosort       in order (as always), or as the kernel has it
    -c, --connection           the connections, with --persistent-conn more
        --timeout, --daemon    timeouts, sync daemons
  -Z, --zero [SERVICE]                    counters to zero

Keeping:
  -S, --save [-n]                         write the table
  -R, --restore                           read command lines

The rest:
  --set TCP TCPFIN UDP                    timeouts in seconds, 0 leaves one
  --start-daemon master|backup            synchronise connections
    --mcast-interface NAME (eth0), --mcast-group ADDRESS (224.0.0.81),
    --mcast-port N (8848), --mcast-ttl N (1), --sync-maxlen N, --syncid N (0)
  --stop-daemon master|backup
  -h, --help    -v, --version
`

const saveHelp = `ipvsadm-save writes the table to standard output, with -n in numbers.
`
