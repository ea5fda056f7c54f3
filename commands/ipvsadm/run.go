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
