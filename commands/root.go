package commands

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
)

// Root builds the tree of verbs. Building it touches nothing outside.
func (a *App) Root() *cobra.Command { return a.root(nil) }

// verb is a command of the first level.
type verb struct {
	group, name, alias string
	new                func() *cobra.Command
}

// The groups of verbs in help.
const (
	ofTable   = "table"
	ofCare    = "care"
	ofFile    = "file"
	ofTraffic = "traffic"
	ofProgram = "program"
)

func (a *App) verbs() []verb {
	return []verb{
		{ofTable, "list", "ls", a.newList},
		{ofTable, "service", "svc", a.newService},
		{ofTable, "server", "rs", a.newServer},
		{ofTable, "clear", "", a.newClear},
		{ofTable, "save", "", a.newSave},
		{ofTable, "restore", "", a.newRestore},
		{ofCare, "weight", "", a.newWeight},
		{ofCare, "drain", "", a.newDrain},
		{ofCare, "undrain", "", a.newUndrain},
		{ofCare, "wait", "", a.newWait},
		{ofCare, "history", "", a.newHistory},
		{ofCare, "undo", "", a.newUndo},
		{ofFile, "apply", "", a.newApply},
		{ofFile, "confirm", "", a.newConfirm},
		{ofFile, "diff", "", a.newDiff},
		{ofFile, "validate", "", a.newValidate},
		{ofFile, "export", "", a.newExport},
		{ofFile, "import", "", a.newImport},
		{ofTraffic, "top", "", a.newTop},
		{ofTraffic, "stats", "", a.newStats},
		{ofTraffic, "connections", "conns", a.newConnections},
		{ofTraffic, "watch", "", a.newWatch},
		{ofTraffic, "zero", "", a.newZero},
		{ofTraffic, "timeouts", "", a.newTimeouts},
		{ofTraffic, "sync", "", a.newSync},
		{ofProgram, "version", "", a.newVersion},
		{ofProgram, "schema", "", a.newSchema},
		{ofProgram, "completion", "", a.newCompletion},
		{ofProgram, "ipvsadm", "", a.newIpvsadm},
		{ofProgram, "later", "", a.newLater},
	}
}

// rootFor builds as much of the tree as a command line can need, because most
// of the time from start to work would go into the rest: the verbs that it
// names, or all where it names none.
func (a *App) rootFor(args []string) *cobra.Command {
	named := map[string]bool{}
	for _, v := range a.verbs() {
		if slices.Contains(args, v.name) || v.alias != "" && slices.Contains(args, v.alias) {
			named[v.name] = true
		}
	}
	for _, arg := range args {
		if arg == "help" || arg == "completion" {
			return a.root(nil)
		}
		if strings.HasPrefix(arg, "__") {
			root := a.root(nil)
			forCompletion(root)
			return root
		}
	}
	return a.root(named)
}

// root builds the tree with the verbs named, or with all when none is.
func (a *App) root(named map[string]bool) *cobra.Command {
	// Bare lvs is lvs list, and has its options.
	bare := &list{app: a}
	root := &cobra.Command{
		Use:               a.Name,
		Short:             "Manage Linux Virtual Server: services, real servers, connections",
		Long:              frontPage,
		Example:           frontExamples,
		Args:              a.onlyVerbs,
		RunE:              a.listOrVersion(bare),
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
	root.SetHelpCommand(a.newHelp())
	bare.register(root)
	root.Flags().Bool("version", false, "show the versions; the same as "+a.Name+" version")
	a.hiddenGlobals(root)

	root.AddGroup(
		&cobra.Group{ID: ofTable, Title: "The table"},
		&cobra.Group{ID: ofCare, Title: "Maintenance"},
		&cobra.Group{ID: ofFile, Title: "The cluster file"},
		&cobra.Group{ID: ofTraffic, Title: "Traffic"},
		&cobra.Group{ID: ofProgram, Title: "The program"},
	)
	for _, v := range a.verbs() {
		if len(named) > 0 && !named[v.name] {
			continue
		}
		c := v.new()
		c.GroupID = v.group
		if v.alias != "" {
			c.Aliases = []string{v.alias}
		}
		root.AddCommand(c)
	}
	return root
}

// listOrVersion is what the program does without a command.
func (a *App) listOrVersion(bare *list) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		if wanted, _ := c.Flags().GetBool("version"); wanted {
			return (&showVersion{app: a}).run(c, args)
		}
		return bare.run(c, args)
	}
}

// group is a command that only holds others. A missing or unknown one is a
// mistake, told with what was probably meant.
func (a *App) group(name, short, long string, verbs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use: name, Short: short, Long: long,
		Args: a.onlyVerbs,
		RunE: func(c *cobra.Command, _ []string) error {
			return usagef("which command of %s?", verbName(c)).cure("%s --help lists them", c.CommandPath())
		},
	}
	a.hiddenGlobals(c)
	c.AddCommand(verbs...)
	return c
}

func (a *App) onlyVerbs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if !c.HasParent() {
		c = a.Root() // the one here may have few verbs
	}
	c.SuggestionsMinimumDistance = 2
	full := strings.TrimSpace(strings.TrimPrefix(c.CommandPath(), c.Root().Name()) + " " + args[0])
	f := usagef("unknown command %q", full).cure("%s --help lists them", c.CommandPath())
	if meant := a.meant(c, args[0]); meant != "" {
		return f.cure("did you mean %s?", meant)
	}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		f.cure("did you mean %s %s?", c.CommandPath(), near[0])
	}
	return f
}

// meant guesses what was meant by a word that is no command: a service or a
// server without what is to be done, or another word for a command. Empty is no
// idea.
func (a *App) meant(c *cobra.Command, word string) string {
	group := c.Name()
	if !c.HasParent() {
		group = ""
	}
	if group != "" && group != "service" && group != "server" {
		return ""
	}
	if _, err := kernel.ParseServiceID(word); err == nil {
		if group == "server" {
			return a.Name + " server list " + word
		}
		return a.Name + " list " + word
	}
	if _, err := netip.ParseAddr(word); err == nil {
		return a.Name + " list --filter server=" + word
	}
	verb := otherWords[word]
	switch {
	case verb == "" && group == "" && otherVerbs[word] != "":
		return a.Name + " " + otherVerbs[word]
	case verb == "":
		return ""
	case group == "":
		return fmt.Sprintf("%s service %s, or %s server %s", a.Name, verb, a.Name, verb)
	}
	return a.Name + " " + group + " " + verb
}
