package tui

// spark draws values in one line, as high as the greatest of them; a missing
// one (negative) is left out.
func spark(g *glyphs, values []float64, width int) string {
	values = squeeze(values, width)
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	out := make([]rune, 0, width)
	for range width - len(values) {
		out = append(out, ' ')
	}
	for _, v := range values {
		out = append(out, g.bars[level(v, top, len(g.bars)-1)])
	}
	return string(out)
}

// level gives a height from 0 to steps. What is more than nothing is seen.
func level(v, top float64, steps int) int {
	if v <= 0 || top <= 0 {
		return 0
	}
	return min(max(int(v/top*float64(steps)+0.5), 1), steps)
}

// squeeze makes no more than n values, each the greatest of those that it stands
// for: a peak must not be lost.
func squeeze(values []float64, n int) []float64 {
	if len(values) <= n || n <= 0 {
		return values
	}
	out := make([]float64, n)
	for i := range out {
		from, to := i*len(values)/n, (i+1)*len(values)/n
		out[i] = -1
		for _, v := range values[from:to] {
			out[i] = max(out[i], v)
		}
	}
	return out
}
