package tui

import "math"

// point has the values of an object in one sample, each rounded to eight significant
// bits (0.4 %), which is enough for a chart.
type point struct{ connections, packets, bytes, active half }

// half is the upper half of a float32. gap is a missing value.
type half uint16

const gap half = 0xffff

// pointOf returns the point with values for connections, packets, bytes and active.
// Negative ones are missing.
func pointOf(values [4]float64) point {
	return point{toHalf(values[0]), toHalf(values[1]), toHalf(values[2]), toHalf(values[3])}
}

func toHalf(f float64) half {
	if f < 0 {
		return gap
	}
	return half((math.Float32bits(float32(f)) + 0x8000) >> 16)
}

// value returns the number, or false for a gap.
func (h half) value() (float64, bool) {
	return float64(math.Float32frombits(uint32(h) << 16)), h != gap
}

// ring holds the last points of an object, the newest for sample number end.
// It grows up to its limit.
type ring struct {
	points []point
	// next is the index of the next point once the ring is full.
	next int
	// end is the number of the sample of the newest point.
	end uint64
}

// put adds a point for a sample. Samples without one are gaps.
func (r *ring) put(n uint64, p point, limit int) {
	if len(r.points) > 0 {
		if missing := n - r.end - 1; missing >= uint64(limit) {
			*r = ring{}
		} else {
			for range missing {
				r.push(point{gap, gap, gap, gap}, limit)
			}
		}
	}
	r.push(p, limit)
	r.end = n
}

func (r *ring) push(p point, limit int) {
	if len(r.points) < limit {
		if len(r.points) == cap(r.points) {
			grown := make([]point, len(r.points), min(max(2*len(r.points), 16), limit))
			copy(grown, r.points)
			r.points = grown
		}
		r.points = append(r.points, p)
		return
	}
	r.points[r.next] = p
	r.next = (r.next + 1) % len(r.points)
}

// at returns the point of a sample.
func (r *ring) at(n uint64) point {
	back := r.end - n
	if n > r.end || back >= uint64(len(r.points)) {
		return point{gap, gap, gap, gap}
	}
	i := r.next - 1 - int(back)
	if i < 0 {
		i += len(r.points)
	}
	return r.points[i]
}
