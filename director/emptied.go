package director

import (
	"context"
	"errors"

	"lvs/kernel"
)

// lookTable reads one service every second, because a table that somebody has emptied
// (ipvsadm -C) refuses all clients until the next reading of the whole. If the service is
// missing, that is done at once. Other changes of the table can wait for it.
func (c *core) lookTable(ctx context.Context) {
	for _, s := range c.services {
		if !s.aim.Present || !s.inTable() {
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, lockTime)
		defer cancel()
		if _, err := c.o.Kernel.Snapshot(ctx, s.ServiceID); errors.Is(err, kernel.ErrNoService) {
			c.resyncAt = c.o.Now()
		}
		return
	}
}

// inTable reports whether the last pass found or left servers of the service in the table.
func (s *service) inTable() bool {
	for _, weight := range s.force {
		if weight >= 0 {
			return true
		}
	}
	return false
}
