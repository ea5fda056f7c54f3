package tui

import (
	"strings"
	"unicode/utf8"
)

// look is the style of a text: at most one colour, and any of the other bits.
type look uint16

const (
	bold look = 1 << iota
	dim
	underline
	reverse
	strike
	red
	green
	yellow
	cyan
	plain look = 0
)

// colours are the looks that NO_COLOR removes.
const colours = red | green | yellow | cyan

// sgr are the SGR parameters of the looks (ECMA-48), by bit.
var sgr = [...]string{"1", "2", "4", "7", "9", "31", "32", "33", "36"}

// span is a part of a line with one look.
type span struct {
	look look
	text string
}

// line is a line of the screen. Every rune occupies one cell.
type line []span

func text(l look, s string) line { return line{{l, s}} }

// hint adds a key and its action, in the style of the foot of the screen.
func (l line) hint(key, action string) line {
	if len(l) > 0 {
		l = l.add(plain, "  ")
	}
	return l.add(bold, key).add(plain, " "+action)
}

// label returns a dim name of w cells, for a value after it.
func label(g *glyphs, name string, w int) line { return text(dim, fit(g, name, w, true)) }

// width returns the number of cells.
func (l line) width() int {
	n := 0
	for _, s := range l {
		n += utf8.RuneCountInString(s.text)
	}
	return n
}

// add appends text.
func (l line) add(look look, s string) line {
	if s == "" {
		return l
	}
	return append(l, span{look, s})
}

// pad makes the line exactly w cells wide.
func (l line) pad(w int) line {
	n := l.width()
	if n < w {
		return l.add(plain, strings.Repeat(" ", w-n))
	}
	if n > w {
		return l.cut(0, w)
	}
	return l
}

// cut returns the cells from one index up to another.
func (l line) cut(from, to int) line {
	var out line
	at := 0
	for _, s := range l {
		n := utf8.RuneCountInString(s.text)
		a, b := max(from-at, 0), min(to-at, n)
		if a < b {
			piece := s.text
			if a > 0 || b < n {
				piece = string([]rune(piece)[a:b])
			}
			out = append(out, span{s.look, piece})
		}
		at += n
	}
	return out
}

// with adds a look to the whole line.
func (l line) with(add look) line {
	out := make(line, len(l))
	for i, s := range l {
		out[i] = span{s.look | add, s.text}
	}
	return out
}

// String returns the text without looks and trailing spaces.
func (l line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return strings.TrimRight(b.String(), " ")
}

// paint returns the lines with escape sequences for a terminal with palette p.
func paint(lines []line, p palette) string {
	var b strings.Builder
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		now := plain
		for _, s := range l {
			want := p.of(s.look)
			if want != now {
				writeSGR(&b, want)
				now = want
			}
			b.WriteString(s.text)
		}
		if now != plain {
			b.WriteString("\x1b[m")
		}
	}
	return b.String()
}

func writeSGR(b *strings.Builder, l look) {
	b.WriteString("\x1b[0")
	for bit := range sgr {
		if l&(1<<bit) != 0 {
			b.WriteByte(';')
			b.WriteString(sgr[bit])
		}
	}
	b.WriteByte('m')
}

// palette adapts looks to the terminal.
type palette struct {
	noColor bool
	// light is set for a light background, on which yellow is unreadable.
	light bool
}

func (p palette) of(l look) look {
	if p.noColor {
		return l &^ colours
	}
	if p.light && l&yellow != 0 {
		return l&^yellow | red
	}
	return l
}

// glyphs are the characters for charts, frames and marks.
type glyphs struct {
	bars                               []rune // from empty to full
	cursor, warn, gone                 string
	up, down, arrow, dash, more, times string
	h, v                               string
	corners                            [4]string
	dot                                string
}

func unicodeGlyphs() glyphs {
	return glyphs{bars: []rune(" ▁▂▃▄▅▆▇█"), cursor: "▸", warn: "!", gone: "✗", up: "▲", down: "▼", arrow: "→",
		dash: "–", more: "…", times: "×", h: "─", v: "│", corners: [4]string{"┌", "┐", "└", "┘"}, dot: "·"}
}

func asciiGlyphs() glyphs {
	return glyphs{bars: []rune(" .:-=+*#@"), cursor: ">", warn: "!", gone: "x", up: "^", down: "v", arrow: "->",
		dash: "-", more: "~", times: "x", h: "-", v: "|", corners: [4]string{"+", "+", "+", "+"}, dot: "."}
}
