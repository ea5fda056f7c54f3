package cluster

import (
	"strings"
	"unicode/utf8"
)

// spot is a line and a column in a text, and what they are in bytes. Faults
// come in order, so the next one is looked for from the one before.
type spot struct {
	// line is from start to end, column is at.
	line, start, end int
	column, at       int
}

// seek goes to a line and a column, or to the last before them that is there.
func (p *spot) seek(text string, line, column int) {
	if p.line == 0 || line < p.line {
		*p = spot{line: 1, end: lineEnd(text, 0), column: 1}
	}
	for p.line < line && p.end < len(text) {
		start := p.end + 1
		*p = spot{line: p.line + 1, start: start, end: lineEnd(text, start), column: 1, at: start}
	}
	if column < p.column {
		p.column, p.at = 1, p.start
	}
	for p.column < column && p.at < p.end {
		_, n := utf8.DecodeRuneInString(text[p.at:])
		p.column, p.at = p.column+1, p.at+n
	}
}

func lineEnd(text string, start int) int {
	if n := strings.IndexByte(text[start:], '\n'); n >= 0 {
		return start + n
	}
	return len(text)
}

// maxExcerpt is the longest line, in characters, that a fault shows whole.
const maxExcerpt = 120

// excerpt gives the line, or what is around the column of a long one, and the
// column within it.
func (p *spot) excerpt(text string) (part string, mark int) {
	from, to, mark := p.start, p.end, p.column
	if to-from > utf8.UTFMax*maxExcerpt || utf8.RuneCountInString(text[from:to]) > maxExcerpt {
		from, to, mark = p.at, p.at, 1
		for range maxExcerpt / 2 {
			if from > p.start {
				_, n := utf8.DecodeLastRuneInString(text[p.start:from])
				from, mark = from-n, mark+1
			}
			if to < p.end {
				_, n := utf8.DecodeRuneInString(text[to:p.end])
				to += n
			}
		}
	}
	part = strings.TrimSuffix(text[from:to], "\r")
	if from > p.start {
		part, mark = "…"+part, mark+1
	}
	if to < p.end {
		part += "…"
	}
	return part, mark
}
