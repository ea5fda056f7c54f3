package commands

import (
	"strings"

	"github.com/spf13/cobra"
)

type completion struct{ app *App }

// Shells are those that completion knows.
func Shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func newCompletion(a *App) *cobra.Command {
	o := &completion{app: a}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script of a shell",
		Long: `Prints a script that lets the shell complete commands, options and what is in the
table now: services, servers, schedulers, namespaces. It asks only for what
everyone may read. Packages install it already.

SHELL is bash, zsh, fish or powershell. That of bash needs the package
bash-completion.`,
		Example: `  source <(lvs completion bash)
  lvs completion zsh > "${fpath[1]}/_lvs"
  lvs completion fish > ~/.config/fish/completions/lvs.fish`,
		RunE:              o.run,
		ValidArgsFunction: oneOf(Shells()...),
	}
}

func (o *completion) run(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usagef("for which shell?").hintf("it is %s", strings.Join(Shells(), ", "))
	}
	if err := noMore(args[1:]); err != nil {
		return err
	}
	root, out := c.Root(), o.app.Out
	switch args[0] {
	case "bash":
		return root.GenBashCompletionV2(out, true)
	case "zsh":
		return root.GenZshCompletion(out)
	case "fish":
		return root.GenFishCompletion(out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(out)
	}
	return usagef("unknown shell %q", args[0]).hintf("it is %s", strings.Join(Shells(), ", "))
}
