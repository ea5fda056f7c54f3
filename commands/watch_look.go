package commands

import (
	"context"
	"errors"
	"slices"

	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
)

// look is what is to be seen at one time.
type look struct {
	*kernel.Snapshot
	// timeouts and daemons are the whole table's. Nil is not known, or not asked
	// for.
	timeouts *kernel.Timeouts
	daemons  []kernel.Daemon
}

// mostLooks bounds how often a table is looked at that changes all the time.
const mostLooks = 4

// settled looks, and gives what has changed since the last look. The kernel lists
// a large table piece by piece, and a change meanwhile can make it leave
// something out or list it twice. So a difference is believed when two looks in
// a row agree.
func (w *watcher) settled(ctx context.Context) (*look, []output.Change, error) {
	before := w.last
	for range mostLooks {
		now, err := w.look(ctx)
		if err != nil {
			return nil, nil, err
		}
		agree := before != nil && len(before.changesTo(now)) == 0
		switch {
		case agree && before == w.last:
			return now, nil, nil
		case agree:
			return now, w.changes(now), nil
		}
		before = now
	}
	return before, w.changes(before), nil
}

func (w *watcher) changes(now *look) []output.Change {
	if w.last == nil {
		return nil
	}
	return w.last.changesTo(now)
}

// look reads what is to be watched; without privilege what everyone may read,
// unless rates are asked for, which are not in that.
func (w *watcher) look(ctx context.Context) (*look, error) {
	k, err := w.kernel(ctx)
	if err != nil {
		return nil, err
	}
	if w.public {
		return w.publicLook(ctx, k)
	}
	now, refused := w.fullLook(ctx, k)
	if w.rates || !errors.Is(refused, kernel.ErrPermission) {
		return now, refused
	}
	if now, err = w.publicLook(ctx, k); err != nil {
		return nil, refused
	}
	w.public = true
	w.app.note("without privilege: changes of thresholds, persistence, flags, timeouts and sync daemons are not seen (needs CAP_NET_ADMIN: sudo %s …)", w.app.Name)
	return now, nil
}

// kernel gives the open one, or a new one where IPVS was gone and is back.
// Opening makes the kernel load ip_vs, which is not for a watcher to do: so the
// old one is asked first.
func (w *watcher) kernel(ctx context.Context) (kernel.Kernel, error) {
	if !w.gone {
		return w.app.kernel()
	}
	if _, err := w.app.opened.PublicSnapshot(ctx); err != nil {
		return nil, err
	}
	k, err := w.app.reopen()
	w.gone = err != nil
	return k, err
}

func (w *watcher) fullLook(ctx context.Context, k kernel.Kernel) (*look, error) {
	if len(w.ids) > 0 {
		return w.namedLook(ctx, k)
	}
	snap, err := k.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	t, err := k.Timeouts(ctx)
	if err != nil {
		return nil, err
	}
	daemons, err := k.Daemons(ctx)
	return &look{snap, &t, daemons}, err
}

// namedLook reads the services named, as far as they are there.
func (w *watcher) namedLook(ctx context.Context, k kernel.Kernel) (*look, error) {
	all := &kernel.Snapshot{Time: w.app.Now()}
	for _, id := range w.ids {
		snap, err := k.Snapshot(ctx, id)
		if errors.Is(err, kernel.ErrNoService) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all.Services = append(all.Services, snap.Services...)
	}
	return &look{Snapshot: all}, nil
}

func (w *watcher) publicLook(ctx context.Context, k kernel.Kernel) (*look, error) {
	snap, err := k.PublicSnapshot(ctx)
	if err != nil {
		return nil, err
	}
	if len(w.ids) > 0 {
		snap.Services = slices.DeleteFunc(snap.Services, func(s kernel.ServiceEntry) bool {
			return !slices.Contains(w.ids, s.ServiceID)
		})
	}
	return &look{Snapshot: snap}, nil
}

// changesTo gives what leads from one look to a later one. Two public ones do
// not know the same things, so these never differ; between a public one and
// another there is no telling.
func (l *look) changesTo(now *look) []output.Change {
	if l.Public != now.Public {
		return nil
	}
	var rows []output.Change
	if plan := plan.Between(l.Snapshot, plan.Of(now.Snapshot), plan.Options{Prune: true}); len(plan) > 0 {
		rows = planRows(l.Snapshot, plan, false)
		for i := range rows {
			rows[i].Public = now.Public
		}
	}
	if t := now.timeouts; t != nil && (l.timeouts == nil || *t != *l.timeouts) {
		rows = append(rows, output.Change{Op: "set timeouts", BeforeTimeouts: l.timeouts, AfterTimeouts: t})
	}
	for i := range l.daemons {
		if d := &l.daemons[i]; !slices.Contains(now.daemons, *d) {
			rows = append(rows, output.Change{Op: "stop sync " + d.Role.String(), BeforeDaemon: d})
		}
	}
	for i := range now.daemons {
		if d := &now.daemons[i]; !slices.Contains(l.daemons, *d) {
			rows = append(rows, output.Change{Op: "start sync " + d.Role.String(), AfterDaemon: d})
		}
	}
	return rows
}
