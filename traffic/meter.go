// Package traffic turns the kernel's counters into rates and shares: what the
// dashboard, watch and whoever else looks again and again show per second, and
// what each server got of its service's new connections beside what was due.
package traffic

import (
	"time"

	"lvs/kernel"
)

// Rates are per second.
type Rates struct {
	Connections, PacketsIn, PacketsOut, BytesIn, BytesOut float64
}

// Add makes a sum.
func (r *Rates) Add(o Rates) {
	r.Connections += o.Connections
	r.PacketsIn += o.PacketsIn
	r.PacketsOut += o.PacketsOut
	r.BytesIn += o.BytesIn
	r.BytesOut += o.BytesOut
}

const (
	// KernelTick is how often the kernel updates the counters that it shows
	// (ip_vs_est.c): between two updates they stand still, however often they are
	// read. See docs/decisions/0012-watch-rates.md.
	KernelTick = 2 * time.Second
	// standsStill is how long counters must not have moved to say that there is
	// no traffic: an update that is due, and half a one for being late.
	standsStill = KernelTick + KernelTick/2
)

// Meter turns the counters of one service, server or table into what was counted
// between two readings, and into rates. The zero value is ready to use.
type Meter struct {
	// Last are the counters of the newest reading.
	Last kernel.Counters
	// Rates are measured, or the kernel's own estimates until two updates were
	// seen. They hold between two updates of the counters, and are 0 once the
	// counters have not moved for longer than that.
	Rates Rates

	// at is the time of Last, moved when Last was another before.
	at, moved time.Time
	// measured is set once rates are measured.
	measured bool
	// held is what the next interval counts from. It is older than Last while the
	// kernel has not updated the counters.
	held struct {
		stats kernel.Stats
		at    time.Time
		// moved is set if something was counted until then, or it is not known.
		moved bool
	}
}

// Reading is what a meter says of one reading.
type Reading struct {
	// Counted is what was counted in the time of Elapsed. Known is false for the
	// first reading, after a reset, and while the kernel has not updated the
	// counters: then the next interval counts from the same reading.
	Counted kernel.Counters
	Known   bool
	Elapsed time.Duration
	// Reset is set if the counters were set to zero since, or belong to another
	// object of the same name.
	Reset bool
}

// Add takes what the kernel says at a time. A time that is not later than the
// one before is ignored.
func (m *Meter) Add(s kernel.Stats, at time.Time) Reading {
	if m.at.IsZero() {
		m.Last, m.at, m.moved = s.Counters, at, at
		m.hold(s, at, true)
		m.estimate(s.Rates)
		return Reading{}
	}
	if !at.After(m.at) {
		return Reading{}
	}
	r := m.count(s, at)
	m.measure(s, at)
	m.Last, m.at = s.Counters, at
	return r
}

func (m *Meter) hold(s kernel.Stats, at time.Time, moved bool) {
	m.held.stats, m.held.at, m.held.moved = s, at, moved
}

// count compares with the reading that is held. If the kernel has not looked at
// the object since, nothing is known yet: if it had, and had found nothing new,
// its own estimates would have sunk.
func (m *Meter) count(s kernel.Stats, at time.Time) (r Reading) {
	if m.held.moved && m.held.stats == s && s.Rates != (kernel.Rates{}) {
		m.held.moved = false
		r.Elapsed = at.Sub(m.at)
		return r
	}
	r.Elapsed = at.Sub(m.held.at)
	r.Counted, r.Known = s.Counters.Sub(m.held.stats.Counters)
	r.Reset = !r.Known
	if r.Reset {
		r.Counted = kernel.Counters{}
	}
	m.hold(s, at, r.Reset || r.Counted != kernel.Counters{})
	return r
}

// measure renews the rates.
func (m *Meter) measure(s kernel.Stats, at time.Time) {
	counted, ok := s.Counters.Sub(m.Last)
	switch {
	case counted != kernel.Counters{}:
		// Within less than a tick there was one update, of that much time.
		over := max(at.Sub(m.at), KernelTick).Seconds()
		m.Rates = Rates{
			Connections: float64(counted.Connections) / over,
			PacketsIn:   float64(counted.PacketsIn) / over,
			PacketsOut:  float64(counted.PacketsOut) / over,
			BytesIn:     float64(counted.BytesIn) / over,
			BytesOut:    float64(counted.BytesOut) / over,
		}
		m.moved, m.measured = at, true
	case !ok:
		m.Rates, m.moved = Rates{}, at
	case at.Sub(m.moved) > standsStill:
		m.Rates, m.measured = Rates{}, true
	case !m.measured:
		m.estimate(s.Rates)
	}
}

func (m *Meter) estimate(r kernel.Rates) {
	m.Rates = Rates{
		Connections: float64(r.Connections),
		PacketsIn:   float64(r.PacketsIn), PacketsOut: float64(r.PacketsOut),
		BytesIn: float64(r.BytesIn), BytesOut: float64(r.BytesOut),
	}
}
