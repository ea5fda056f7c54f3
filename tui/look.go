package tui

import (
	"strings"
	"unicode/utf8"
)

// look is how text looks: one colour of the sixteen, and any of the others.
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

// colours are the looks that NO_COLOR and light backgrounds concern.
const colours = red | green | yellow | cyan

// sgr are the numbers of the looks (ECMA-48, SGR), by bit.
var sgr = [...]string{"1", "2", "4", "7", "9", "31", "32", "33", "36"}

// span is a piece of a line in one look.
type span struct {
	look look
	text string
}

// line is a line of the screen. Every rune of it takes one cell.
type line []span

func text(l look, s string) line { return line{{l, s}} }

func (l line) width() int {
	n := 0
	for _, s := range l {
		n += utf8.RuneCountInString(s.text)
	}
	return n
}

// add puts text at the end.
func (l line) add(look look, s string) line {
	if s == "" {
		return l
	}
	return append(l, span{look, s})
}

// pad makes the line w cells wide, cutting what is more.
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

// cut gives the cells from one column up to another.
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

// with puts a look on the whole line.
func (l line) with(add look) line {
	out := make(line, len(l))
	for i, s := range l {
		out[i] = span{s.look | add, s.text}
	}
	return out
}

// String is the text alone, without spaces at its end.
func (l line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return strings.TrimRight(b.String(), " ")
}

// paint writes lines for a terminal, whose palette is p.
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

// palette fits looks to the terminal.
type palette struct {
	noColor bool
	// light is a light background, on which yellow cannot be read.
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

// glyphs are the characters that pictures are made of.
type glyphs struct {
	bars                               []rune // from nothing to full
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
