package tui

import (
	"slices"
	"strings"
)

// axis is the width of the numbers at the left of a chart, in cells.
const axis = 7

// chart draws values as columns of up to h lines. The scale at the left goes from 0
// to the largest value. Negative values are missing and not drawn.
func chart(g *glyphs, values []float64, w, h int, name func(float64) string) []line {
	if w <= axis || h < 1 {
		return nil
	}
	values = squeeze(values, w-axis)
	top := max(slices.Max(append([]float64{0}, values...)), 0)
	steps := len(g.bars) - 1
	out := make([]line, h)
	for y := range out {
		label := ""
		switch {
		case y == 0:
			label = name(top)
		case y == h-1:
			label = "0"
		case y == h/2 && h > 4:
			label = name(top * float64(h-y) / float64(h))
		}
		var b strings.Builder
		b.WriteString(spaces(w - axis - len(values)))
		for _, v := range values {
			// The number of eighths of this line that are filled.
			filled := level(v, top, steps*h) - steps*(h-1-y)
			b.WriteRune(g.bars[min(max(filled, 0), steps)])
		}
		out[y] = text(dim, fit(g, label, axis-2, false)+" "+g.v).add(cyan, b.String())
	}
	return out
}

// spark draws values in one line, relative to the largest of them. Negative values
// are missing and not drawn.
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

// level returns the height of a value, from 0 to steps. Values above 0 have at
// least height 1, so they are visible.
func level(v, top float64, steps int) int {
	if v <= 0 || top <= 0 {
		return 0
	}
	return min(max(int(v/top*float64(steps)+0.5), 1), steps)
}

// squeeze reduces values to at most n. Each is the largest of those it replaces, so
// no peak is lost.
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
