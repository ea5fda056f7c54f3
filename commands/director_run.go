package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lvs/cluster"
	"lvs/director"
	"lvs/director/api"
	"lvs/director/health"
	"lvs/kernel"
	"lvs/operate/state"
	"lvs/plan/journal"
)

type directorRun struct {
	app *App
	clusterFiles
	socket, log string
	watch       bool
	// entered is set in a process that is in the network namespace of --netns.
	entered bool

	names []string
	// hook is that of the files in force.
	hook atomic.Pointer[director.Settings]
}

func newDirectorRun(a *App) *cobra.Command {
	o := &directorRun{app: a}
	c := &cobra.Command{
		Use:   "run",
		Short: "Run a director in the foreground",
		Long: `Keep the services of cluster files in the kernel's table, check their servers, and take
those out of use that fail, until a signal ends it. lvs-director(8) explains it.

All files together are one cluster. They are read again after the signal HUP, after lvs
director reload and, with --watch, when one of them has changed; a fault in one leaves
all that were in force.

With --netns the whole process is in that network namespace, so that checks start there,
too.

Events are logged on standard error. Under systemd, with Type=notify, it reports when
it has taken over its services, and feeds the watchdog.`,
		Example: `  lvs director run -f /etc/lvs/cluster.yaml
  lvs director run -f /etc/lvs/conf.d --watch --log json`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	f := c.Flags()
	o.clusterFiles.register(f)
	f.BoolVar(&o.watch, "watch", false, "read the files again when one of them has changed")
	f.StringVar(&o.log, "log", "", "log events as `FORMAT`: text or json (default text)")
	f.StringVar(&o.socket, "socket", "", "listen at `PATH` (default: a socket for this table)")
	f.BoolVar(&o.entered, "entered", false, "")
	f.MarkHidden("entered")
	complete(c, "log", words("text", "json"))
	complete(c, "file", clusterFileNames)
	a.kernelFlags(c)
	a.quietFlag(c)
	return c
}

func (o *directorRun) run(c *cobra.Command, args []string) error {
	a := o.app
	var bad faults
	if a.global.dryRun {
		bad.add(usagef("director run has no --dry-run").hintf("see what it would change: %s diff -f FILE", a.Name))
	}
	if o.names = o.given(args); len(o.names) == 0 {
		bad.add(usagef("no cluster file is given").hintf("add -f FILE"))
	}
	for i, name := range o.names {
		if name == "-" {
			bad.add(usagef("standard input cannot be read again: want the name of a file"))
			continue
		}
		path, err := filepath.Abs(name)
		bad.add(err)
		o.names[i] = path
	}
	if o.log != "" && o.log != "text" && o.log != "json" {
		bad.add(usagef("invalid --log %q: want text or json", o.log))
	}
	if err := bad.err(); err != nil {
		return err
	}
	netns := a.global.netns
	if netns != "" && !o.entered {
		return enterAndRun(netns, a.args)
	}
	if _, err := filesOf(o.names); err != nil {
		return err
	}
	a.global.netns = "" // the process is in it
	return o.direct(c.Context(), netns)
}

// enterAndRun starts this program again in a network namespace, as this process.
func enterAndRun(netns string, args []string) error {
	if err := kernel.Enter(netns); err != nil {
		return err
	}
	err := syscall.Exec("/proc/self/exe", slices.Concat([]string{os.Args[0]}, args, []string{"--entered"}), os.Environ())
	return fmt.Errorf("start again in the network namespace %s: %w", netns, err)
}

// direct runs the director.
func (o *directorRun) direct(ctx context.Context, netns string) error {
	a := o.app
	a.setGarbage(100)
	table, err := a.Identity("")
	if err != nil {
		return err
	}
	l, err := o.listen(table, netns)
	if err != nil {
		return err
	}
	defer l.Close()
	k, err := a.OpenKernel(kernel.Options{})
	if err != nil {
		return &openError{err}
	}
	defer k.Close()
	connections, err := a.OpenKernel(kernel.Options{}) // read at the same time as k
	if err != nil {
		return &openError{err}
	}
	defer connections.Close()
	notify := newNotifier(a.Env)
	options := o.options(k, netns, table, notify)
	if _, real := k.(*kernel.Client); real {
		options.Network, options.Connections = director.Host{}, connections
	}
	d := director.New(options)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	server := &api.Server{Control: d, UserName: userName, Now: a.Now}
	hook := &api.Hook{Control: d, Program: o.program, Alarm: func(what string) {
		d.Alarm(ctx, api.AlarmHook, what, "run the program by hand, with the event on its standard input")
	}}
	log := a.logger(o.log)
	finish := make(chan struct{})
	for _, do := range []func(){
		func() {
			if err := server.Serve(ctx, l); err != nil {
				log.Error("the socket has failed", "error", err)
			}
		},
		func() { hook.Run(ctx) },
		func() { o.reloads(ctx, d, log) },
	} {
		beside.Go(do)
	}
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		logEvents(d, log, finish)
	}()
	err = d.Run(ctx)
	notify.send("STOPPING=1")
	close(finish)
	<-logged
	return a.directorEnded(err)
}

// listen opens the socket, with a link to it if the director was started without --netns.
func (o *directorRun) listen(table, netns string) (*api.Listener, error) {
	folder := api.Folder(o.app.Env, os.Geteuid())
	path, link := o.socket, ""
	if path == "" {
		path = api.Path(folder, table)
		if netns == "" {
			link = filepath.Join(folder, api.Link)
		}
	}
	l, err := api.Listen(path, link)
	var long *api.PathError
	var running *api.RunningError
	switch {
	case errors.As(err, &long):
		return nil, usagef("%w", err).hintf("choose a shorter path: --socket PATH")
	case errors.As(err, &running):
		return nil, &fault{status: exitExists, err: err, hint: o.app.here() + " director status"}
	}
	return l, err
}

func (o *directorRun) options(k kernel.Kernel, netns, table string, notify *notifier) director.Options {
	a := o.app
	folder := state.Folder{Dir: state.Default(a.Env)}
	return director.Options{
		Kernel: k, Netns: netns, Table: table, State: folder,
		Journal:  &journal.Journal{Dir: folder.Dir, Source: journal.Director},
		Describe: a.describe,
		Load:     o.load,
		Prober: func(report func(health.Report)) director.Prober {
			return health.NewEngine(health.Options{Report: report})
		},
		RunJob:  o.runJob,
		Now:     a.Now,
		Version: orElse(version, "dev"),
		Ready:   func() { notify.send("READY=1") },
		Alive:   func() { notify.alive(a.Now()) },
	}
}

// load reads the files. Its error is cluster.Faults.
func (o *directorRun) load(ctx context.Context) (*director.Model, error) {
	w, err := readAgain(ctx, o.names)
	if err != nil {
		return nil, asFaults(err)
	}
	files, err := filesOf(o.names)
	if err != nil {
		return nil, asFaults(err)
	}
	model, err := director.NewModel(w, files)
	if err != nil {
		return nil, asFaults(err)
	}
	o.hook.Store(&model.Settings)
	return model, nil
}

// asFaults returns the faults of files as one type, so that a client gets each of them.
func asFaults(err error) error {
	var all faults
	all.add(err)
	out := make(cluster.Faults, len(all))
	for i, e := range all {
		var f cluster.Fault
		if !errors.As(e, &f) {
			f = cluster.Fault{Why: e.Error()}
			if h := (*fault)(nil); errors.As(e, &h) {
				f.Hint = h.hint
			}
		}
		out[i] = f
	}
	return out
}

// program returns the hook of the files in force.
func (o *directorRun) program() ([]string, time.Duration) {
	s := o.hook.Load()
	if s == nil {
		return nil, 0
	}
	return s.Hook, s.HookTimeout
}

// runJob runs a job's command line, which asks this director for what it owns.
func (o *directorRun) runJob(ctx context.Context, j state.Job) error {
	inner := *o.app
	inner.detached, inner.opened, inner.ctx = true, nil, nil
	inner.acting, inner.actorAsked, inner.handed = nil, false, false
	inner.global, inner.unused, inner.cancel, inner.op = globals{}, nil, nil, nil
	inner.changing, inner.unlock = false, nil
	inner.Identity = func(string) (string, error) { return j.Table, nil }
	if status := inner.Run(ctx, j.Args); status != exitDone {
		return fmt.Errorf("exit status %d: %s", status, shellLine(o.app.Name, j.Args))
	}
	return nil
}

// directorEnded returns why the director has ended, in words.
func (a *App) directorEnded(err error) error {
	var running *director.RunningError
	switch {
	case errors.As(err, &running):
		return &fault{status: exitExists, err: err, hint: a.here() + " director status"}
	case errors.Is(err, context.Canceled):
		return nil
	}
	return err
}

// reloads reads the files again after a signal and, with --watch, after a change.
func (o *directorRun) reloads(ctx context.Context, d *director.Director, log *slog.Logger) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	defer signal.Stop(signals)
	var changed <-chan struct{}
	if o.watch {
		changed = watchFiles(ctx, o.names, o.app.Sleep)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		case <-changed:
		}
		if err := d.Reload(ctx); err != nil && !errors.As(err, new(cluster.Faults)) && ctx.Err() == nil {
			log.Error("cannot read the files again", "error", err) // faults are an event
		}
	}
}
