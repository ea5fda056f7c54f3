package lab

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Screen is the content and the state of a terminal. It interprets what a program
// writes as xterm does (ECMA-48 and xterm's ctlseqs). It is strict: a sequence that it
// does not know is a fault, because the terminal of a user may not know it either.
//
// Every character has one cell, which is true of what lvs prints.
type Screen struct {
	columns, rows int
	page          *page // the one shown: main or alternate
	main, other   *page
	pen           Style
	// region is the first and the last line that scroll.
	region [2]int
	// modes are the DEC private modes that were set (true) or reset, by number.
	modes map[int]bool
	keys  []string // the stack of keyboard modes (kitty's protocol)
	title string
	last  rune // for REP
	// Clipboard is the text that OSC 52 set, in base 64.
	Clipboard string
	// Answer is called with the terminal's answer to a query. It may be nil.
	Answer func(string)
	parser parser
	faults []string
}

// page is one of the two screens with its cursor.
type page struct {
	cells [][]Cell
	x, y  int
	// full is set after the last column was written: the next character wraps.
	full   bool
	sx, sy int // the saved cursor
	spen   Style
}

// Cell is one character of the screen.
type Cell struct {
	Rune  rune
	Style Style
}

// Style is the style of a character. A colour is 0 for the default, 1 to 256 for the
// palette's 0 to 255, or above that a direct colour.
type Style struct {
	Bold, Faint, Underline, Reverse, Strike bool
	Foreground, Background                  int
}

// The DEC private modes that a program must restore, which are usually set or reset.
var (
	usuallySet   = []int{7, 25}
	usuallyReset = []int{1, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004, 2026, 2031, 2048}
)

// NewScreen returns an empty screen.
func NewScreen(columns, rows int) *Screen {
	s := &Screen{columns: columns, rows: rows, modes: map[int]bool{7: true, 25: true}}
	s.main, s.other = s.newPage(), s.newPage()
	s.page = s.main
	s.region = [2]int{0, rows - 1}
	return s
}

func (s *Screen) newPage() *page {
	p := &page{cells: make([][]Cell, s.rows)}
	for y := range p.cells {
		p.cells[y] = s.blank()
	}
	return p
}

func (s *Screen) blank() []Cell {
	return slices.Repeat([]Cell{{Rune: ' ', Style: Style{Background: s.pen.Background}}}, s.columns)
}

// Write interprets what a program writes to its terminal. It never fails; see Faults.
func (s *Screen) Write(b []byte) (int, error) {
	for _, c := range b {
		s.parser.next(s, c)
	}
	return len(b), nil
}

// Faults returns the unknown sequences.
func (s *Screen) Faults() []string { return s.faults }

func (s *Screen) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// Text returns the lines of the screen without trailing blanks.
func (s *Screen) Text() string {
	var b strings.Builder
	for _, row := range s.page.cells {
		line := make([]byte, 0, len(row))
		for _, c := range row {
			line = utf8.AppendRune(line, c.Rune)
		}
		b.WriteString(strings.TrimRight(string(line), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// At returns a cell. The first is at 0, 0.
func (s *Screen) At(x, y int) Cell { return s.page.cells[y][x] }

// Cells iterates over all cells of the screen.
func (s *Screen) Cells(yield func(Cell) bool) {
	for _, row := range s.page.cells {
		for _, c := range row {
			if !yield(c) {
				return
			}
		}
	}
}

// Size returns the number of columns and rows.
func (s *Screen) Size() (columns, rows int) { return s.columns, s.rows }

// Title returns the title of the window.
func (s *Screen) Title() string { return s.title }

// Alternate reports whether the alternate screen is shown.
func (s *Screen) Alternate() bool { return s.page == s.other }

// CursorShown reports whether the cursor is visible.
func (s *Screen) CursorShown() bool { return s.modes[25] }

// Leftovers describes what a program has changed and not restored. It is empty if a
// shell could continue as before.
func (s *Screen) Leftovers() (out []string) {
	if s.Alternate() {
		out = append(out, "the alternate screen is shown")
	}
	for _, m := range usuallySet {
		if !s.modes[m] {
			out = append(out, fmt.Sprintf("mode %d is reset", m))
		}
	}
	for _, m := range usuallyReset {
		if s.modes[m] {
			out = append(out, fmt.Sprintf("mode %d is set", m))
		}
	}
	if s.pen != (Style{}) {
		out = append(out, fmt.Sprintf("characters look like %+v", s.pen))
	}
	if s.region != [2]int{0, s.rows - 1} {
		out = append(out, fmt.Sprintf("lines %d to %d scroll", s.region[0]+1, s.region[1]+1))
	}
	if len(s.keys) > 0 {
		out = append(out, fmt.Sprintf("keyboard modes %q", s.keys))
	}
	return out
}

// Resize changes the size of the screen. Lines are cut, not wrapped again.
func (s *Screen) Resize(columns, rows int) {
	s.columns, s.rows = columns, rows
	s.region = [2]int{0, rows - 1}
	for _, p := range []*page{s.main, s.other} {
		if cut := p.y - rows + 1; cut > 0 { // the cursor's line stays
			p.cells = p.cells[cut:]
			p.y = rows - 1
		}
		for len(p.cells) < rows {
			p.cells = append(p.cells, s.blank())
		}
		p.cells = p.cells[:rows]
		for y, row := range p.cells {
			for len(row) < columns {
				row = append(row, Cell{Rune: ' '})
			}
			p.cells[y] = row[:columns]
		}
		p.x, p.full = min(p.x, columns-1), false
	}
}

// put writes a character at the cursor.
func (s *Screen) put(r rune) {
	p := s.page
	if p.full && s.modes[7] {
		p.x = 0
		s.down()
	}
	p.full = false
	p.cells[p.y][p.x] = Cell{r, s.pen}
	s.last = r
	if p.x == s.columns-1 {
		p.full = true
	} else {
		p.x++
	}
}

// down moves the cursor to the next line. In the last line it scrolls the text up.
func (s *Screen) down() {
	switch {
	case s.page.y == s.region[1]:
		s.scroll(s.region[0], s.region[1], 1)
	case s.page.y < s.rows-1:
		s.page.y++
	}
}

func (s *Screen) up() {
	switch {
	case s.page.y == s.region[0]:
		s.scroll(s.region[0], s.region[1], -1)
	case s.page.y > 0:
		s.page.y--
	}
}

// scroll moves the lines from one to another, inclusive, up by n, or down if n is
// negative.
func (s *Screen) scroll(from, to, n int) {
	lines := s.page.cells[from : to+1]
	for range min(max(n, -n), len(lines)) {
		if n > 0 {
			copy(lines, lines[1:])
			lines[len(lines)-1] = s.blank()
		} else {
			copy(lines[1:], lines)
			lines[0] = s.blank()
		}
	}
}

func (s *Screen) moveTo(x, y int) {
	s.page.x, s.page.y, s.page.full = min(max(x, 0), s.columns-1), min(max(y, 0), s.rows-1), false
}

// erase blanks the cells of a line from one up to, and not including, another.
func (s *Screen) erase(y, from, to int) {
	copy(s.page.cells[y][min(from, s.columns):min(to, s.columns)], s.blank())
	s.page.full = false
}

// shift moves the rest of the cursor's line by n cells, to the left if n is negative.
func (s *Screen) shift(n int) {
	rest := s.page.cells[s.page.y][s.page.x:]
	n = min(max(n, -len(rest)), len(rest))
	if n > 0 {
		copy(rest[n:], rest)
		copy(rest[:n], s.blank())
	} else {
		copy(rest, rest[-n:])
		copy(rest[len(rest)+n:], s.blank())
	}
}

// parser splits what a program writes into characters and sequences.
type parser struct {
	state   func(*parser, *Screen, byte)
	pending []byte
}

func (p *parser) next(s *Screen, c byte) {
	if p.state == nil {
		p.state = (*parser).ground
	}
	p.state(p, s, c)
}

func (p *parser) to(state func(*parser, *Screen, byte)) { p.state, p.pending = state, nil }

func (p *parser) ground(s *Screen, c byte) {
	switch {
	case c == 0x1b:
		if len(p.pending) > 0 {
			s.fault("incomplete character %q", p.pending)
		}
		p.to((*parser).escape)
	case c < 0x20 || c == 0x7f:
		s.control(c)
	default:
		p.pending = append(p.pending, c)
		if r, n := utf8.DecodeRune(p.pending); n == len(p.pending) && r != utf8.RuneError {
			s.put(r)
			p.pending = p.pending[:0]
		} else if len(p.pending) >= utf8.UTFMax {
			s.fault("invalid character: %q", p.pending)
			p.pending = p.pending[:0]
		}
	}
}

func (p *parser) escape(s *Screen, c byte) {
	switch c {
	case '[':
		p.to((*parser).csi)
	case ']', 'P', '_', '^':
		p.to((*parser).text)
		p.pending = []byte{c}
	case '(', ')':
		p.to((*parser).charset)
	default:
		p.to((*parser).ground)
		s.simple(c)
	}
}

// charset ends the selection of a character set, of which only ASCII is known.
func (p *parser) charset(s *Screen, c byte) {
	if c != 'B' {
		s.fault("character set %q", c)
	}
	p.to((*parser).ground)
}

func (p *parser) csi(s *Screen, c byte) {
	p.pending = append(p.pending, c)
	if c < 0x40 {
		return
	}
	sequence := string(p.pending)
	p.to((*parser).ground)
	s.sequence(sequence)
}

// text collects OSC and DCS until BEL or ST.
func (p *parser) text(s *Screen, c byte) {
	p.pending = append(p.pending, c)
	text, ended := strings.CutSuffix(string(p.pending), "\x1b\\")
	if !ended && p.pending[0] == ']' {
		text, ended = strings.CutSuffix(string(p.pending), "\a")
	}
	if ended {
		p.to((*parser).ground)
		s.command(text)
	}
}
