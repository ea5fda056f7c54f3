package commands

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"lvs/kernel"
)

func (a *App) newSync() *cobra.Command {
	return a.group("sync", "Start, stop and show the connection sync daemons",
		`A master sends its connections to a multicast group; a backup listens and keeps
them, so that it can take over without cutting any. A director can run one of
each.`,
		a.newSyncStart(), a.newSyncStop(), a.newSyncStatus())
}

func parseRole(args []string) (kernel.Role, error) {
	if len(args) == 0 {
		return 0, usagef("master or backup?")
	}
	role, err := kernel.ParseRole(args[0])
	if err != nil {
		return 0, usagef("%w", err)
	}
	return role, noMore(args[1:])
}

// foreseeDaemon tells a dry run what the kernel would refuse.
func (a *App) foreseeDaemon(ctx context.Context, role kernel.Role, start bool) error {
	if !a.global.dryRun {
		return nil
	}
	k, err := a.kernel()
	if err != nil {
		return err
	}
	daemons, err := k.Daemons(ctx)
	if err != nil {
		return err
	}
	runs := slices.ContainsFunc(daemons, func(d kernel.Daemon) bool { return d.Role == role })
	switch {
	case start && runs:
		return &kernel.Error{Op: "start the sync " + role.String(), Err: kernel.ErrExists}
	case !start && !runs:
		return &kernel.Error{Op: "stop the sync " + role.String(), Err: kernel.ErrNoDaemon}
	}
	return nil
}
