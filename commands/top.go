package commands

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate/state"
	"lvs/schedule/sim"
	"lvs/tui"
)

type top struct {
	app             *App
	interval        string
	readOnly, ascii bool
	mouse, demo     bool
	batch           topBatch
}

func newTop(a *App) *cobra.Command {
	o := &top{app: a}
	c := &cobra.Command{
		Use:   "top",
		Short: "Watch services, servers and connections live",
		Long: `Shows the table live: rates from our own counting, connections, weights, and a
picture of the last minute; from the services down to the servers of one and back.
? lists the keys of the screen that is shown.

Without the privilege to change the table, and with --read-only, it only shows.
Every change is asked about with the old value and the new one, and made by the
command line that is shown with it.

Columns chosen with C are remembered in top.json, in the folder lvs of the user's
configuration (XDG_CONFIG_HOME, or ~/.config).

With --demo it shows a director that is not there: a table in memory, with traffic
that follows what is changed, on any machine. The same demo begins every time.

With --batch it writes plain text for a file or a pipe: a block with all services
and servers at the end of every interval. The first comes after a whole interval,
two seconds at least, because the kernel adds its counters up as often; so all
rates are measured. Programs better read watch --rates -o jsonl.`,
		Example: `  lvs top
  lvs top --read-only --interval 5s
  lvs top --demo
  lvs top -b -n 2 -d 10s`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	f := c.Flags()
	f.StringVarP(&o.interval, "interval", "d", "", "the `DURATION` between two looks at the table, from 100ms to 1h (default 1s)")
	f.BoolVar(&o.readOnly, "read-only", false, "change nothing (default: by privilege)")
	f.BoolVar(&o.ascii, "ascii", false, "draw with ASCII characters (default: where the locale is not UTF-8)")
	f.BoolVar(&o.mouse, "mouse", false, "take the mouse: a click chooses a row, the wheel scrolls")
	f.BoolVar(&o.demo, "demo", false, "show a director that is not there, with its traffic; needs neither privilege nor IPVS")
	o.batch.register(c)
	f.StringVar(&a.global.color, "color", "", "colour: `WHEN` is auto, always or never (default auto: without NO_COLOR; environment LVS_COLOR)")
	markGlobal(f, "color")
	complete(c, "color", words("auto", "always", "never"))
	complete(c, "interval", words("1s", "5s"))
	a.kernelFlags(c)
	a.quietFlag(c)
	return c
}

func (o *top) run(c *cobra.Command, args []string) error {
	var bad faults
	bad.add(noMore(args))
	interval := time.Second
	if o.interval != "" {
		var err error
		interval, err = parseDuration("--interval", o.interval, durationRange{low: 100 * time.Millisecond, high: time.Hour})
		bad.add(err)
	}
	count, err := o.batch.parse()
	bad.add(err)
	if o.demo && c.Flags().Changed("netns") {
		bad.add(usagef("--demo has a table of its own: --netns has no effect on it"))
	}
	if err := bad.err(); err != nil {
		return err
	}
	a := o.app
	switch {
	case o.batch.on:
	case !a.OutTerminal.Is:
		return usagef("top draws on a terminal, and standard output is none").hintf("%s", insteadOfTop(a.Name))
	case !a.InTerminal.Is:
		return usagef("top takes keys from a terminal, and standard input is none").hintf("%s", insteadOfTop(a.Name))
	case a.Env("TERM") == "dumb":
		return usagef("top needs a terminal that can move its cursor, and TERM is dumb").hintf("%s", insteadOfTop(a.Name))
	}
	if o.demo {
		end, err := a.demo()
		if err != nil {
			return err
		}
		defer end()
	}
	reason, err := o.whyReadOnly(c.Context())
	if err != nil {
		return err
	}
	options := tui.Options{
		Open:       func() (kernel.Kernel, error) { return a.OpenKernel(kernel.Options{Netns: a.global.netns}) },
		Run:        a.within,
		LastChange: a.lastChange,
		Netns:      a.global.netns,
		Line:       func(args []string) string { return shellLine(a.Name, args) },
		Schedulers: schedulerNames(),
		In:         a.In,
		Out:        a.Out,
		Environ:    os.Environ(),
		Now:        a.Now,
		Interval:   interval,
		ReadOnly:   reason,
		Name:       a.Name,
		Globals:    a.whereabouts(),
		Hint:       a.hint,
		Host:       o.host(),
		ASCII:      o.ascii || !utf8Locale(a.Env),
		NoColor:    !a.color(),
		Mouse:      o.mouse,
		ConfigDir:  a.configDir(),
	}
	if o.batch.on {
		return o.writeBatches(c.Context(), options, count)
	}
	return tui.Run(c.Context(), options)
}

func insteadOfTop(name string) string {
	return name + " top -b writes plain text, " + name + " list the table once"
}

// whyReadOnly tells why nothing may be changed: it was asked for, or the
// privilege is missing, which a small question that needs it shows. A kernel
// without IPVS is no reason: it may come.
func (o *top) whyReadOnly(ctx context.Context) (string, error) {
	if o.readOnly {
		return "--read-only was given", nil
	}
	k, err := o.app.kernel()
	if err == nil {
		_, err = k.Daemons(ctx)
	}
	switch {
	case errors.Is(err, kernel.ErrPermission):
		return "the privilege is missing: " + o.app.hint(err), nil
	case errors.Is(err, kernel.ErrNoNamespace), errors.Is(err, kernel.ErrNotSupported):
		return "", err
	}
	return "", nil
}

// whereabouts are the options that bring another command to the same table.
func (a *App) whereabouts() []string {
	if a.global.netns == "" {
		return nil
	}
	return []string{"--netns", a.global.netns}
}

// within runs a command line inside this process, as if it had been typed.
func (a *App) within(ctx context.Context, args []string) tui.Result {
	var out, errs bytes.Buffer
	status := a.inner(&out, &errs).Run(ctx, args)
	return tui.Result{Out: out.String(), Err: errs.String(), Status: status}
}

// inner is the App of a command line inside this one.
func (a *App) inner(out, errs io.Writer) *App {
	return &App{
		In: strings.NewReader(""), Out: out, Err: errs,
		Name: a.Name, Called: a.Called, Now: a.Now, Sleep: a.Sleep,
		OpenKernel: a.OpenKernel, Detach: a.Detach, Identity: a.Identity,
		Env: func(name string) string {
			switch name {
			case "LVS_OUTPUT", "LVS_COLOR", "LVS_NETNS": // what it prints is shown here
				return ""
			}
			return a.Env(name)
		},
	}
}

// lastChange finds the entry of the journal that undo would take back.
func (a *App) lastChange(ctx context.Context) tui.Change {
	in := a.inner(io.Discard, io.Discard)
	in.ctx, in.global.netns = ctx, a.global.netns
	e, err := (&undo{app: in}).entry(nil)
	switch {
	case err != nil:
		return tui.Change{Err: err}
	case e == nil:
		return tui.Change{Err: errors.New("there is nothing to undo")}
	}
	return tui.Change{Args: []string{"undo", strconv.FormatUint(e.ID, 10), "--yes"}, Command: e.Command}
}

// configDir is where choices of the user are kept: XDG base directories.
func (a *App) configDir() string {
	if dir := a.Env("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lvs")
	}
	if home := a.Env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".config", "lvs")
	}
	return ""
}

// host names what is looked at.
func (o *top) host() string {
	if o.demo {
		return "demo"
	}
	netns := o.app.global.netns
	name, err := os.Hostname()
	if err != nil {
		name = "director"
	}
	if netns != "" {
		name += " (" + netns + ")"
	}
	return name
}

// utf8Locale tells whether the terminal is said to show UTF-8 (POSIX: LC_ALL
// comes before LC_CTYPE, that before LANG; none is the C locale).
func utf8Locale(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(env(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// topBatch is the dashboard for a file or a pipe.
type topBatch struct {
	on    bool
	count string
}

func (o *topBatch) register(c *cobra.Command) {
	f := c.Flags()
	f.BoolVarP(&o.on, "batch", "b", false, "write plain text, a block at the end of every interval, and take no keys")
	f.StringVarP(&o.count, "count", "n", "", "with --batch: end after `N` blocks (default: go on until interrupted)")
	complete(c, "count", words("1", "10"))
}

// parse gives the number of blocks; 0 goes on.
func (o *topBatch) parse() (int, error) {
	switch {
	case o.count == "":
		return 0, nil
	case !o.on:
		return 0, usagef("--count has no effect without --batch")
	}
	n, err := parseNumber("--count", o.count, 1, 1<<31-1)
	return int(n), err
}

func (o *top) writeBatches(ctx context.Context, options tui.Options, count int) error {
	a := o.app
	if options.ReadOnly != "" && !o.readOnly {
		a.note("without privilege: counters, rates and thresholds are not known (needs CAP_NET_ADMIN: sudo %s …)", a.Name)
	}
	return tui.Batch(ctx, options, tui.Batches{Count: count, Sleep: a.Sleep})
}

// demo gives this run a table in memory, with traffic of its own: what it does
// reaches neither the kernel nor what is remembered of real tables. end forgets
// it all.
func (a *App) demo() (end func(), err error) {
	dir, err := os.MkdirTemp("", "lvs-demo-")
	if err != nil {
		return nil, err
	}
	a.close()
	a.global.netns = ""
	table, env := sim.New(sim.Seed, a.Now), a.Env
	a.OpenKernel = func(kernel.Options) (kernel.Kernel, error) { return table, nil }
	a.Identity = func(string) (string, error) { return "demo", nil }
	a.Detach = func([]string, string) error {
		return errors.New("the demo ends with the dashboard: nothing can come later")
	}
	a.Env = func(name string) string {
		if name == state.Variable {
			return dir
		}
		return env(name)
	}
	return func() { os.RemoveAll(dir) }, nil
}

// TopKeys are the keys of lvs top, for its manual page: a section for each place
// where they work.
func TopKeys() []Section {
	var out []Section
	for _, g := range tui.KeyTable() {
		s := Section{Title: "KEYS: " + strings.ToUpper(g.Title)}
		for _, k := range g.Keys {
			s.Terms = append(s.Terms, Term{k.Name, upperFirst(k.Help) + "."})
		}
		out = append(out, s)
	}
	return out
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
