package commands

import (
	"context"
	"fmt"
	"time"

	"lvs/cluster"
	"lvs/kernel"
	"lvs/output"
)

// finish waits until the servers that go are drained, but no longer than they
// are given.
func (o *apply) finish(ctx context.Context, q *planned, then *cluster.Steps) error {
	a := o.app
	watch, err := a.watchDrain(ctx)
	if err != nil {
		return err
	}
	going := departing(q, then)
	progress := &drainProgress{liveLine: a.liveLine(), what: "draining what goes"}
	defer progress.end()
	begun := a.Now()
	for pause := firstLook; ; pause = longer(pause) {
		snap, err := watch.read(ctx, servicesOf(going))
		if err != nil {
			return err
		}
		busy := stillBusy(watch, snap, going)
		rest := o.patience - a.Now().Sub(begun)
		if len(busy) == 0 || rest <= 0 {
			progress.end()
			o.tellCut(busy)
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
func departing(q *planned, then *cluster.Steps) []member {
	var all []member
	entries := entriesOf(q.before.Snapshot)
	for i := range then.Changes {
		c := &then.Changes[i]
		e := entries[c.Service.ServiceID]
		for j := range e.Servers {
			if c.Op == kernel.DeleteService || e.Servers[j].Addr == c.Server.Addr {
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
func (o *apply) tellCut(busy []output.Drain) {
	for i := range busy {
		if i == 5 {
			o.app.note("… and %s", plural(len(busy)-i, "other server"))
			return
		}
		o.app.note("%s", fmt.Sprintf("cut after %s: %v %v had %s", output.Duration(o.patience), busy[i].Service, busy[i].Server, busy[i].Reason))
	}
}
