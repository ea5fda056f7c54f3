package commands

import (
	"context"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/output"
)

// globals holds the options that have the same meaning for every verb. The help of a verb
// has those that have an effect on it.
type globals struct {
	output, columns, jq, template string
	noHeaders                     bool
	netns, color, timeout         string
	yes, dryRun, quiet, verbose   bool
	// reason is why the user makes a change, in their words.
	reason string
	// formatOfEnv is set if output comes from LVS_OUTPUT, which any option overrides.
	formatOfEnv bool
}

// outputOption returns where the output format comes from, for errors.
func (g *globals) outputOption() string {
	if g.formatOfEnv {
		return "LVS_OUTPUT"
	}
	return "output format"
}

func (g *globals) wantsJSON() bool { return g.output == "json" || g.output == "jsonl" }

// kernelFlags adds the options of every verb that uses the kernel.
func (a *App) kernelFlags(c *cobra.Command) {
	f, g := c.Flags(), &a.global
	f.StringVar(&g.netns, "netns", "",
		"use the network namespace `NAME`: a name, a path or pid:N (default: the current one; environment LVS_NETNS)")
	f.StringVar(&g.timeout, "timeout", "", "stop after `DURATION`, such as 5s (default: never)")
	markGlobal(f, "netns", "timeout")
	complete(c, "netns", completeNetns)
}

// columnsOf is the annotation of a verb that prints a list: the kind of the list, as
// output.Columns has it.
const columnsOf = "columns"

// Columns returns the columns that a verb can print, or nil.
func Columns(c *cobra.Command) []output.Column {
	kind := c.Annotations[columnsOf]
	list := output.Columns(kind)
	if kind != "ConnectionList" {
		return list
	}
	for _, col := range output.Columns("ConnectionGroupList") { // with --group-by
		if !slices.ContainsFunc(list, func(l output.Column) bool { return l.Key == col.Key }) {
			list = append(list, col)
		}
	}
	return list
}

// showFlags adds the options of every verb that prints a list of a kind.
func (a *App) showFlags(c *cobra.Command, kind string) {
	c.Annotations = map[string]string{columnsOf: kind}
	a.formatFlags(c)
	f, g := c.Flags(), &a.global
	f.StringVar(&g.columns, "columns", "",
		"show only the columns `KEYS`, separated by commas, in this order (default: those of the table)")
	f.BoolVar(&g.noHeaders, "no-headers", false, "do not print the line of column names")
	f.StringVar(&g.color, "color", "",
		"use color: `WHEN` is auto, always or never (default auto: on a terminal, without NO_COLOR; environment LVS_COLOR)")
	markGlobal(f, "columns", "no-headers", "color")
	complete(c, "color", words("auto", "always", "never"))
}

// formatFlags adds the options for the output format.
func (a *App) formatFlags(c *cobra.Command) {
	f, g := c.Flags(), &a.global
	f.StringVarP(&g.output, "output", "o", "",
		"print in `FORMAT`: "+strings.Join(output.Formats(), ", ")+" (default table; environment LVS_OUTPUT)")
	f.StringVar(&g.jq, "jq", "", "print the result of the jq expression `EXPR` for the JSON document")
	f.StringVar(&g.template, "template", "", "print the Go template `TEXT`, executed with the JSON document")
	markGlobal(f, "output", "jq", "template")
	complete(c, "output", words(output.Formats()...))
}

// quietFlag adds --quiet, for verbs that print notes.
func (a *App) quietFlag(c *cobra.Command) {
	c.Flags().BoolVarP(&a.global.quiet, "quiet", "q", false, "print only results and errors")
	markGlobal(c.Flags(), "quiet")
}

// changeFlags adds the options of every verb that changes something.
func (a *App) changeFlags(c *cobra.Command) {
	a.kernelFlags(c)
	a.formatFlags(c)
	a.quietFlag(c)
	a.dryRunFlag(c, "print the changes without making them")
	f := c.Flags()
	f.BoolVarP(&a.global.verbose, "verbose", "v", false, "print the changes that were made (default: print nothing)")
	f.StringVar(&a.global.reason, "reason", "", "remember `TEXT` as the reason of the change (default: none)")
	markGlobal(f, "verbose", "reason")
	c.PreRun = func(*cobra.Command, []string) { a.changing = !a.global.dryRun }
	complete(c, "reason", nothing)
}

func (a *App) dryRunFlag(c *cobra.Command, usage string) {
	c.Flags().BoolVar(&a.global.dryRun, "dry-run", false, usage)
	markGlobal(c.Flags(), "dry-run")
}

// askFlags adds --yes, for verbs that ask for confirmation.
func (a *App) askFlags(c *cobra.Command) {
	c.Flags().BoolVarP(&a.global.yes, "yes", "y", false, "do not ask for confirmation; needed without a terminal")
	markGlobal(c.Flags(), "yes")
}

// withoutDefaults removes the defaults from the help of a command that edits: a setting
// without its option stays as it is. The options have the texts of the command that adds.
func withoutDefaults(f *pflag.FlagSet) {
	inText := regexp.MustCompile(` \((?:no default|the default|default[^;)]*)(?:; ([^)]*))?\)$`)
	f.VisitAll(func(f *pflag.Flag) {
		if strings.Contains(f.Usage, "in place of") || f.Name == "ipv6" {
			return
		}
		f.Usage = strings.TrimSuffix(inText.ReplaceAllString(f.Usage, " (${1})"), " ()")
	})
}

// hiddenGlobals lets a group accept global options before the name of its verb.
// prepare refuses those that have no effect on the verb and are not spare.
func (a *App) hiddenGlobals(c *cobra.Command) {
	a.spareGlobals(c)
	f := c.Flags()
	for _, flag := range a.hidden().strays {
		if f.Lookup(flag.Name) == nil {
			f.AddFlag(flag)
		}
	}
}

// spareGlobals lets a verb, or each verb of a group, accept the options that scripts add
// to every command: --yes, --output, --quiet, --dry-run, --netns, --timeout, --color and
// ipvsadm's -n. Where one has nothing to do, it does nothing and is not in the help.
func (a *App) spareGlobals(c *cobra.Command) {
	f := c.Flags()
	for _, flag := range a.hidden().spares {
		if f.Lookup(flag.Name) == nil && (flag.Shorthand == "" || f.ShorthandLookup(flag.Shorthand) == nil) {
			f.AddFlag(flag)
		}
	}
	if c.RunE != nil && checksFirst(c) {
		c.RunE = a.withEarly(c.RunE)
	}
	for _, verb := range c.Commands() {
		a.spareGlobals(verb)
	}
}

// hiddenFlags are global options as commands have them on which they have no effect.
type hiddenFlags struct {
	// spares are accepted by every command. strays are accepted by groups only, because
	// they may stand before the name of the verb.
	spares, strays []*pflag.Flag
}

func (a *App) hidden() *hiddenFlags {
	if a.unused != nil {
		return a.unused
	}
	g := &a.global
	var spare, stray pflag.FlagSet
	spare.StringVar(&g.netns, "netns", "", "")
	spare.StringVar(&g.timeout, "timeout", "", "")
	spare.StringVar(&g.color, "color", "", "")
	spare.StringVarP(&g.output, "output", "o", "", "")
	spare.BoolVarP(&g.quiet, "quiet", "q", false, "")
	spare.BoolVarP(&g.yes, "yes", "y", false, "")
	spare.BoolVar(&g.dryRun, "dry-run", false, "")
	spare.BoolP("numeric", "n", false, "")
	for _, name := range []string{"columns", "jq", "template", "reason"} {
		stray.String(name, "", "")
	}
	stray.Bool("no-headers", false, "")
	stray.BoolP("verbose", "v", false, "")
	a.unused = &hiddenFlags{hide(&spare, spareFlag), hide(&stray, strayFlag)}
	return a.unused
}

// hide returns the options of a set, hidden and marked.
func hide(f *pflag.FlagSet, mark string) (out []*pflag.Flag) {
	f.VisitAll(func(f *pflag.Flag) {
		f.Hidden = true
		f.Annotations = map[string][]string{mark: nil}
		out = append(out, f)
	})
	return out
}

const (
	globalFlag = "lvs_global" // in a section of its own in help
	spareFlag  = "lvs_spare"  // accepted, without effect on the command
	strayFlag  = "lvs_stray"  // known, so that it is refused by name
)

func markGlobal(f *pflag.FlagSet, names ...string) {
	for _, n := range names {
		f.SetAnnotation(n, globalFlag, nil)
	}
}

// prepare reads the environment, checks the global options and starts the time limit
// of --timeout. It runs before every verb.
func (a *App) prepare(c *cobra.Command, _ []string) error {
	g := &a.global
	g.formatOfEnv = a.fromEnv(c, "output", "LVS_OUTPUT", &g.output)
	g.preferOptions(c)
	a.fromEnv(c, "netns", "LVS_NETNS", &g.netns)
	if g.color == "" { // also for a verb without --color
		g.color = a.Env("LVS_COLOR")
	}
	var all faults
	c.Flags().Visit(func(f *pflag.Flag) {
		empty := f.Value.Type() == "string" && f.Value.String() == ""
		if empty && !refusesEmpty(f.Value) && !mayBeEmpty(f.Name) {
			all.add(usagef("invalid --%s \"\": want a value", f.Name))
		}
		if _, stray := f.Annotations[strayFlag]; stray {
			all.add(usagef("%s has no option --%s", verbName(c), f.Name))
		}
	})
	if g.output != "" && !slices.Contains(output.Formats(), g.output) {
		f := usagef("invalid %s %q: want %s", g.outputOption(), g.output, orList(output.Formats()))
		if c.Flags().Lookup("ops") != nil && !g.formatOfEnv {
			f.hintf("use --ops for ipvsadm's -o; here -o is the output format")
		}
		all.add(f)
		g.output = ""
	}
	if g.color != "" && !slices.Contains([]string{"auto", "always", "never"}, g.color) {
		all.add(usagef("invalid --color %q: want auto, always or never", g.color))
	}
	if g.jq != "" && g.template != "" {
		all.add(usagef("--jq and --template cannot be used together"))
	}
	if g.quiet && g.verbose {
		all.add(usagef("--quiet and --verbose cannot be used together"))
	}
	if g.timeout != "" {
		d, err := parseDuration("--timeout", g.timeout, durationRange{})
		if all.add(err); err == nil {
			ctx, cancel := context.WithTimeout(c.Context(), d)
			c.SetContext(ctx)
			a.cancel = cancel
		}
	}
	a.ctx = c.Context()
	if len(all) == 0 && tellsBroken(c) {
		a.tellBroken(a.ctx)
	}
	if len(all) > 0 && checksFirst(c) {
		a.early = all
		return nil
	}
	return all.err()
}

// checksFirst reports whether a verb does nothing before it opens the kernel but check
// its arguments.
func checksFirst(c *cobra.Command) bool {
	return slices.Contains([]string{
		"list", "service add", "service edit", "service delete", "service show", "service list", "service zero",
		"server add", "server edit", "server delete", "server show", "server list", "clear", "restore",
		"weight", "drain", "undrain", "wait", "undo", "apply", "diff", "export",
		"stats", "connections", "watch", "zero", "timeouts", "timeouts set", "sync start", "sync stop", "sync status",
	}, verbName(c))
}

// withEarly runs a verb, and reports the faults of global options with those of its
// arguments.
func (a *App) withEarly(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		if len(a.early) == 0 {
			return run(c, args)
		}
		out := a.Out
		a.Out = io.Discard
		defer func() { a.Out = out }()
		all := a.early
		var own faults
		if own.add(run(c, args)); len(own) > 0 && worst(own) == exitUsage {
			all.add(own)
		}
		return all
	}
}

// refusesEmpty reports whether the type of a value refuses empty values.
func refusesEmpty(v pflag.Value) bool {
	switch v.(type) {
	case *single, *repeated:
		return true
	}
	return false
}

// mayBeEmpty reports whether an option accepts the empty value, which turns it off.
// Elsewhere an empty value may be an unset variable of a script, and what is meant for
// one namespace or client must not be done to all.
func mayBeEmpty(name string) bool {
	return slices.Contains([]string{"sched-flags", "pe", "netmask", "persistent"}, name)
}

// fromEnv sets value from a variable if the verb has the global option and the command
// line does not. It reports whether the variable has a value.
func (a *App) fromEnv(c *cobra.Command, flag, variable string, value *string) bool {
	f := c.Flags().Lookup(flag)
	if f == nil || f.Changed {
		return false
	}
	_, global := f.Annotations[globalFlag]
	if !global {
		return false
	}
	*value = a.Env(variable)
	return *value != ""
}

// preferOptions ignores LVS_OUTPUT if the command line has an option that needs another
// format.
func (g *globals) preferOptions(c *cobra.Command) {
	tabular := g.output == "table" || g.output == "wide" || g.output == "csv"
	if g.formatOfEnv && (g.jq != "" && !g.wantsJSON() || g.template != "" && g.output != "json" ||
		g.columns != "" && !tabular || c.Flags().Changed("wide") && g.output != "wide") {
		g.output, g.formatOfEnv = "", false
	}
}
