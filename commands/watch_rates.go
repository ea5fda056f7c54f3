package commands

import (
	"context"
	"iter"
	"slices"
	"time"

	"lvs/kernel"
	"lvs/output"
)

// kernelTick is how often the kernel brings the counters up to date that it
// shows (ip_vs_est.c). See docs/decisions/0012-watch-rates.md.
const kernelTick = 2 * time.Second

// meter turns counters into what was counted between two looks.
type meter struct {
	// servers tells whether servers are measured too.
	servers bool
	// at is the time of the last look.
	at time.Time
	// last are its samples, next takes those of the one being read.
	last, next map[object]sample
}

// sample is what an object had counted at a time.
type sample struct {
	stats kernel.Stats
	at    time.Time
	// moved is set where something was counted until then, or it is not known.
	moved bool
}

// read gives what each service, and server, did since the look before.
func (m *meter) read(now *look) iter.Seq[output.Event] {
	return func(yield func(output.Event) bool) {
		defer func() { m.at = now.Time }()
		m.last, m.next = m.next, m.last
		if m.next == nil {
			m.next = map[object]sample{}
		}
		clear(m.next)
		for i := range now.Services {
			e := &now.Services[i]
			event := output.Event{Time: now.Time, Change: output.Change{Service: e.ServiceID}, Traffic: connectionsOf(e)}
			m.count(object{service: e.ServiceID}, &e.Stats, now.Time, event.Traffic)
			if !yield(event) {
				return
			}
			if !m.servers {
				continue
			}
			for _, s := range serversByAddress(e.Servers) {
				event.Server = s.Addr
				event.Traffic = &output.Traffic{Active: uint64(s.Active), Inactive: uint64(s.Inactive), Blind: blind(s)}
				m.count(object{e.ServiceID, s.Addr}, &s.Stats, now.Time, event.Traffic)
				if !yield(event) {
					return
				}
			}
		}
	}
}

// count compares an object's counters with those of its last sample. Nothing is
// known of a new object, nor where a counter went back: it was set to zero, or is
// another object's. Nor where the kernel has not yet brought the counters up to
// date: then the next interval counts from the same sample.
func (m *meter) count(o object, now *kernel.Stats, at time.Time, t *output.Traffic) {
	was, known := m.last[o]
	s := sample{stats: *now, at: at, moved: true}
	switch t.Elapsed = at.Sub(m.at); {
	case !known:
	case was.moved && late(&was.stats, now):
		s, s.moved = was, false
	default:
		t.Elapsed = at.Sub(was.at)
		t.Counted = difference(&was.stats.Counters, &now.Counters, t.Elapsed)
		s.moved = t.Counted == nil || *t.Counted != kernel.Counters{}
	}
	m.next[o] = s
}

// late tells whether the kernel has not looked at an object since. When it does
// and finds nothing new, its own estimates sink.
func late(was, now *kernel.Stats) bool { return *was == *now && now.Rates != kernel.Rates{} }

func difference(was, now *kernel.Counters, elapsed time.Duration) *kernel.Counters {
	if elapsed <= 0 || now.Connections < was.Connections || now.PacketsIn < was.PacketsIn ||
		now.PacketsOut < was.PacketsOut || now.BytesIn < was.BytesIn || now.BytesOut < was.BytesOut {
		return nil
	}
	return &kernel.Counters{
		Connections: now.Connections - was.Connections,
		PacketsIn:   now.PacketsIn - was.PacketsIn, PacketsOut: now.PacketsOut - was.PacketsOut,
		BytesIn: now.BytesIn - was.BytesIn, BytesOut: now.BytesOut - was.BytesOut,
	}
}

// connectionsOf adds up the connections of a service's servers.
func connectionsOf(e *kernel.ServiceEntry) *output.Traffic {
	t := &output.Traffic{Blind: len(e.Servers) > 0}
	for i := range e.Servers {
		s := &e.Servers[i]
		t.Active += uint64(s.Active)
		t.Inactive += uint64(s.Inactive)
		t.Blind = t.Blind && blind(s)
	}
	return t
}

// blind tells whether a server's answers do not pass the director, as a rule.
func blind(s *kernel.ServerEntry) bool {
	return s.Forward == kernel.Direct || s.Forward == kernel.Tunneling
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

// checkEstimation says so where the kernel was told to leave the counters alone
// (run_estimation, from Linux 6.2).
func (w *watcher) checkEstimation(ctx context.Context) error {
	k, err := w.app.kernel()
	if err != nil {
		return err
	}
	all, err := k.Sysctls(ctx)
	if err == nil && slices.Contains(all, kernel.Sysctl{Name: "run_estimation", Value: "0"}) {
		w.app.note("the counters stand still: net.ipv4.vs.run_estimation is 0")
	}
	return nil // what cannot be read may be on
}
