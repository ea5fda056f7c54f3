package tui

import (
	"slices"
	"strings"
)

// axis is the room for numbers at the left of a chart.
const axis = 7

// chart draws values as columns, h lines high, from nothing at the foot to the
// greatest at the top, which is named at the left. Missing values (negative) are
// left out.
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
			// How many eighths of this line are filled.
			filled := level(v, top, steps*h) - steps*(h-1-y)
			b.WriteRune(g.bars[min(max(filled, 0), steps)])
		}
		out[y] = text(dim, fit(g, label, axis-2, false)+" "+g.v).add(cyan, b.String())
	}
	return out
}
