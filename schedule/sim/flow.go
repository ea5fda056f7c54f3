package sim

import "lvs/kernel"

// flow is a number of packets and bytes.
type flow struct{ in, out, bytesIn, bytesOut int64 }

func (f *flow) add(g flow, times int64) {
	f.in += times * g.in
	f.out += times * g.out
	f.bytesIn += times * g.bytesIn
	f.bytesOut += times * g.bytesOut
}

// volume returns what one connection transfers in a second: a quarter of the
// profile's volume to twice as much.
func (w *world) volume(s *service, seen bool) flow {
	size := int64(25 + w.rand.IntN(175))
	f := flow{bytesIn: int64(s.in) * size / 100, bytesOut: int64(s.out) * size / 100}
	f.out = f.bytesOut/1400 + 1
	f.in = f.out/2 + f.bytesIn/900 + 1
	if !seen {
		f.out, f.bytesOut = 0, 0
	}
	return f
}

// count adds what the established connections transfer in a step.
func (v *server) count(step int64) {
	v.owed.add(v.moves, 1)
	n := flow{
		v.owed.in / stepsPerSecond, v.owed.out / stepsPerSecond,
		v.owed.bytesIn / stepsPerSecond, v.owed.bytesOut / stepsPerSecond,
	}
	v.owed.add(n, -stepsPerSecond)
	v.countPackets(n, true)
	if step%(2*stepsPerSecond) == 0 { // as often as the kernel adds up its counters
		v.rates.step(v.total)
		v.added = v.total
	}
}

// countPackets adds a flow to the counters. It adds replies only if the director
// sees them.
func (v *server) countPackets(f flow, seen bool) {
	if !seen {
		f.out, f.bytesOut = 0, 0
	}
	v.total.PacketsIn += uint64(f.in)
	v.total.PacketsOut += uint64(f.out)
	v.total.BytesIn += uint64(f.bytesIn)
	v.total.BytesOut += uint64(f.bytesOut)
}

// estimate is the kernel's estimate of rates. Every two seconds it moves a quarter of
// the way to what was counted since (ip_vs_est.c).
type estimate struct {
	seen kernel.Counters
	avg  [5]int64 // in 1024ths
}

func (e *estimate) step(now kernel.Counters) {
	d, _ := now.Sub(e.seen)
	e.seen = now
	for i, n := range [...]uint64{d.Connections, d.PacketsIn, d.PacketsOut, d.BytesIn, d.BytesOut} {
		e.avg[i] += (int64(n)*512 - e.avg[i]) / 4
	}
}

func (e *estimate) rates() kernel.Rates {
	n := func(i int) uint64 { return uint64(e.avg[i]+512) / 1024 }
	return kernel.Rates{Connections: n(0), PacketsIn: n(1), PacketsOut: n(2), BytesIn: n(3), BytesOut: n(4)}
}
