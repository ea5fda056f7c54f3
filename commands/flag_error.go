package commands

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError makes one clear line of a mistake in an option.
func (a *App) flagError(cmd *cobra.Command, err error) error {
	help := cmd.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usagef("%w", err).cure("%s", help)
	}
	name := unknown.GetSpecifiedName()
	shown := "--" + name
	if unknown.GetSpecifiedShortnames() != "" {
		shown = "-" + name
		if old, ok := ipvsadmCommands[name]; ok {
			return usagef("%s is ipvsadm's: it is unknown here", shown).cure("%s %s", a.Name, old)
		}
	}
	if known := cmd.Root().Flags().Lookup(name); known != nil && len(name) > 1 {
		return usagef("%s has no effect on %s", shown, verbName(cmd)).cure("%s", help)
	}
	f := usagef("unknown option %s", shown).cure("%s", help)
	cmd.Flags().VisitAll(func(known *pflag.Flag) {
		if len(name) > 2 && strings.HasPrefix(known.Name, name) {
			f.cure("did you mean --%s?", known.Name)
		}
	})
	return f
}

// verbName is the verb without the program's name; the program itself is lvs.
func verbName(c *cobra.Command) string {
	if _, name, ok := strings.Cut(c.CommandPath(), " "); ok {
		return name
	}
	return c.Name()
}

// ipvsadmCommands are ipvsadm's one-letter commands and what does it here.
var ipvsadmCommands = map[string]string{
	"A": "service add", "E": "service edit", "D": "service delete",
	"a": "server add", "e": "server edit", "d": "server delete",
	"L": "list", "l": "list", "C": "clear", "Z": "zero", "S": "save", "R": "restore",
	"p": "service add … --persistent=SECONDS", "M": "service add … --netmask MASK",
}
