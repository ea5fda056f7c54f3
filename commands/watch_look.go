package commands

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"lvs/doctor"
	"lvs/kernel"
	"lvs/output"
	"lvs/plan"
	"lvs/traffic"
)

// look is what the kernel has at one time.
type look struct {
	*kernel.Snapshot
	// timeouts and daemons belong to the whole table; nil if unknown, or if only some
	// services are watched.
	timeouts *kernel.Timeouts
	daemons  []kernel.Daemon
}

// mostLooks limits how often a table is read that changes all the time.
const mostLooks = 4

// settled reads the table and returns what has changed since the last reading. The kernel lists a
// large table piece by piece, and a change meanwhile can make it omit an object or
// list it twice. So a difference counts only if two looks in a row agree.
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

// look reads what is watched. Without privilege it reads what every user can read,
// unless rates are wanted, which that does not have.
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
	w.app.note("without privilege: changes of thresholds, persistence, flags, timeouts and sync daemons are not seen "+
		"(needs CAP_NET_ADMIN: sudo %s …)", w.app.Name)
	return now, nil
}

// kernel returns the open kernel, or a new one if IPVS was unloaded and is back.
// Opening makes the kernel load ip_vs, which a watcher must not do: so it asks the
// old one first.
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

// namedLook reads the services named, as far as they exist.
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
		all.Stopped = snap.Stopped
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

// changesTo returns the changes from one look to a later one. What public looks do
// not know never differs between them; a public look cannot be compared with another.
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

// meters measures what is counted between two looks.
type meters struct {
	// servers is set if servers are measured too.
	servers bool
	// at is the time of the last look.
	at time.Time
	// last has the meters of the last look, next those of the one being read: deleted
	// objects are forgotten.
	last, next map[kernel.ServerKey]*traffic.Meter
}

// read returns what each service, and server, counted since the look before.
func (m *meters) read(now *look) iter.Seq[output.Event] {
	return func(yield func(output.Event) bool) {
		defer func() { m.at = now.Time }()
		m.last, m.next = m.next, m.last
		if m.next == nil {
			m.next = map[kernel.ServerKey]*traffic.Meter{}
		}
		clear(m.next)
		for i := range now.Services {
			e := &now.Services[i]
			event := output.Event{Time: now.Time, Change: output.Change{Service: e.ServiceID}, Traffic: connectionsOf(e)}
			m.count(kernel.ServerKey{Service: e.ServiceID}, e.Stats, now, event.Traffic)
			if !yield(event) {
				return
			}
			if !m.servers {
				continue
			}
			for _, s := range serversByAddress(e.Servers) {
				event.Server = s.Addr
				event.Traffic = &output.Traffic{Active: uint64(s.Active), Inactive: uint64(s.Inactive), Blind: !s.OutboundKnown()}
				m.count(kernel.ServerKey{Service: e.ServiceID, Server: s.Addr}, s.Stats, now, event.Traffic)
				if !yield(event) {
					return
				}
			}
		}
	}
}

// count measures an object. A new object has no rates yet, and none has while the kernel
// does not update its counters.
func (m *meters) count(of kernel.ServerKey, now kernel.Stats, in *look, t *output.Traffic) {
	meter := m.last[of]
	if meter == nil {
		meter = &traffic.Meter{}
	}
	m.next[of] = meter
	add := meter.Add
	if in.Stopped != "" {
		add = meter.Pause
	}
	r := add(now, in.Time)
	if t.Elapsed = r.Elapsed; t.Elapsed == 0 {
		t.Elapsed = in.Time.Sub(m.at)
	}
	if r.Known {
		t.Counted = &r.Counted
	}
}

// connectionsOf adds up the connections of a service's servers.
func connectionsOf(e *kernel.ServiceEntry) *output.Traffic {
	t := &output.Traffic{Blind: !e.OutboundKnown()}
	for i := range e.Servers {
		s := &e.Servers[i]
		t.Active += uint64(s.Active)
		t.Inactive += uint64(s.Inactive)
	}
	return t
}

// serversByAddress returns the servers sorted by address, which does not depend on
// when each was added.
func serversByAddress(servers []kernel.ServerEntry) []*kernel.ServerEntry {
	out := make([]*kernel.ServerEntry, len(servers))
	for i := range servers {
		out[i] = &servers[i]
	}
	slices.SortFunc(out, func(a, b *kernel.ServerEntry) int { return a.Addr.Compare(b.Addr) })
	return out
}

// noteStopped prints once that the kernel does not update its counters, and that it
// does again.
func (w *watcher) noteStopped(now *look) {
	switch {
	case !w.rates || now.Stopped == w.stopped:
		return
	case now.Stopped == "":
		w.app.note("the kernel updates counters and rates again")
	default:
		w.app.quote(doctor.StoppedCounters(now.Stopped))
	}
	w.stopped = now.Stopped
}
