package commands

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"lvs/commands/ipvsadm"
	"lvs/kernel"
)

func (a *App) newIpvsadm() *cobra.Command {
	return &cobra.Command{
		Use:   "ipvsadm [ARGUMENT…]",
		Short: "Do what ipvsadm does with the same arguments",
		Long: `Takes the arguments of ipvsadm, prints what ipvsadm prints and ends with its exit
status. A link named ipvsadm, ipvsadm-save or ipvsadm-restore to this program does
the same without the word before it, so that scripts go on unchanged.

Of the options of lvs only --netns has an effect, and it stands before: the
arguments behind belong to ipvsadm, --help among them.`,
		Example: `  lvs ipvsadm -A -t 192.0.2.11:80 -s wlc
  lvs ipvsadm -L -n --stats
  lvs --netns director ipvsadm -Ln`,
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, _ []string) error {
			return usagef("before ipvsadm only --netns can stand").hintf("%s [--netns NAME] %s", a.Name, c.Use)
		},
		ValidArgsFunction: nothing,
	}
}

// asIpvsadm runs a command line that is ipvsadm's: of a link with its name, or
// behind the verb. It needs no tree of verbs, so that it begins at once.
func (a *App) asIpvsadm(ctx context.Context, args []string) (status int, ok bool) {
	p := ipvsadm.Program{
		Name: a.Name, Called: a.Called,
		In: a.In, Out: a.Out, Err: a.Err,
		Names: ipvsadm.SystemNames(ctx),
	}
	netns := ""
	if !ipvsadm.Is(a.Name) {
		if netns, args, ok = a.behindIpvsadm(args); !ok {
			return 0, false
		}
		p.Name, p.Called = "ipvsadm", a.Name+" ipvsadm"
	}
	p.Open = func() (kernel.Kernel, error) {
		k, err := a.OpenKernel(kernel.Options{Netns: netns, Alone: true})
		if err == nil && a.Env(journalVariable) == journalAll {
			k = &recorder{k, a}
		}
		return k, err
	}
	// That the journal fails is told to nobody: whoever reads what ipvsadm says
	// knows its words alone.
	a.global.netns, a.global.quiet = netns, true
	return p.Run(ctx, args), true
}

// behindIpvsadm gives the arguments behind the verb, and the namespace before
// it.
func (a *App) behindIpvsadm(args []string) (netns string, rest []string, ok bool) {
	netns = a.Env("LVS_NETNS")
	for len(args) > 0 && args[0] != "ipvsadm" {
		value, joined := strings.CutPrefix(args[0], "--netns=")
		switch {
		case joined:
			netns, args = value, args[1:]
		case args[0] == "--netns" && len(args) > 1:
			netns, args = args[1], args[2:]
		default:
			return "", nil, false
		}
	}
	if len(args) == 0 {
		return "", nil, false
	}
	return netns, args[1:], true
}
