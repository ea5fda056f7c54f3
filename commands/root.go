package commands

import (
	"strings"

	"github.com/spf13/cobra"
)

// Root builds the tree of verbs. Building it touches nothing outside.
func (a *App) Root() *cobra.Command {
	// Bare lvs is lvs list, and has its options.
	bare := &list{app: a}
	root := &cobra.Command{
		Use:               a.Name,
		Short:             "Manage Linux Virtual Server: services, real servers, connections",
		Long:              frontPage,
		Example:           frontExamples,
		Args:              a.onlyVerbs,
		RunE:              bare.run,
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
	a.hiddenGlobals(root)

	const table, traffic, system = "table", "traffic", "system"
	root.AddGroup(
		&cobra.Group{ID: table, Title: "The table"},
		&cobra.Group{ID: traffic, Title: "Traffic"},
		&cobra.Group{ID: system, Title: "The program"},
	)
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(table, a.newList(), a.newService(), a.newServer(), a.newWeight(), a.newClear())
	add(traffic, a.newStats(), a.newConnections(), a.newZero(), a.newTimeouts(), a.newSync())
	add(system, a.newVersion(), a.newSchema(), a.newCompletion())
	return root
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
	c.SuggestionsMinimumDistance = 2
	full := strings.TrimSpace(strings.TrimPrefix(c.CommandPath(), c.Root().Name()) + " " + args[0])
	f := usagef("unknown command %q", full).cure("%s --help lists them", c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		f.cure("did you mean %s %s?", c.CommandPath(), near[0])
	}
	return f
}
