package commands

import (
	"context"

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

// running gives the daemon of a role, or nil.
func (a *App) running(ctx context.Context, role kernel.Role) (*kernel.Daemon, error) {
	k, err := a.kernel()
	if err != nil {
		return nil, err
	}
	daemons, err := k.Daemons(ctx)
	if err != nil {
		return nil, err
	}
	for i := range daemons {
		if daemons[i].Role == role {
			return &daemons[i], nil
		}
	}
	return nil, nil
}
