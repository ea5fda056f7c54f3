package kernel

// Counters are totals since the object was added or last set to zero. They have
// 64 bits from Linux 4.1; on older kernels they wrap at 2³². Outbound counters
// stay zero if replies do not pass the director; see Forward.RepliesPassDirector.
type Counters struct {
	Connections uint64
	PacketsIn   uint64
	PacketsOut  uint64
	BytesIn     uint64
	BytesOut    uint64
}

// Rates are the kernel's own estimates per second: a moving average over about
// eight seconds, updated every two (ip_vs_est.c).
type Rates struct {
	Connections uint64
	PacketsIn   uint64
	PacketsOut  uint64
	BytesIn     uint64
	BytesOut    uint64
}

// Stats are the statistics of a service, a server or the whole table.
type Stats struct {
	Counters Counters
	Rates    Rates
}

// Add returns the sum of two sets of counters.
func (c Counters) Add(d Counters) Counters {
	return Counters{
		Connections: c.Connections + d.Connections,
		PacketsIn:   c.PacketsIn + d.PacketsIn,
		PacketsOut:  c.PacketsOut + d.PacketsOut,
		BytesIn:     c.BytesIn + d.BytesIn,
		BytesOut:    c.BytesOut + d.BytesOut,
	}
}

// Sub returns what was counted since earlier, an older reading of the same
// object. If any counter went back, the counters were set to zero or the object
// was deleted and added again: then ok is false and Sub returns c, which is all
// that is known of the time since. What was counted between the earlier reading
// and the reset is lost.
func (c Counters) Sub(earlier Counters) (counted Counters, ok bool) {
	if c.Connections < earlier.Connections || c.PacketsIn < earlier.PacketsIn || c.PacketsOut < earlier.PacketsOut ||
		c.BytesIn < earlier.BytesIn || c.BytesOut < earlier.BytesOut {
		return c, false
	}
	return Counters{
		Connections: c.Connections - earlier.Connections,
		PacketsIn:   c.PacketsIn - earlier.PacketsIn,
		PacketsOut:  c.PacketsOut - earlier.PacketsOut,
		BytesIn:     c.BytesIn - earlier.BytesIn,
		BytesOut:    c.BytesOut - earlier.BytesOut,
	}, true
}

// Add returns the sum of two sets of rates.
func (r Rates) Add(o Rates) Rates { return Rates(Counters(r).Add(Counters(o))) }
