package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lvs/kernel"
	"lvs/operate"
)

// released switches settings on, calls do, which deletes servers, waits until their
// connections are gone, and restores the settings. With --dry-run it only says so.
func (a *App) released(ctx context.Context, settings []string, do func() (gone []kernel.ServerKey, err error)) error {
	names := strings.Join(fullNames(settings), " and ")
	if a.global.dryRun {
		a.note("would set %s to 1 until the connections are gone", names)
		_, err := do()
		return err
	}
	op, err := a.operator()
	if err != nil {
		return err
	}
	borrowed, err := op.Borrow(ctx, settings...)
	if err != nil {
		f := &fault{status: statusOf(err), err: fmt.Errorf("--release: cannot set %s for some time; nothing was changed: %w",
			names, err)}
		return f.hintf("set it with sysctl -w before the deletion, and set it back afterwards")
	}
	if on := borrowed.Names(); len(on) > 0 {
		a.note("for all services of the table, until the connections are gone: %s=1", strings.Join(fullNames(on), "=1 "))
	}
	gone, err := do()
	var left uint64
	if err == nil && len(gone) > 0 {
		left, err = op.AwaitReleased(context.WithoutCancel(ctx), gone)
	}
	if restored := borrowed.GiveBack(ctx); restored != nil {
		f := &fault{status: exitFailed, err: fmt.Errorf("cannot restore %s: %w", names, restored)}
		f = f.hintf("sysctl -w %s=0", strings.Join(fullNames(borrowed.Names()), "=0 "))
		if err == nil {
			return f
		}
		return faults{f, err}
	}
	switch {
	case err != nil:
		return err
	case left > 0:
		f := &fault{status: exitTimeout, err: fmt.Errorf("%s not released: packets are dropped until %s",
			wereOrWas(left), "they time out")}
		return f.hintf("%s connections --filter orphaned=true lists them", a.here())
	}
	return nil
}

func wereOrWas(n uint64) string {
	if n == 1 {
		return "1 connection was"
	}
	return plural(n, "connection") + " were"
}

// fullNames returns settings as sysctl names them.
func fullNames(settings []string) []string {
	out := make([]string, len(settings))
	for i, s := range settings {
		out[i] = "net.ipv4.vs." + s
	}
	return out
}

// restoreBroken restores settings that a killed --release has left behind.
func (a *App) restoreBroken(op *operate.Operator) {
	if a.global.dryRun || a.ctx == nil {
		return
	}
	names, err := op.RestoreBroken(a.ctx)
	if len(names) > 0 {
		a.note("set back to 0, because a command with --release was killed: %s", strings.Join(fullNames(names), ", "))
	}
	if err != nil {
		a.note("cannot restore what a killed command with --release has set: %v", err)
	}
}

type releaseEnd struct{ app *App }

// newRelease returns the hidden verb of the background process of --release.
func newRelease(a *App) *cobra.Command {
	o := &releaseEnd{app: a}
	c := &cobra.Command{
		Use:    "release SETTING…",
		Short:  "Restore what a killed command with --release has set",
		Hidden: true,
		Long: `Set settings of net.ipv4.vs back to 0 that a command with --release has set to 1, unless
another one still needs them. The background process of --release runs this when that
command was killed.`,
		Example:           `  lvs release expire_nodest_conn`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.kernelFlags(c)
	return c
}

func (o *releaseEnd) run(c *cobra.Command, args []string) error {
	for _, name := range args {
		if name != kernel.ExpireNodestConn && name != kernel.ExpireQuiescentTemplate {
			return usagef("invalid setting %q: want %s or %s", name, kernel.ExpireNodestConn, kernel.ExpireQuiescentTemplate)
		}
	}
	if len(args) == 0 {
		return usagef("the setting is missing")
	}
	op, err := o.app.operator()
	if err != nil {
		return err
	}
	if op.Table == "" {
		return errors.New("this table cannot be identified")
	}
	return op.RestoreSettings(c.Context(), args)
}
