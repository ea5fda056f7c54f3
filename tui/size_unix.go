//go:build unix

package tui

import (
	"context"
	"iter"
	"os"
	"os/signal"
	"syscall"
)

// sizeChanges yields after each change of the terminal's size, until the context ends.
func sizeChanges(ctx context.Context) iter.Seq[struct{}] {
	return func(yield func(struct{}) bool) {
		changed := make(chan os.Signal, 1)
		signal.Notify(changed, syscall.SIGWINCH)
		defer signal.Stop(changed)
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
				if !yield(struct{}{}) {
					return
				}
			}
		}
	}
}
