package tui

import (
	"time"

	"lvs/kernel"
)

// rates are per second.
type rates struct {
	connections, packetsIn, packetsOut, bytesIn, bytesOut float64
}

// The kernel adds its counters up every two seconds (ip_vs_est.c): between two
// additions they stand still, however often they are read.
const (
	additionEvery = 2 * time.Second
	// standsStill is how long counters must not have moved to say that there is
	// no traffic: an addition that is due, and half a one for being late.
	standsStill = additionEvery + additionEvery/2
)

// meter turns counters into rates.
type meter struct {
	last kernel.Counters
	// at is the time of last, moved when last was another before.
	at, moved time.Time
	// known is set once rates are measured. Until then they are the kernel's own
	// estimates.
	known bool
	rates rates
}

// add takes what the kernel says at a time. It tells whether the counters were
// set to zero since.
func (m *meter) add(s kernel.Stats, at time.Time) (reset bool) {
	c := s.Counters
	if m.at.IsZero() {
		m.last, m.at, m.moved = c, at, at
		m.estimate(s.Rates)
		return false
	}
	between := at.Sub(m.at)
	if between <= 0 {
		return false
	}
	from := m.last
	if lessCounters(c, from) {
		from, reset = kernel.Counters{}, true
	}
	m.last, m.at = c, at
	switch {
	case c != from:
		// Within less than an addition's time there was one, of that much time.
		over := max(between, additionEvery).Seconds()
		m.rates = rates{
			connections: float64(c.Connections-from.Connections) / over,
			packetsIn:   float64(c.PacketsIn-from.PacketsIn) / over,
			packetsOut:  float64(c.PacketsOut-from.PacketsOut) / over,
			bytesIn:     float64(c.BytesIn-from.BytesIn) / over,
			bytesOut:    float64(c.BytesOut-from.BytesOut) / over,
		}
		m.moved, m.known = at, true
	case reset:
		m.rates, m.moved = rates{}, at
	case at.Sub(m.moved) > standsStill:
		m.rates, m.known = rates{}, true
	case !m.known:
		m.estimate(s.Rates)
	}
	return reset
}

func (m *meter) estimate(r kernel.Rates) {
	m.rates = rates{
		connections: float64(r.Connections),
		packetsIn:   float64(r.PacketsIn), packetsOut: float64(r.PacketsOut),
		bytesIn: float64(r.BytesIn), bytesOut: float64(r.BytesOut),
	}
}

// lessCounters tells whether any counter went back: zeroed, or another object
// of the same name.
func lessCounters(a, b kernel.Counters) bool {
	return a.Connections < b.Connections || a.PacketsIn < b.PacketsIn || a.PacketsOut < b.PacketsOut ||
		a.BytesIn < b.BytesIn || a.BytesOut < b.BytesOut
}

// since gives what was counted from a baseline on. Counters below it were set
// to zero since.
func since(c, base kernel.Counters) kernel.Counters {
	if lessCounters(c, base) {
		return c
	}
	return kernel.Counters{
		Connections: c.Connections - base.Connections,
		PacketsIn:   c.PacketsIn - base.PacketsIn,
		PacketsOut:  c.PacketsOut - base.PacketsOut,
		BytesIn:     c.BytesIn - base.BytesIn,
		BytesOut:    c.BytesOut - base.BytesOut,
	}
}

func (r *rates) add(o rates) {
	r.connections += o.connections
	r.packetsIn += o.packetsIn
	r.packetsOut += o.packetsOut
	r.bytesIn += o.bytesIn
	r.bytesOut += o.bytesOut
}
