package tui

import (
	"cmp"

	"lvs/kernel"
	"lvs/traffic"
)

// activity is what a row of any table does: a service, a server, a machine.
type activity struct {
	active, inactive, persistent uint64
	rates                        traffic.Rates
	// counted is since the baseline.
	counted kernel.Counters
	// blind is set if the director sees no answer of its servers, public if the
	// kernel shows no counters.
	blind, public bool
	// stopped is set if the counters are not up to date, unknown if the rates are not
	// known: then, and until they are measured again.
	stopped, unknown bool
}

// activityOf returns the rates and counters of an object.
func (m *Model) activityOf(o *object) activity {
	return activity{rates: o.Rates, counted: o.counted(), public: m.sample.Public,
		stopped: m.sample.Stopped != "", unknown: o.Unknown}
}

// add makes a sum over servers.
func (t *activity) add(v *kernel.ServerEntry) {
	t.active += uint64(v.Active)
	t.inactive += uint64(v.Inactive)
	t.persistent += uint64(v.Persistent)
	t.blind = t.blind && !v.OutboundKnown()
}

// connectionColumns are the connections that are open.
func connectionColumns[R any](m *Model, of func(*R) *activity) []column[R] {
	return []column[R]{
		{key: "active", title: "ACTIVE", help: "active (established) connections", width: 6, down: true,
			cell:    func(r *R) string { return countText(of(r).active) },
			compare: by(of, func(t *activity) uint64 { return t.active })},
		{key: "inactive", title: "INACTIVE", short: "INACT", help: "connections in any other state",
			width: 5, rank: 3, down: true,
			cell:    func(r *R) string { return countText(of(r).inactive) },
			compare: by(of, func(t *activity) uint64 { return t.inactive })},
		{key: "clients", title: "CLIENTS", help: "clients bound by persistence", width: 5, rank: 12, off: true, down: true,
			cell:    func(r *R) string { return m.count(of(r).persistent, of(r).public) },
			compare: by(of, func(t *activity) uint64 { return t.persistent })},
	}
}

// rateColumn is a column for one of the rates.
type rateColumn struct {
	key, title, short, was, help string
	width, rank                  int
	// outbound is set for what the director sees only if answers pass it.
	outbound bool
	of       func(*traffic.Rates) float64
}

// rateColumns are per second.
func rateColumns[R any](m *Model, of func(*R) *activity) []column[R] {
	var out []column[R]
	for _, c := range []rateColumn{
		{"connectionsPerSecond", "CONNS/S", "", "cps", "new connections per second", 6, 2, false,
			func(r *traffic.Rates) float64 { return r.Connections }},
		{"packetsInPerSecond", "IN-PKTS/S", "IN-P/S", "inpps", "packets per second from clients", 6, 9, false,
			func(r *traffic.Rates) float64 { return r.PacketsIn }},
		{"packetsOutPerSecond", "OUT-PKTS/S", "OUT-P/S", "outpps", "packets per second to clients, if they pass the director",
			6, 10, true, func(r *traffic.Rates) float64 { return r.PacketsOut }},
		{"bytesInPerSecond", "IN-BYTES/S", "IN-B/S", "inbps", "bytes per second from clients", 6, 6, false,
			func(r *traffic.Rates) float64 { return r.BytesIn }},
		{"bytesOutPerSecond", "OUT-BYTES/S", "OUT-B/S", "outbps", "bytes per second to clients, if they pass the director",
			7, 7, true, func(r *traffic.Rates) float64 { return r.BytesOut }},
	} {
		out = append(out, column[R]{key: c.key, title: c.title, short: c.short, was: c.was, help: c.help,
			width: c.width, rank: c.rank, down: true,
			cell: func(r *R) string {
				t := of(r)
				switch {
				case t.public:
					return "?"
				case t.unknown, c.outbound && t.blind:
					return m.g.dash
				}
				return rateText(c.of(&t.rates))
			},
			compare: by(of, func(t *activity) float64 { return c.of(&t.rates) }),
		})
	}
	return out
}

// countedColumns are totals, or what was counted since the baseline. They are
// shown when chosen.
func countedColumns[R any](m *Model, of func(*R) *activity) []column[R] {
	const since = " in total, or since z was pressed"
	var out []column[R]
	for _, c := range []struct {
		key, title, was, help string
		outbound              bool
		of                    func(*kernel.Counters) uint64
	}{
		{"connections", "CONNS", "conns", "connections" + since, false,
			func(c *kernel.Counters) uint64 { return c.Connections }},
		{"packetsIn", "IN-PKTS", "inpkts", "packets from clients" + since, false,
			func(c *kernel.Counters) uint64 { return c.PacketsIn }},
		{"packetsOut", "OUT-PKTS", "outpkts", "packets to clients" + since, true,
			func(c *kernel.Counters) uint64 { return c.PacketsOut }},
		{"bytesIn", "IN-BYTES", "inbytes", "bytes from clients" + since, false,
			func(c *kernel.Counters) uint64 { return c.BytesIn }},
		{"bytesOut", "OUT-BYTES", "outbytes", "bytes to clients" + since, true,
			func(c *kernel.Counters) uint64 { return c.BytesOut }},
	} {
		out = append(out, column[R]{key: c.key, title: c.title, was: c.was, help: c.help,
			width: 6, rank: 13, off: true, down: true,
			cell: func(r *R) string {
				t := of(r)
				if (t.stopped || c.outbound && t.blind) && !t.public {
					return m.g.dash
				}
				return m.count(c.of(&t.counted), t.public)
			},
			compare: by(of, func(t *activity) uint64 { return c.of(&t.counted) }),
		})
	}
	return out
}

// trendColumn is a picture of the last minute.
func trendColumn[R any](m *Model, of func(*R) *activity, object func(*R) *object) column[R] {
	const width = 12
	return column[R]{key: "trend", title: "LAST MINUTE", help: "chart of new connections per second, last 60 refreshes",
		width: width, left: true, rank: 11, down: true,
		cell:    func(r *R) string { return spark(&m.g, m.hist.series(object(r), 60, connectionsOf), width) },
		look:    func(*R) look { return cyan },
		compare: by(of, func(t *activity) float64 { return t.rates.Connections })}
}

// by compares rows by a number of their traffic.
func by[R any, N cmp.Ordered](of func(*R) *activity, number func(*activity) N) func(a, b *R) int {
	return func(a, b *R) int { return cmp.Compare(number(of(a)), number(of(b))) }
}

// rate writes a rate of an object, or that it is not known.
func (m *Model) rate(r float64, t *activity) string {
	switch {
	case t.public:
		return "?"
	case t.unknown:
		return m.g.dash
	}
	return rateText(r)
}

func (m *Model) count(n uint64, public bool) string {
	if public {
		return "?"
	}
	return countText(n)
}
