package commands

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"lvs/commands/ipvsadm"
	"lvs/kernel"
	"lvs/plan"
)

func newIpvsadm(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "ipvsadm [ARGUMENT…]",
		Short: "Run with the arguments and the output of ipvsadm",
		Long: `Accept the arguments of ipvsadm, print what ipvsadm prints and use its exit status. A
link to this program named ipvsadm, ipvsadm-save or ipvsadm-restore does the same, so
that scripts work without changes.

All arguments after ipvsadm belong to ipvsadm, including --help. The only option of
lvs that is allowed before ipvsadm is --netns.`,
		Example: `  lvs ipvsadm -A -t 192.0.2.11:80 -s wlc
  lvs ipvsadm -L -n --stats
  lvs --netns director ipvsadm -Ln`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return usagef("only --netns is allowed before ipvsadm").hintf("use %s [--netns NAME] %s", a.Name, c.Use)
		},
		ValidArgsFunction: nothing,
	}
}

// asIpvsadm runs a command line in ipvsadm's syntax, if the program is called by
// ipvsadm's name or with the verb ipvsadm. It builds no tree of verbs, to start fast.
func (a *App) asIpvsadm(ctx context.Context, args []string) (status int, ok bool) {
	p := ipvsadm.Program{
		Name: a.Name, Called: a.Called,
		In: a.In, Out: a.Out, Err: a.Err,
		Names: ipvsadm.SystemNames(ctx),
	}
	netns := ""
	if !ipvsadm.Is(a.Name) {
		if netns, args, ok = afterIpvsadm(a.Env("LVS_NETNS"), args); !ok {
			return 0, false
		}
		p.Name, p.Called = "ipvsadm", a.Name+" ipvsadm"
	}
	p.Open = func() (kernel.Kernel, error) {
		k, err := a.OpenKernel(kernel.Options{Netns: netns, Alone: true})
		if err == nil && a.Env(journalVariable) == journalAll {
			k = &recorder{k, a}
		}
		return k, err
	}
	// Quiet: users of ipvsadm's output do not expect an error of the journal.
	a.global.netns, a.global.quiet = netns, true
	return p.Run(ctx, args), true
}

// afterIpvsadm returns the arguments after the verb, and the namespace before it, if
// there is one: else netns.
func afterIpvsadm(netns string, args []string) (_ string, rest []string, ok bool) {
	for len(args) > 0 && args[0] != "ipvsadm" {
		value, joined := strings.CutPrefix(args[0], "--netns=")
		switch {
		case joined:
			netns, args = value, args[1:]
		case args[0] == "--netns" && len(args) > 1:
			netns, args = args[1], args[2:]
		default:
			return "", nil, false
		}
	}
	if len(args) == 0 {
		return "", nil, false
	}
	return netns, args[1:], true
}

// journalVariable: with the value journalAll, changes in ipvsadm's mode are recorded
// in the journal, too. They are not by default, because programs call ipvsadm often
// and recording takes time.
const (
	journalVariable = "LVS_JOURNAL"
	journalAll      = "all"
)

// recorder is a kernel that records changes in the journal. It reads the objects
// before the change. If that fails, it records nothing, and the change reports the
// error.
type recorder struct {
	kernel.Kernel
	app *App
}

// manyServices is the number of services from which reading the whole table is faster
// than reading them one by one.
const manyServices = 32

func (r *recorder) Apply(ctx context.Context, changes []kernel.Change) error {
	before, err := r.before(ctx, changes)
	if err != nil {
		return r.Kernel.Apply(ctx, changes)
	}
	done := r.app.operatorOf(r.Kernel).Record(ctx, plan.Touched(before, changes))
	err = r.Kernel.Apply(ctx, changes)
	done(err)
	return err
}

// before reads the services that changes concern. It leaves out those that are added.
func (r *recorder) before(ctx context.Context, changes []kernel.Change) (*kernel.Snapshot, error) {
	seen := map[kernel.ServiceID]bool{}
	var ids []kernel.ServiceID
	for i := range changes {
		id := changes[i].Service.ServiceID
		if plan.KindOf(changes[i].Op) != plan.Adding && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	if len(ids) >= manyServices {
		return r.Kernel.Snapshot(ctx)
	}
	all := &kernel.Snapshot{}
	for _, id := range ids {
		part, err := r.Kernel.Snapshot(ctx, id)
		if errors.Is(err, kernel.ErrNoService) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all.Services = append(all.Services, part.Services...)
	}
	return all, nil
}

func (r *recorder) Flush(ctx context.Context) error {
	var objects []plan.Object
	if before, err := r.Kernel.Snapshot(ctx); err == nil {
		objects = plan.Touched(before, plan.Between(before, nil, plan.Options{Prune: true}))
	}
	return r.recorded(ctx, objects, func() error { return r.Kernel.Flush(ctx) })
}

func (r *recorder) Zero(ctx context.Context, only ...kernel.ServiceID) error {
	objects := []plan.Object{{Zeroed: true}}
	if len(only) > 0 {
		objects = objects[:0]
	}
	for _, id := range only {
		objects = append(objects, plan.Object{Service: id, Zeroed: true})
	}
	return r.recorded(ctx, objects, func() error { return r.Kernel.Zero(ctx, only...) })
}

func (r *recorder) SetTimeouts(ctx context.Context, t kernel.Timeouts) error {
	var objects []plan.Object
	if before, err := r.Kernel.Timeouts(ctx); err == nil {
		after := before.With(t)
		objects = []plan.Object{{BeforeTimeouts: &before, AfterTimeouts: &after}}
	}
	return r.recorded(ctx, objects, func() error { return r.Kernel.SetTimeouts(ctx, t) })
}

func (r *recorder) StartDaemon(ctx context.Context, d kernel.Daemon) error {
	return r.recorded(ctx, []plan.Object{{AfterDaemon: &d}}, func() error { return r.Kernel.StartDaemon(ctx, d) })
}

func (r *recorder) StopDaemon(ctx context.Context, role kernel.Role) error {
	var objects []plan.Object
	daemons, _ := r.Kernel.Daemons(ctx) // on an error, nothing is recorded
	for i := range daemons {
		if daemons[i].Role == role {
			objects = append(objects, plan.Object{BeforeDaemon: &daemons[i]})
		}
	}
	return r.recorded(ctx, objects, func() error { return r.Kernel.StopDaemon(ctx, role) })
}

func (r *recorder) recorded(ctx context.Context, objects []plan.Object, do func() error) error {
	done := r.app.operatorOf(r.Kernel).Record(ctx, objects)
	err := do()
	done(err)
	return err
}
