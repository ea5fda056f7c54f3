package commands

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// help prints the help of a command: description, usage, examples, options.
func (a *App) help(c *cobra.Command, _ []string) {
	if c.HasSubCommands() && c.Flags().NArg() > 0 {
		a.unhelped = a.onlyVerbs(c, c.Flags().Args())
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage:\n  %s\n", renamed(a.Name, c.Long), UsageLine(c))
	if len(c.Aliases) > 0 {
		fmt.Fprintf(&b, "\nAlso called: %s\n", strings.Join(c.Aliases, ", "))
	}
	for _, g := range c.Groups() {
		writeCommands(&b, c, g.ID, g.Title)
	}
	writeCommands(&b, c, "", "Commands")
	if c.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", renamed(a.Name, c.Example))
	}
	own, global := SplitFlags(c)
	title := "Options"
	if !c.HasParent() {
		title = "Options without a command, as of " + a.Name + " list"
	}
	writeFlags(&b, title, own, a.OutTerminal.Width)
	writeFlags(&b, "General options", global, a.OutTerminal.Width)
	writeColumns(&b, c)
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nHelp for a command: %s COMMAND --help\n", c.CommandPath())
	}
	io.WriteString(a.Out, b.String())
}

// renamed returns text with the name that the program was called by in its examples.
func renamed(name, text string) string {
	if name == "lvs" {
		return text
	}
	return strings.ReplaceAll(text, "  lvs ", "  "+name+" ")
}

// UsageLine returns the synopsis of a command.
func UsageLine(c *cobra.Command) string {
	line := c.CommandPath() + strings.TrimPrefix(c.Use, c.Name())
	if c.HasAvailableSubCommands() && c.HasParent() {
		line += " COMMAND"
	} else if c.HasAvailableSubCommands() {
		line += " [COMMAND]"
	}
	return line + " [OPTIONS]"
}

func writeCommands(b *strings.Builder, c *cobra.Command, group, title string) {
	width := 0
	for _, sub := range c.Commands() {
		width = max(width, len(sub.Name()))
	}
	for _, sub := range c.Commands() {
		if sub.GroupID != group || !sub.IsAvailableCommand() {
			continue
		}
		if title != "" {
			fmt.Fprintf(b, "\n%s:\n", title)
			title = ""
		}
		fmt.Fprintf(b, "  %-*s  %s\n", width, sub.Name(), sub.Short)
	}
}

// SplitFlags returns the options of a command and, separately, the global ones.
func SplitFlags(c *cobra.Command) (own, global *pflag.FlagSet) {
	own, global = pflag.NewFlagSet("", 0), pflag.NewFlagSet("", 0)
	own.SortFlags, global.SortFlags = false, false
	c.Flags().SortFlags = false
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if _, ok := f.Annotations[globalFlag]; ok || f.Name == "help" {
			global.AddFlag(f)
			return
		}
		own.AddFlag(f)
	})
	return own, global
}

func writeFlags(b *strings.Builder, title string, f *pflag.FlagSet, width int) {
	if !f.HasAvailableFlags() {
		return
	}
	if width == 0 {
		width = 100
	}
	text := f.FlagUsagesWrapped(width)
	f.VisitAll(func(f *pflag.Flag) {
		if f.NoOptDefVal == "" || f.Value.Type() == "bool" {
			return
		}
		value, _ := pflag.UnquoteUsage(f)
		// As in the manual: --persistent[=DURATION].
		long := fmt.Sprintf("--%s %s[=%q]", f.Name, value, f.NoOptDefVal)
		text = strings.Replace(text, long, fmt.Sprintf("%-*s", len(long), "--"+f.Name+"[="+value+"]"), 1)
	})
	fmt.Fprintf(b, "\n%s:\n%s", title, text)
}

// writeColumns lists the keys for --columns, --sort and --filter.
func writeColumns(b *strings.Builder, c *cobra.Command) {
	const width = 85
	line := ""
	for i, col := range Columns(c) {
		if i == 0 {
			b.WriteString("\nColumn keys:\n")
		}
		if len(line)+len(col.Key) > width {
			b.WriteString(line + "\n")
			line = ""
		}
		line += "  " + col.Key
	}
	if line != "" {
		b.WriteString(line + "\n")
	}
}

func newHelp(a *App) *cobra.Command {
	c := &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the help of a command",
		Long:  `Show the help of a command, as COMMAND --help does.`,
		Example: `  lvs help
  lvs help server add`,
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			out := []string{}
			of, _, err := c.Root().Find(args)
			if err != nil {
				return out, noFiles
			}
			for _, sub := range of.Commands() {
				if sub.IsAvailableCommand() {
					out = append(out, sub.Name()+"\t"+sub.Short)
				}
			}
			return out, noFiles
		},
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		about, rest, err := c.Root().Find(args)
		if err == nil && len(rest) > 0 && !about.HasAvailableSubCommands() {
			return noMore(rest, "%s --help", about.CommandPath())
		}
		if err != nil || len(rest) > 0 {
			return a.onlyVerbs(about, rest)
		}
		about.InitDefaultHelpFlag()
		a.help(about, nil)
		return nil
	}
	return c
}
