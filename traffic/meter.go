// Package traffic turns the kernel's counters into rates per second, for the dashboard,
// watch and other repeated readings, and into shares: what each server got of its
// service's new connections, compared with what its weight makes due.
package traffic

import (
	"time"

	"lvs/kernel"
)

// Rates are per second.
type Rates struct {
	Connections, PacketsIn, PacketsOut, BytesIn, BytesOut float64
}

// Add adds other rates.
func (r *Rates) Add(o Rates) {
	r.Connections += o.Connections
	r.PacketsIn += o.PacketsIn
	r.PacketsOut += o.PacketsOut
	r.BytesIn += o.BytesIn
	r.BytesOut += o.BytesOut
}

const (
	// KernelTick is how often the kernel updates the counters that it shows
	// (ip_vs_est.c): between two updates they do not change, no matter how often they are
	// read. See docs/decisions/0012-watch-rates.md.
	KernelTick = 2 * time.Second
	// standsStill is how long counters must be unchanged to mean that there is no
	// traffic: one update, and half of one for being late.
	standsStill = KernelTick + KernelTick/2
)

// Meter turns the counters of a service, a server or a table into differences between
// readings, and into rates. The zero value is ready to use.
type Meter struct {
	// Last are the counters of the newest reading.
	Last kernel.Counters
	// Rates are measured, or the kernel's estimates until two updates were seen. They stay
	// the same between two updates of the counters, and become 0 if the counters do not
	// change for longer than that.
	Rates Rates
	// Unknown is set if the rates are not known: from Pause until they are measured.
	Unknown bool

	// paused is set by Pause, resumed is the time of the first reading after it.
	paused  bool
	resumed time.Time
	// at is the time of Last, moved the time of the latest change of the counters.
	at, moved time.Time
	// measured is set once rates are measured.
	measured bool
	// held is the reading that the next interval counts from. It is older than Last while
	// the kernel has not updated the counters.
	held struct {
		stats kernel.Stats
		at    time.Time
		// moved is set if something was counted until then, or if that is unknown.
		moved bool
	}
}

// Reading is the result of one reading.
type Reading struct {
	// Counted is what was counted during Elapsed. Known is false for the first reading,
	// after a reset, for a pause, and while the kernel has not updated the counters: then the next
	// interval counts from the same reading.
	Counted kernel.Counters
	Known   bool
	Elapsed time.Duration
	// Reset is set if the counters were zeroed since the last reading, or belong to
	// another object with the same name.
	Reset bool
}

// Add adds a reading of the kernel's counters. It ignores a reading whose time is not
// later than that of the one before.
func (m *Meter) Add(s kernel.Stats, at time.Time) Reading {
	if m.paused {
		m.paused, m.resumed = false, at
	}
	switch {
	case m.at.IsZero():
		m.begin(s, at)
		m.estimate(s.Rates)
		return Reading{}
	case !at.After(m.at):
		return Reading{}
	case m.Unknown && m.at.Sub(m.resumed) < standsStill:
		// The kernel may not have added yet what it counted during the pause.
		return m.begin(s, at)
	}
	r := m.count(s, at)
	m.measure(s, at)
	m.Last, m.at = s.Counters, at
	return r
}

// Pause is Add while the kernel does not update the counters, see
// kernel.CountersStopped. The rates are unknown from then on, until counters that are
// updated again have been measured; what was counted during the pause is in no rate.
func (m *Meter) Pause(s kernel.Stats, at time.Time) Reading {
	r := m.begin(s, at)
	m.Rates, m.Unknown, m.measured, m.paused = Rates{}, true, false, true
	return r
}

// begin makes a reading the first one.
func (m *Meter) begin(s kernel.Stats, at time.Time) (r Reading) {
	if !m.at.IsZero() {
		_, ok := s.Counters.Sub(m.Last)
		r.Reset, r.Elapsed = !ok, at.Sub(m.at)
	}
	m.Last, m.at, m.moved = s.Counters, at, at
	m.hold(s, at, true)
	return r
}

func (m *Meter) hold(s kernel.Stats, at time.Time, moved bool) {
	m.held.stats, m.held.at, m.held.moved = s, at, moved
}

// count compares a reading with the held one. If the kernel has not updated the object
// since, nothing is known yet: an update without traffic would have lowered the
// kernel's estimates.
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

// measure updates the rates.
func (m *Meter) measure(s kernel.Stats, at time.Time) {
	counted, ok := s.Counters.Sub(m.Last)
	switch {
	case counted != kernel.Counters{}:
		// In less than a tick there was one update, which covers a whole tick.
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
	case !m.measured && !m.Unknown:
		m.estimate(s.Rates)
	}
	m.Unknown = m.Unknown && !m.measured
}

func (m *Meter) estimate(r kernel.Rates) {
	m.Rates = Rates{
		Connections: float64(r.Connections),
		PacketsIn:   float64(r.PacketsIn), PacketsOut: float64(r.PacketsOut),
		BytesIn: float64(r.BytesIn), BytesOut: float64(r.BytesOut),
	}
}
