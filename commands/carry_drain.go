package commands

import (
	"context"
	"time"

	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
)

// finish waits until the servers that go are drained, but no longer than they
// are given.
func (c *carrier) finish(ctx context.Context, before *plan.Table, then *plan.Steps) error {
	a := c.app
	watch, err := a.watchDrain(ctx)
	if err != nil {
		return err
	}
	going := departing(before, then)
	progress := &drainProgress{liveLine: a.liveLine(), what: "draining what goes"}
	defer progress.end()
	begun := a.Now()
	for pause := firstLook; ; pause = longer(pause) {
		snap, err := watch.read(ctx, servicesOf(going))
		if err != nil {
			return err
		}
		busy := stillBusy(watch, snap, going)
		rest := c.patience - a.Now().Sub(begun)
		if len(busy) == 0 || rest <= 0 {
			progress.end()
			c.tellCut(busy)
			return nil
		}
		progress.tell(busy)
		if err := a.Sleep(ctx, min(pause, max(rest, time.Millisecond))); err != nil {
			return err
		}
	}
}

// departing are the servers that steps delete, by themselves or with their
// service.
func departing(before *plan.Table, then *plan.Steps) []member {
	var all []member
	entries := entriesOf(before.Snapshot)
	for i := range then.Changes {
		gone := &then.Changes[i]
		e := entries[gone.Service.ServiceID]
		for j := range e.Servers {
			if gone.Op == kernel.DeleteService || e.Servers[j].Addr == gone.Server.Addr {
				all = append(all, member{e.Service, e.Servers[j]})
			}
		}
	}
	return all
}

// stillBusy gives those of the servers that are there and not drained. A weight
// that somebody else has set is none of our business: the server goes.
func stillBusy(w *drainWatch, now *kernel.Snapshot, going []member) []output.Drain {
	var busy []output.Drain
	entries := entriesOf(now)
	for i := range going {
		e := entries[going[i].service.ServiceID]
		if e == nil {
			continue
		}
		if s := findServer(e, going[i].Addr); s != nil {
			if row := w.row(&member{e.Service, *s}); row.State == output.Draining {
				busy = append(busy, row)
			}
		}
	}
	return busy
}

// tellCut says what had not ended when the time was over.
func (c *carrier) tellCut(busy []output.Drain) {
	for i := range busy {
		if i == 5 {
			c.app.note("… and %s", plural(len(busy)-i, "other server"))
			return
		}
		c.app.note("cut after %s: %v %v had %s", output.Duration(c.patience), busy[i].Service, busy[i].Server, busy[i].Reason)
	}
}
