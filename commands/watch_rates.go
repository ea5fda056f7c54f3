package commands

import (
	"context"
	"iter"
	"slices"
	"time"

	"lvs/doctor"
	"lvs/kernel"
	"lvs/output"
	"lvs/traffic"
)

// meters measure what is counted between two looks.
type meters struct {
	// servers tells whether servers are measured too.
	servers bool
	// at is the time of the last look.
	at time.Time
	// last are those of the last look, next those of the one being read: what is
	// gone is forgotten.
	last, next map[kernel.ServerKey]*traffic.Meter
}

// read returns what each service, and server, did since the look before.
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
			m.count(kernel.ServerKey{Service: e.ServiceID}, e.Stats, now.Time, event.Traffic)
			if !yield(event) {
				return
			}
			if !m.servers {
				continue
			}
			for _, s := range serversByAddress(e.Servers) {
				event.Server = s.Addr
				event.Traffic = &output.Traffic{Active: uint64(s.Active), Inactive: uint64(s.Inactive), Blind: !s.OutboundKnown()}
				m.count(kernel.ServerKey{Service: e.ServiceID, Server: s.Addr}, s.Stats, now.Time, event.Traffic)
				if !yield(event) {
					return
				}
			}
		}
	}
}

// count measures an object. Nothing is known of a new one.
func (m *meters) count(of kernel.ServerKey, now kernel.Stats, at time.Time, t *output.Traffic) {
	meter := m.last[of]
	if meter == nil {
		meter = &traffic.Meter{}
	}
	m.next[of] = meter
	r := meter.Add(now, at)
	if t.Elapsed = r.Elapsed; t.Elapsed == 0 {
		t.Elapsed = at.Sub(m.at)
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

// serversByAddress orders servers by what does not depend on when each was added.
func serversByAddress(servers []kernel.ServerEntry) []*kernel.ServerEntry {
	out := make([]*kernel.ServerEntry, len(servers))
	for i := range servers {
		out[i] = &servers[i]
	}
	slices.SortFunc(out, func(a, b *kernel.ServerEntry) int { return a.Addr.Compare(b.Addr) })
	return out
}

// checkEstimation says so if the kernel was told to leave the counters alone.
func (w *watcher) checkEstimation(ctx context.Context) error {
	k, err := w.app.kernel()
	if err != nil {
		return err
	}
	settings, err := doctor.ReadSettings(ctx, k)
	if err == nil {
		w.app.quote(doctor.StoppedCounters(settings))
	}
	return nil // what cannot be read may be on
}
