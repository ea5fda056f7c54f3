package commands

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lvs/cluster"
)

// flagError makes one clear line of a mistake in an option.
func (a *App) flagError(cmd *cobra.Command, err error) error {
	help := cmd.CommandPath() + " --help"
	var missing *pflag.ValueRequiredError
	if errors.As(err, &missing) && missing.GetSpecifiedName() == "o" && cmd.Flags().Lookup("ops") != nil {
		return usagef("%w", err).hintf("ipvsadm's -o is --ops here; -o is the output format")
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usagef("%w", err).hintf("%s", help)
	}
	name := unknown.GetSpecifiedName()
	shown := "--" + name
	short := unknown.GetSpecifiedShortnames() != ""
	if short {
		shown = "-" + name
	}
	if known := a.another().Root().Flags().Lookup(name); known != nil && len(name) > 1 {
		return usagef("%s has no effect on %s", shown, verbName(cmd)).hintf("%s", help)
	}
	if does := a.habit(name, short); does != "" {
		return usagef("%s is ipvsadm's: it is unknown here", shown).
			hintf("%s %s; or ipvsadm's own options: %s ipvsadm …", a.Name, does, a.Name)
	}
	f := usagef("unknown option %s", shown).hintf("%s", help)
	if short {
		return f
	}
	if ours := ipvsadmOptions()[name]; ours != "" && cmd.Flags().Lookup(ours) != nil {
		return f.hintf("did you mean --%s?", ours)
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	if near := cluster.Nearest(name, known); near != "" {
		f.hintf("did you mean --%s?", near)
	}
	return f
}

// verbName is the verb without the program's name; the program itself is lvs.
func verbName(c *cobra.Command) string {
	if _, name, ok := strings.Cut(c.CommandPath(), " "); ok {
		return name
	}
	return c.Name()
}
