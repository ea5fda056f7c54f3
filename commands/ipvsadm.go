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
		Short: "Do what ipvsadm does with the same arguments",
		Long: `Takes the arguments of ipvsadm, prints what ipvsadm prints and ends with its exit
status. A link named ipvsadm, ipvsadm-save or ipvsadm-restore to this program does
the same without the word before it, so that scripts go on unchanged.

Of the options of lvs only --netns has an effect, and it stands before: the
arguments behind belong to ipvsadm, --help among them.`,
		Example: `  lvs ipvsadm -A -t 192.0.2.11:80 -s wlc
  lvs ipvsadm -L -n --stats
  lvs --netns director ipvsadm -Ln`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return usagef("before ipvsadm only --netns can stand").hintf("%s [--netns NAME] %s", a.Name, c.Use)
		},
		ValidArgsFunction: nothing,
	}
}

// asIpvsadm runs a command line that is ipvsadm's: of a link with its name, or
// behind the verb. It needs no tree of verbs, so that it begins at once.
func (a *App) asIpvsadm(ctx context.Context, args []string) (status int, ok bool) {
	p := ipvsadm.Program{
		Name: a.Name, Called: a.Called,
		In: a.In, Out: a.Out, Err: a.Err,
		Names: ipvsadm.SystemNames(ctx),
	}
	netns := ""
	if !ipvsadm.Is(a.Name) {
		if netns, args, ok = a.behindIpvsadm(args); !ok {
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
	// That the journal fails is told to nobody: whoever reads what ipvsadm says
	// knows its words alone.
	a.global.netns, a.global.quiet = netns, true
	return p.Run(ctx, args), true
}

// behindIpvsadm gives the arguments behind the verb, and the namespace before
// it.
func (a *App) behindIpvsadm(args []string) (netns string, rest []string, ok bool) {
	netns = a.Env("LVS_NETNS")
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

// journalVariable says what is recorded. Without it that is what lvs does under
// its own name: as ipvsadm it is called by programs, often, and must cost what
// ipvsadm costs.
const (
	journalVariable = "LVS_JOURNAL"
	journalAll      = "all"
)

// recorder is a kernel whose user knows nothing of the journal: it looks at what
// is changed before it is. Where that cannot be read nothing is recorded, and
// the change says why.
type recorder struct {
	kernel.Kernel
	app *App
}

// manyServices is from where reading the whole table is faster than reading
// services one by one.
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

// before reads the services that changes concern. What is added is not there.
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
	daemons, _ := r.Kernel.Daemons(ctx) // without any nothing is recorded
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
