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
		Long: `Show services, servers and connections live, with rates, weights and a chart of the
last minute. ? lists the keys of a screen.

Without CAP_NET_ADMIN, and with --read-only, the dashboard is read-only. Every change
needs a confirmation; the dialog shows the old and the new values and the command
line.

Columns selected with C are saved in top.json in $XDG_CONFIG_HOME/lvs or
~/.config/lvs.

While a director runs, it also shows the health of servers and the state of services, and
whether a weight of 0 is drained or masked by the director.

--demo shows a simulated director on any machine. Its traffic follows your changes. It
starts the same way each time.

--batch writes plain text: a block per interval, the first one after at least two
seconds, so that all rates are measured. Programs should use lvs watch --rates -o jsonl.`,
		Example: `  lvs top
  lvs top --read-only --interval 5s
  lvs top --demo
  lvs top -b -c 2 -d 10s`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	f := c.Flags()
	f.StringVarP(&o.interval, "interval", "d", "", "refresh every `DURATION`, from 100ms to 1h (default 1s)")
	f.BoolVar(&o.readOnly, "read-only", false, "do not allow changes (default: allow them with CAP_NET_ADMIN)")
	f.BoolVar(&o.ascii, "ascii", false, "draw with ASCII characters (default: if the locale is not UTF-8)")
	f.BoolVar(&o.mouse, "mouse", false, "enable the mouse: a click selects a row, the wheel scrolls")
	f.BoolVar(&o.demo, "demo", false, "show a simulated director; needs neither privilege nor IPVS")
	o.batch.register(c)
	f.StringVar(&a.global.color, "color", "",
		"use color: `WHEN` is auto, always or never (default auto: without NO_COLOR; environment LVS_COLOR)")
	markGlobal(f, "color")
	complete(c, "color", words("auto", "always", "never"))
	complete(c, "interval", words("1s", "5s"))
	a.kernelFlags(c)
	a.quietFlag(c)
	return c
}

func (o *top) run(c *cobra.Command, args []string) error {
	var bad faults
	if bad.add(valueApart(c, "numeric", "count", args)); len(bad) == 0 {
		bad.add(noMore(args, "leave it out: top shows the whole table; in it, / searches"))
	}
	interval := time.Second
	if o.interval != "" {
		var err error
		interval, err = parseDuration("--interval", o.interval, durationRange{low: 100 * time.Millisecond, high: time.Hour})
		bad.add(err)
	}
	if g := &o.app.global; g.output != "" && g.output != "table" {
		bad.add(usagef("top prints no %s", g.output).hintf("use %s watch --rates -o jsonl", o.app.Name))
	}
	count, err := o.batch.parse()
	bad.add(err)
	if o.demo && c.Flags().Changed("netns") {
		bad.add(usagef("--demo and --netns cannot be used together"))
	}
	if err := bad.err(); err != nil {
		return err
	}
	a := o.app
	switch {
	case o.batch.on:
	case !a.OutTerminal.Is:
		return usagef("standard output is not a terminal").hintf("%s", insteadOfTop(a.Name))
	case !a.InTerminal.Is:
		return usagef("standard input is not a terminal").hintf("%s", insteadOfTop(a.Name))
	case a.Env("TERM") == "dumb":
		return usagef("TERM is dumb: want a terminal that can move its cursor").hintf("%s", insteadOfTop(a.Name))
	}
	if o.demo {
		end, err := startDemo(a)
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
		LastChange: o.lastChange,
		Outages:    (&outageReader{app: a}).read,
		Director:   a.directorNow,
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
		Globals:    tableOptions(a.global.netns),
		Fix:        a.inNamespace,
		Hint:       a.hint,
		Host:       o.host(),
		ASCII:      o.ascii || !utf8Locale(a.Env),
		NoColor:    !a.color(),
		Mouse:      o.mouse,
		ConfigDir:  configDir(a.Env),
	}
	if o.batch.on {
		return o.writeBatches(c.Context(), options, count)
	}
	return tui.Run(c.Context(), options)
}

// insteadOfTop returns the hint for use without a terminal.
func insteadOfTop(name string) string {
	return "use " + name + " top -b for plain text, or " + name + " list"
}

// whyReadOnly returns why changes are not allowed: --read-only, or a missing privilege,
// which it finds out with a small request. It returns nothing if IPVS is not loaded,
// which may change.
func (o *top) whyReadOnly(ctx context.Context) (string, error) {
	switch {
	case o.readOnly:
		return "--read-only was given", nil
	case o.app.global.dryRun:
		return "--dry-run was given", nil
	}
	k, err := o.app.kernel()
	if err == nil {
		_, err = k.Daemons(ctx)
	}
	switch {
	case errors.Is(err, kernel.ErrPermission):
		return "no privilege: " + o.app.hint(err), nil
	case errors.Is(err, kernel.ErrNoNamespace), errors.Is(err, kernel.ErrNotSupported):
		return "", err
	}
	return "", nil
}

// tableOptions returns the options with which another command uses the same table.
func tableOptions(netns string) []string {
	if netns == "" {
		return nil
	}
	return []string{"--netns", netns}
}

// within runs a command line in this process.
func (a *App) within(ctx context.Context, args []string) tui.Result {
	var out, errs bytes.Buffer
	status := a.inner(&out, &errs).Run(ctx, args)
	return tui.Result{Out: out.String(), Err: errs.String(), Status: status}
}

// inner returns the App for a command line within this one.
func (a *App) inner(out, errs io.Writer) *App {
	return &App{
		In: strings.NewReader(""), Out: out, Err: errs,
		Name: a.Name, Called: a.Called, Now: a.Now, Sleep: a.Sleep,
		OpenKernel: a.OpenKernel, Detach: a.Detach, KeepEnv: a.KeepEnv, Identity: a.Identity,
		Env: func(name string) string {
			switch name {
			case "LVS_OUTPUT", "LVS_COLOR", "LVS_NETNS": // the caller reads its output
				return ""
			}
			return a.Env(name)
		},
	}
}

// lastChange returns the change that lvs undo would undo.
func (o *top) lastChange(ctx context.Context) tui.Change {
	a := o.app
	in := a.inner(io.Discard, io.Discard)
	in.ctx, in.global.netns = ctx, a.global.netns
	e, err := (&undo{app: in}).entry(0)
	switch {
	case err != nil:
		return tui.Change{Err: err}
	case e == nil:
		return tui.Change{Err: errors.New("there is nothing to undo")}
	}
	return tui.Change{Args: []string{"undo", strconv.FormatUint(e.ID, 10), "--yes"}, Command: e.Command}
}

// configDir returns the directory of the user's settings, as in the XDG Base Directory
// Specification.
func configDir(env func(string) string) string {
	if dir := env("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lvs")
	}
	if home := env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".config", "lvs")
	}
	return ""
}

// host returns the name of the director to show.
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

// utf8Locale reports whether the locale uses UTF-8. In POSIX, LC_ALL comes before
// LC_CTYPE, and LC_CTYPE before LANG; without any it is the C locale.
func utf8Locale(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(env(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

// topBatch has the options for plain text.
type topBatch struct {
	on    bool
	count string
}

func (o *topBatch) register(c *cobra.Command) {
	f := c.Flags()
	f.BoolVarP(&o.on, "batch", "b", false, "write plain text, a block per interval, and read no keys")
	f.StringVarP(&o.count, "count", "c", "", "with --batch: exit after `N` blocks (default: continue until interrupted)")
	complete(c, "count", words("1", "10"))
}

// parse returns the number of blocks; 0 means no limit.
func (o *topBatch) parse() (int, error) {
	switch {
	case o.count == "":
		return 0, nil
	case !o.on:
		return 0, usagef("--count has no effect without --batch")
	}
	n, err := parseCount("--count", o.count)
	return int(n), err
}

func (o *top) writeBatches(ctx context.Context, options tui.Options, count int) error {
	a := o.app
	if options.ReadOnly != "" && !o.readOnly && !a.global.dryRun {
		a.note("without privilege: counters, rates and thresholds are not shown (needs CAP_NET_ADMIN: sudo %s …)", a.Name)
	}
	return tui.Batch(ctx, options, tui.Batches{Count: count, Sleep: a.Sleep})
}

// startDemo replaces the kernel of this App by a simulated one, with its own state
// directory. end removes that.
func startDemo(a *App) (end func(), err error) {
	dir, err := os.MkdirTemp("", "lvs-demo-")
	if err != nil {
		return nil, err
	}
	a.close()
	a.global.netns = ""
	table, env := sim.New(sim.Seed, a.Now), a.Env
	a.OpenKernel = func(kernel.Options) (kernel.Kernel, error) { return table, nil }
	a.Identity = func(string) (string, error) { return "demo", nil }
	a.Detach = func([]string, []*os.File, state.Folder) error {
		return errors.New("the demo cannot run a command later")
	}
	a.Env = func(name string) string {
		if name == state.Variable {
			return dir
		}
		return env(name)
	}
	return func() { os.RemoveAll(dir) }, nil
}

// TopKeys returns the keys of lvs top for its manual page, a section for each place
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
