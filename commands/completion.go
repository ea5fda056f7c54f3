package commands

import (
	"github.com/spf13/cobra"
)

type completion struct{ app *App }

// Shells returns the shells for which completion has a script.
func Shells() []string { return []string{"bash", "zsh", "fish", "powershell"} }

func newCompletion(a *App) *cobra.Command {
	o := &completion{app: a}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print the completion script for a shell",
		Long: `Print a script with which the shell completes commands, options, services, servers,
schedulers and namespaces. Completion needs no privilege. The packages install these
scripts.

SHELL is bash, zsh, fish or powershell. The script for bash needs the package
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
		return usagef("SHELL is missing").hintf("use %s", orList(Shells()))
	}
	if err := noMore(args[1:], "name one shell: %s", orList(Shells())); err != nil {
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
	return usagef("invalid shell %q: want %s", args[0], orList(Shells()))
}
