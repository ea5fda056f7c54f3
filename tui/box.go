package tui

// box draws a frame with lines in it over others, as large as they need and the
// screen allows. Where they do not fit, the one numbered at stays in sight.
func (m *Model) box(under []line, w, h int, title string, body []line, at int, foot line) []line {
	inner := len([]rune(title)) + 4
	for _, l := range append(body[:len(body):len(body)], foot) {
		inner = max(inner, l.width())
	}
	inner = max(min(inner, w-4), 1)
	rows := max(min(len(body), h-4), 1)
	top := max(min(at-rows/2, len(body)-rows), 0)
	g := &m.g
	edge := func(left, right, label string) line {
		l := text(plain, left).add(bold, label)
		for range inner + 2 - len([]rune(label)) {
			l = l.add(plain, g.h)
		}
		return l.add(plain, right)
	}
	side := func(l line) line {
		return append(append(text(plain, g.v+" "), l.pad(inner)...), span{plain, " " + g.v})
	}
	frame := []line{edge(g.corners[0], g.corners[1], " "+fit(g, title, min(len([]rune(title)), inner-2), true)+" ")}
	for _, l := range body[top:min(top+rows, len(body))] {
		frame = append(frame, side(l))
	}
	frame = append(frame, side(foot), edge(g.corners[2], g.corners[3], ""))
	return lay(under, frame, w, h)
}

// lay puts lines over others, in the middle.
func lay(under, over []line, w, h int) []line {
	x := max((w-over[0].width())/2, 0)
	y := max((h-len(over))/2, 0)
	out := append([]line(nil), under...)
	for i, l := range over {
		if y+i >= len(out) {
			break
		}
		old := out[y+i].pad(w)
		out[y+i] = append(append(old.cut(0, x), l...), old.cut(x+l.width(), w)...)
	}
	return out
}
