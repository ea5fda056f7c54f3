package tui

// minutes keeps the means of past minutes, for charts over a session: 600 of them are
// ten hours.
type minutes struct {
	ring ring
	// sums are the sums of the current minute, of n values each.
	sums  [4]float64
	n     [4]int
	begun int64 // in minutes
}

// add adds the values of a sample: connections, packets, bytes, active. Negative ones
// are missing.
func (m *minutes) add(minute int64, values [4]float64) {
	if m.n != [4]int{} && minute != m.begun {
		var means [4]float64
		for i := range m.sums {
			means[i] = -1
			if m.n[i] > 0 {
				means[i] = m.sums[i] / float64(m.n[i])
			}
		}
		m.ring.put(uint64(m.begun), pointOf(means), longRing)
		m.sums, m.n = [4]float64{}, [4]int{}
	}
	m.begun = minute
	for i, v := range values {
		if v >= 0 {
			m.sums[i] += v
			m.n[i]++
		}
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
