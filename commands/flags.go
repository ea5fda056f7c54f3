package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/output"
)

// globals are the options that mean the same wherever they are offered. A verb
// offers those that have an effect on it; the others it refuses.
type globals struct {
	output, columns, jq, template string
	noHeaders                     bool
	netns, color, timeout         string
	yes, dryRun, quiet, verbose   bool
	// formatOfEnv is set where output is the environment's: a wish, which an
	// explicit option overrides.
	formatOfEnv bool
}

func (g *globals) wantsJSON() bool { return g.output == "json" || g.output == "jsonl" }

// kernelFlags are those of every verb that talks to the kernel.
func (a *App) kernelFlags(c *cobra.Command) {
	f, g := c.Flags(), &a.global
	f.StringVar(&g.netns, "netns", "", "work in the network namespace `NAME`, a path, or pid:N (default: this one; environment LVS_NETNS)")
	f.StringVar(&g.timeout, "timeout", "", "give up after `DURATION`, such as 5s (default: never)")
	markGlobal(f, "netns", "timeout")
	complete(c, "netns", completeNetns)
}

// showFlags are those of every verb whose product is a list.
func (a *App) showFlags(c *cobra.Command) {
	a.formatFlags(c)
	f, g := c.Flags(), &a.global
	f.StringVar(&g.columns, "columns", "", "show these columns, in this order: `KEYS`, a list with commas (default: the view's own)")
	f.BoolVar(&g.noHeaders, "no-headers", false, "leave out the line of column names")
	f.StringVar(&g.color, "color", "", "colour: `WHEN` is auto, always or never (default auto: on a terminal without NO_COLOR; environment LVS_COLOR)")
	markGlobal(f, "columns", "no-headers", "color")
	complete(c, "color", words("auto", "always", "never"))
}

// formatFlags choose the form of what a verb prints.
func (a *App) formatFlags(c *cobra.Command) {
	f, g := c.Flags(), &a.global
	f.StringVarP(&g.output, "output", "o", "", "print as `FORMAT`: "+strings.Join(output.Formats(), ", ")+" (default table; environment LVS_OUTPUT)")
	f.StringVar(&g.jq, "jq", "", "print what the jq expression `EXPR` gives for the JSON document")
	f.StringVar(&g.template, "template", "", "print the Go template `TEXT` with the JSON document")
	markGlobal(f, "output", "jq", "template")
	complete(c, "output", words(output.Formats()...))
}

// quietFlag belongs to verbs that may say something besides their product.
func (a *App) quietFlag(c *cobra.Command) {
	c.Flags().BoolVarP(&a.global.quiet, "quiet", "q", false, "say nothing besides results and errors")
	markGlobal(c.Flags(), "quiet")
}

// changeFlags are those of every verb that changes something.
func (a *App) changeFlags(c *cobra.Command) {
	a.kernelFlags(c)
	a.formatFlags(c)
	a.quietFlag(c)
	f := c.Flags()
	f.BoolVar(&a.global.dryRun, "dry-run", false, "print what would be done, and do nothing")
	f.BoolVarP(&a.global.verbose, "verbose", "v", false, "print what was done (default: print nothing on success)")
	markGlobal(f, "dry-run", "verbose")
}

// askFlags belong to verbs that ask before they act.
func (a *App) askFlags(c *cobra.Command) {
	c.Flags().BoolVarP(&a.global.yes, "yes", "y", false, "do not ask; needed where nobody can be asked")
	markGlobal(c.Flags(), "yes")
}

// numericFlag takes ipvsadm's -n, which is what lvs does anyway.
func numericFlag(c *cobra.Command) {
	c.Flags().BoolP("numeric", "n", false, "accepted and ignored: addresses are always numeric")
	c.Flags().MarkHidden("numeric")
}

// hiddenGlobals lets a group read past global options that stand before the
// name of its verb. What the group itself does not offer it refuses later.
func (a *App) hiddenGlobals(c *cobra.Command) {
	if a.strays == nil {
		a.strays = a.newStrays()
	}
	f := c.Flags()
	for _, flag := range a.strays {
		if f.Lookup(flag.Name) == nil {
			f.AddFlag(flag)
		}
	}
}

func (a *App) newStrays() []*pflag.Flag {
	var all pflag.FlagSet
	var text string
	var yes bool
	for _, name := range []string{"netns", "timeout", "columns", "color", "jq", "template"} {
		all.StringVar(&text, name, "", "")
	}
	all.StringVarP(&a.global.output, "output", "o", "", "")
	for name, short := range map[string]string{"no-headers": "", "dry-run": "", "quiet": "q", "verbose": "v", "yes": "y", "numeric": "n"} {
		all.BoolVarP(&yes, name, short, false, "")
	}
	var out []*pflag.Flag
	all.VisitAll(func(f *pflag.Flag) {
		f.Hidden = true
		f.Annotations = map[string][]string{strayFlag: nil}
		out = append(out, f)
	})
	return out
}

const (
	globalFlag = "lvs_global" // shown apart in help
	strayFlag  = "lvs_stray"  // known, but without effect here
)

func markGlobal(f *pflag.FlagSet, names ...string) {
	for _, n := range names {
		f.SetAnnotation(n, globalFlag, nil)
	}
}

// prepare completes the global options from the environment, checks them, and
// starts the clock of --timeout. It runs before every verb.
func (a *App) prepare(c *cobra.Command, _ []string) error {
	g := &a.global
	g.formatOfEnv = a.fromEnv(c, "output", "LVS_OUTPUT", &g.output)
	a.preferOptions(c)
	a.fromEnv(c, "netns", "LVS_NETNS", &g.netns)
	if g.color == "" { // also for a verb without --color
		g.color = a.Env("LVS_COLOR")
	}
	var all faults
	c.Flags().Visit(func(f *pflag.Flag) {
		if given := f.Value.Type() == "string" && f.Value.String() == "" && !keepsOwn(f.Value); given && !mayBeEmpty(f.Name) {
			all.add(usagef("--%s has an empty value", f.Name))
		}
		if _, stray := f.Annotations[strayFlag]; stray {
			all.add(usagef("--%s has no effect on %s", f.Name, verbName(c)))
		}
	})
	if g.output != "" && !slices.Contains(output.Formats(), g.output) {
		f := usagef("unknown output format %q", g.output)
		f.hintf("the formats are %s", strings.Join(output.Formats(), ", "))
		if c.Flags().Lookup("ops") != nil && !g.formatOfEnv {
			f.hintf("ipvsadm's -o is --ops here; -o is the output format")
		}
		all.add(f)
	}
	if g.color != "" && !slices.Contains([]string{"auto", "always", "never"}, g.color) {
		all.add(usagef("unknown colour choice %q; it is auto, always or never", g.color))
	}
	if g.jq != "" && g.template != "" {
		all.add(usagef("--jq and --template exclude one another"))
	}
	if g.quiet && g.verbose {
		all.add(usagef("--quiet and --verbose exclude one another"))
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
	return all.err()
}

// keepsOwn tells whether a value is of a type that refuses empty ones itself.
func keepsOwn(v pflag.Value) bool {
	switch v.(type) {
	case *single, *repeated:
		return true
	}
	return false
}

// mayBeEmpty tells whether the empty value of an option has a meaning: switch
// it off. Elsewhere it comes from a script's variable that is not set, and what
// is meant for one namespace or client must not be done to all.
func mayBeEmpty(name string) bool {
	return slices.Contains([]string{"sched-flags", "pe", "netmask", "persistent"}, name)
}

// fromEnv takes a variable where the verb offers the option, with its general
// meaning, and it was not given. It tells whether it did.
func (a *App) fromEnv(c *cobra.Command, flag, variable string, value *string) bool {
	f := c.Flags().Lookup(flag)
	if f == nil || f.Changed {
		return false
	}
	_, global := f.Annotations[globalFlag]
	_, stray := f.Annotations[strayFlag]
	if !global && !stray {
		return false
	}
	*value = a.Env(variable)
	return *value != ""
}

// preferOptions forgets the environment's format where an option was given that
// works on others only.
func (a *App) preferOptions(c *cobra.Command) {
	g := &a.global
	tabular := g.output == "table" || g.output == "wide" || g.output == "csv"
	if g.formatOfEnv && (g.jq != "" && !g.wantsJSON() || g.template != "" && g.output != "json" ||
		g.columns != "" && !tabular || c.Flags().Changed("wide") && g.output != "wide") {
		g.output, g.formatOfEnv = "", false
	}
}
