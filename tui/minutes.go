package tui

// minutes keeps the means of past minutes, for charts over a session: 600 of them are
// ten hours.
type minutes struct {
	ring ring
	// sums are the sums of the current minute, of n samples.
	sums  [4]float64
	n     int
	begun int64 // in minutes
}

// add adds the values of a sample: connections, packets, bytes, active.
func (m *minutes) add(minute int64, values [4]float64) {
	if m.n > 0 && minute != m.begun {
		for i := range m.sums {
			m.sums[i] /= float64(m.n)
		}
		mean := point{toHalf(m.sums[0]), toHalf(m.sums[1]), toHalf(m.sums[2]), toHalf(m.sums[3])}
		m.ring.put(uint64(m.begun), mean, longRing)
		m.sums, m.n = [4]float64{}, 0
	}
	m.begun = minute
	m.n++
	for i, v := range values {
		m.sums[i] += v
	}
}

// series returns the last n full minutes, oldest first; missing ones are negative.
func (m *minutes) series(n int, of func(point) half) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = -1
		if v, ok := of(m.ring.at(m.ring.end - uint64(n-1-i))).value(); ok && len(m.ring.points) > 0 {
			out[i] = v
		}
	}
	return out
}
