package tui

import (
	"cmp"

	"lvs/kernel"
)

// traffic is what a row of any table does: a service, a server, a machine.
type traffic struct {
	active, inactive, persistent uint64
	rates                        rates
	// counted is since the baseline.
	counted kernel.Counters
	// blind is set where no answer passes the director, public where the kernel
	// tells no counters.
	blind, public bool
}

// add makes a sum over servers.
func (t *traffic) add(v *kernel.ServerEntry) {
	t.active += uint64(v.Active)
	t.inactive += uint64(v.Inactive)
	t.persistent += uint64(v.Persistent)
	t.blind = t.blind && blind(v)
}

// blind tells whether a server's answers go round the director: those of direct
// routing and tunnels do, unless some were counted.
func blind(v *kernel.ServerEntry) bool {
	return (v.Forward == kernel.Direct || v.Forward == kernel.Tunneling) && v.Stats.Counters.PacketsOut == 0
}

// connectionColumns are the connections that are open.
func connectionColumns[R any](m *Model, of func(*R) *traffic) []column[R] {
	return []column[R]{
		{key: "active", title: "ACTIVE", help: "established connections", width: 6,
			cell: func(r *R) string { return countText(of(r).active) }, compare: by(of, func(t *traffic) uint64 { return t.active }), down: true},
		{key: "inactive", title: "INACT", help: "connections in any other state", width: 5, rank: 3,
			cell: func(r *R) string { return countText(of(r).inactive) }, compare: by(of, func(t *traffic) uint64 { return t.inactive }), down: true},
		{key: "clients", title: "PERS", help: "clients bound by persistence", width: 5, rank: 12, off: true,
			cell:    func(r *R) string { return m.count(of(r).persistent, of(r).public) },
			compare: by(of, func(t *traffic) uint64 { return t.persistent }), down: true},
	}
}

// rateColumns are per second.
func rateColumns[R any](m *Model, of func(*R) *traffic) []column[R] {
	var out []column[R]
	for _, c := range []struct {
		key, title, help string
		width, rank      int
		outbound         bool
		of               func(*rates) float64
	}{
		{"cps", "CONN/S", "new connections a second", 6, 2, false, cps},
		{"inpps", "PKT/S", "packets a second from clients", 6, 9, false, func(r *rates) float64 { return r.packetsIn }},
		{"outpps", "PKTO/S", "packets a second to clients, where the director sees them", 6, 10, true, func(r *rates) float64 { return r.packetsOut }},
		{"inbps", "IN B/S", "bytes a second from clients", 6, 6, false, func(r *rates) float64 { return r.bytesIn }},
		{"outbps", "OUT B/S", "bytes a second to clients, where the director sees them", 7, 7, true, func(r *rates) float64 { return r.bytesOut }},
	} {
		out = append(out, column[R]{key: c.key, title: c.title, help: c.help, width: c.width, rank: c.rank, down: true,
			cell: func(r *R) string {
				t := of(r)
				switch {
				case t.public:
					return "?"
				case c.outbound && t.blind:
					return m.g.dash
				}
				return rateText(c.of(&t.rates))
			},
			compare: by(of, func(t *traffic) float64 { return c.of(&t.rates) }),
		})
	}
	return out
}

// countedColumns are totals since the baseline. They are shown when chosen.
func countedColumns[R any](m *Model, of func(*R) *traffic) []column[R] {
	var out []column[R]
	for _, c := range []struct {
		key, title, help string
		outbound         bool
		of               func(*kernel.Counters) uint64
	}{
		{"conns", "CONNS", "connections since the baseline (z)", false, func(c *kernel.Counters) uint64 { return c.Connections }},
		{"inpkts", "PKTS", "packets from clients since the baseline (z)", false, func(c *kernel.Counters) uint64 { return c.PacketsIn }},
		{"outpkts", "PKTSO", "packets to clients since the baseline (z)", true, func(c *kernel.Counters) uint64 { return c.PacketsOut }},
		{"inbytes", "BYTES", "bytes from clients since the baseline (z)", false, func(c *kernel.Counters) uint64 { return c.BytesIn }},
		{"outbytes", "BYTESO", "bytes to clients since the baseline (z)", true, func(c *kernel.Counters) uint64 { return c.BytesOut }},
	} {
		out = append(out, column[R]{key: c.key, title: c.title, help: c.help, width: 6, rank: 13, off: true, down: true,
			cell: func(r *R) string {
				t := of(r)
				if c.outbound && t.blind && !t.public {
					return m.g.dash
				}
				return m.count(c.of(&t.counted), t.public)
			},
			compare: by(of, func(t *traffic) uint64 { return c.of(&t.counted) }),
		})
	}
	return out
}

// trendColumn is a picture of the last minute.
func trendColumn[R any](m *Model, of func(*R) *traffic, object func(*R) *object) column[R] {
	const width = 12
	return column[R]{key: "trend", title: "LAST MINUTE", help: "connections a second over the last 60 looks", width: width, left: true, rank: 11,
		cell:    func(r *R) string { return spark(&m.g, m.hist.series(object(r), 60, connectionsOf), width) },
		look:    func(*R) look { return cyan },
		compare: by(of, func(t *traffic) float64 { return t.rates.connections }), down: true}
}

// by compares rows by a number of their traffic.
func by[R any, N cmp.Ordered](of func(*R) *traffic, number func(*traffic) N) func(a, b *R) int {
	return func(a, b *R) int { return cmp.Compare(number(of(a)), number(of(b))) }
}

func cps(r *rates) float64 { return r.connections }

// rate writes a rate, or that it is not known.
func (m *Model) rate(r float64, public bool) string {
	if public {
		return "?"
	}
	return rateText(r)
}

func (m *Model) count(n uint64, public bool) string {
	if public {
		return "?"
	}
	return countText(n)
}
