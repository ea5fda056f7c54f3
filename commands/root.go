package commands

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Root returns the tree of all verbs.
func (a *App) Root() *cobra.Command { return a.tree(verbs(), true) }

// another returns a copy of the App to build another tree with: building one resets
// all options to their defaults.
func (a *App) another() *App {
	b := *a
	return &b
}

// verb is a command of the first level.
type verb struct {
	group, name, alias string
	new                func(*App) *cobra.Command
}

// is reports whether a word of the command line is the name of the verb.
func (v verb) is(word string) bool { return word == v.name || v.alias != "" && word == v.alias }

// The groups of verbs in help.
const (
	ofTable   = "table"
	ofCare    = "care"
	ofFile    = "file"
	ofTraffic = "traffic"
	ofProgram = "program"
)

func verbs() []verb {
	return []verb{
		{ofTable, "list", "ls", newList},
		{ofTable, "service", "svc", newService},
		{ofTable, "server", "rs", newServer},
		{ofTable, "clear", "", newClear},
		{ofTable, "save", "", newSave},
		{ofTable, "restore", "", newRestore},
		{ofCare, "weight", "", newWeight},
		{ofCare, "drain", "", newDrain},
		{ofCare, "undrain", "", newUndrain},
		{ofCare, "wait", "", newWait},
		{ofCare, "history", "", newHistory},
		{ofCare, "undo", "", newUndo},
		{ofFile, "apply", "", newApply},
		{ofFile, "confirm", "", newConfirm},
		{ofFile, "diff", "", newDiff},
		{ofFile, "validate", "", newValidate},
		{ofFile, "export", "", newExport},
		{ofFile, "import", "", newImport},
		{ofFile, "director", "", newDirector},
		{ofTraffic, "top", "", newTop},
		{ofTraffic, "stats", "", newStats},
		{ofTraffic, "connections", "conns", newConnections},
		{ofTraffic, "watch", "", newWatch},
		{ofTraffic, "zero", "", newZero},
		{ofTraffic, "timeouts", "", newTimeouts},
		{ofTraffic, "sync", "", newSync},
		{ofProgram, "version", "", newVersion},
		{ofProgram, "schema", "", newSchema},
		{ofProgram, "completion", "", newCompletion},
		{ofProgram, "ipvsadm", "", newIpvsadm},
		{ofProgram, "later", "", newLater},
		{ofProgram, "release", "", newRelease},
	}
}

// rootFor returns as much of the tree as a command line needs, because building the
// rest would take most of the time of a short command. If a verb comes first, it needs
// only that one; after options it needs every verb that is among the arguments. Help,
// completion and a command line without a verb need the whole tree.
func (a *App) rootFor(args []string) *cobra.Command {
	var named []verb
	for _, v := range verbs() {
		if len(args) > 0 && v.is(args[0]) && v.name != "completion" {
			return a.tree([]verb{v}, false)
		}
		if slices.ContainsFunc(args, v.is) {
			named = append(named, v)
		}
	}
	for _, arg := range args {
		if arg == "help" || arg == "completion" {
			return a.Root()
		}
		if strings.HasPrefix(arg, "__") {
			root := a.Root()
			forCompletion(root)
			return root
		}
	}
	if len(named) == 0 {
		return a.Root()
	}
	return a.tree(named, true)
}

// tree returns the root with some verbs. Without options it can only find the verb
// that is the first argument.
func (a *App) tree(verbs []verb, options bool) *cobra.Command {
	root := &cobra.Command{
		Use:               a.Name,
		Short:             "Manage the IPVS load balancer of the Linux kernel",
		Long:              frontPage,
		Example:           frontExamples,
		Args:              a.onlyVerbs,
		PersistentPreRunE: a.prepare,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(a.flagError)
	root.SetHelpFunc(a.help)
	root.SetUsageFunc(func(*cobra.Command) error { return nil })
	root.SetHelpCommand(newHelp(a))
	if options {
		// Bare lvs is lvs list, and has its options.
		bare := &list{app: a}
		root.RunE = listOrVersion(bare)
		bare.register(root)
		root.Flags().Bool("version", false, "show the versions, as "+a.Name+" version does")
		a.hiddenGlobals(root)
	}
	root.AddGroup(
		&cobra.Group{ID: ofTable, Title: "Table"},
		&cobra.Group{ID: ofCare, Title: "Maintenance"},
		&cobra.Group{ID: ofFile, Title: "Cluster file"},
		&cobra.Group{ID: ofTraffic, Title: "Traffic"},
		&cobra.Group{ID: ofProgram, Title: "Program"},
	)
	for _, v := range verbs {
		c := v.new(a)
		c.GroupID = v.group
		if v.alias != "" {
			c.Aliases = []string{v.alias}
		}
		root.AddCommand(c)
		a.spareGlobals(c)
	}
	return root
}

// listOrVersion returns what the program does without a command.
func listOrVersion(bare *list) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		if wanted, _ := c.Flags().GetBool("version"); wanted {
			return (&showVersion{app: bare.app}).run(c, args)
		}
		return bare.run(c, args)
	}
}

// group returns a command that only has subcommands. Without one, or with an unknown
// one, it fails with a hint.
func (a *App) group(name, short, long string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: name, Short: short, Long: long,
		Args: a.onlyVerbs,
		RunE: func(c *cobra.Command, _ []string) error {
			return usagef("%s needs a command", verbName(c)).hintf("%s --help lists the commands", c.CommandPath())
		},
	}
	a.hiddenGlobals(c)
	c.AddCommand(verbs...)
	return c
}

// onlyVerbs refuses an argument that is not a subcommand, with a hint.
func (a *App) onlyVerbs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !c.HasParent() {
		c = a.another().Root() // the one here may have few verbs
	}
	c.SuggestionsMinimumDistance = 2
	if len(args[0]) <= 3 {
		c.SuggestionsMinimumDistance = 1
	}
	full := strings.TrimSpace(strings.TrimPrefix(c.CommandPath(), c.Root().Name()) + " " + args[0])
	f := usagef("unknown command %q", full).hintf("%s --help lists the commands", c.CommandPath())
	if command := meant(a.Name, c, args[0]); command != "" {
		return f.hintf("did you mean %s?", command)
	}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		f.hintf("did you mean %s %s?", c.CommandPath(), near[0])
	}
	return f
}
