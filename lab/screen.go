package lab

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Screen is what a terminal shows, and the state that a program left it in. It
// takes what a program writes, as xterm would (ECMA-48 and xterm's
// ctlseqs). It is strict: what it does not know is a fault, because a terminal
// of a user may not know it either.
//
// Every character takes one cell, which holds for what lvs prints.
type Screen struct {
	columns, rows int
	page          *page // the one shown: main or alternate
	main, other   *page
	pen           Style
	// region is the first and the last line that scroll.
	region [2]int
	// modes are the DEC private modes that were set or reset, by number.
	modes map[int]bool
	keys  []string // the stack of keyboard modes (kitty's protocol)
	title string
	last  rune // for REP
	// Clipboard is what OSC 52 put there, as it was sent: base 64.
	Clipboard string
	// Answer takes what the terminal answers to a question. Nil says nothing.
	Answer func(string)
	parser parser
	faults []string
}

// page is one of the two screens with its cursor.
type page struct {
	cells [][]Cell
	x, y  int
	// full is set when the last column was written: the next character wraps.
	full   bool
	sx, sy int // the saved cursor
	spen   Style
}

// Cell is one character of the screen.
type Cell struct {
	Rune  rune
	Style Style
}

// Style is how a character looks. Colours are 0 for the default, 1 to 256 for
// the palette's 0 to 255, and above that direct ones.
type Style struct {
	Bold, Faint, Underline, Reverse, Strike bool
	Foreground, Background                  int
}

// The DEC private modes that a program should leave as they were: set, and
// reset.
var (
	usuallySet   = []int{7, 25}
	usuallyReset = []int{1, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004, 2026, 2031, 2048}
)

// NewScreen gives an empty screen.
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

// Write takes what a program writes to its terminal. It never fails; see Faults.
func (s *Screen) Write(b []byte) (int, error) {
	for _, c := range b {
		s.parser.next(s, c)
	}
	return len(b), nil
}

// Faults are the sequences that it did not know.
func (s *Screen) Faults() []string { return s.faults }

func (s *Screen) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// Text is the screen's lines, without blanks at their ends.
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

// At gives a cell; the first is at 0, 0.
func (s *Screen) At(x, y int) Cell { return s.page.cells[y][x] }

// Cells walks all cells of the screen.
func (s *Screen) Cells(yield func(Cell) bool) {
	for _, row := range s.page.cells {
		for _, c := range row {
			if !yield(c) {
				return
			}
		}
	}
}

// Size gives columns and rows.
func (s *Screen) Size() (columns, rows int) { return s.columns, s.rows }

// Title is what the window's title was set to.
func (s *Screen) Title() string { return s.title }

// Alternate tells whether the alternate screen is shown.
func (s *Screen) Alternate() bool { return s.page == s.other }

// CursorShown tells whether the cursor can be seen.
func (s *Screen) CursorShown() bool { return s.modes[25] }

// Leftovers names what a program has changed and not put back: nothing, when a
// shell could go on as before.
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

// Resize makes the screen smaller or larger, as a window's corner does. Lines
// are cut, not wrapped anew.
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

// put writes a character where the cursor is.
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

// down moves the cursor to the next line, and the text up at the end.
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

// scroll moves lines from one up to and with another up by n, or down.
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

// erase blanks cells of a line, the last one not included.
func (s *Screen) erase(y, from, to int) {
	copy(s.page.cells[y][min(from, s.columns):min(to, s.columns)], s.blank())
	s.page.full = false
}

// shift moves the rest of the cursor's line by n cells, to the left when
// negative.
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
