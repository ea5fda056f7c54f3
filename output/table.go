package output

import (
	"bytes"
	"unicode/utf8"
)

// terminalRows is the size of the largest table that tablewriter lays out. The
// plain writer, which is some eight times faster, writes larger ones.
const terminalRows = 1000

// gap is the space between columns.
const gap = "  "

// table lays out columns. One buffer holds the cells; the widths are known once it
// has a window of rows, and only grow from window to window.
type table[T any] struct {
	sink    *sink
	kind    *kind[T]
	columns []*column[T]
	human   bool
	color   bool
	headers bool
	// window is the number of rows that are held. Zero is all.
	window int

	cells  []byte
	ends   []uint32 // the end of each cell in cells
	styles []Style  // of each cell, only with color
	widths []int
	// scanning is set while rows are only measured; they come again to be written.
	scanning bool
	// begun is set once something was written.
	begun bool
}

func newTable[T any](p *Printer, k *kind[T], columns []*column[T]) *table[T] {
	return &table[T]{
		sink: newSink(p.w), kind: k, columns: columns,
		human: p.o.human(), color: p.o.Color, headers: !p.o.NoHeaders,
		widths: make([]int, len(columns)),
	}
}

func (t *table[T]) row(r *T) error {
	for _, c := range t.columns {
		t.cells = c.appendCell(t.cells, r, t.human)
		t.ends = append(t.ends, uint32(len(t.cells)))
		if t.color {
			style := NoStyle
			if t.kind.style != nil {
				style = t.kind.style(r, c.key)
			}
			t.styles = append(t.styles, style)
		}
	}
	if t.scanning {
		t.measure()
		t.cells, t.ends, t.styles = t.cells[:0], t.ends[:0], t.styles[:0]
		return nil
	}
	if t.window > 0 && len(t.ends) > t.window*len(t.columns) {
		return t.write()
	}
	return t.sink.err
}

func (t *table[T]) close() error {
	if !t.human || t.begun || len(t.ends) > terminalRows*len(t.columns) {
		return t.flush()
	}
	if err := t.terminal(); err != nil {
		return err
	}
	return t.sink.flush()
}

func (t *table[T]) flush() error {
	if err := t.write(); err != nil {
		return err
	}
	return t.sink.flush()
}

// write lays out the rows held and forgets them.
func (t *table[T]) write() error {
	t.measure()
	if t.headers && !t.begun {
		t.writeHeader()
	}
	t.begun = true
	start, n := uint32(0), len(t.columns)
	for i := 0; i < len(t.ends); i += n {
		line := len(t.sink.buf)
		for j := range n {
			end := t.ends[i+j]
			style := NoStyle
			if t.color {
				style = t.styles[i+j]
			}
			t.writeCell(j, t.cells[start:end], style)
			start = end
		}
		t.endLine(line)
		if err := t.sink.spill(); err != nil {
			return err
		}
	}
	t.cells, t.ends, t.styles = t.cells[:0], t.ends[:0], t.styles[:0]
	return t.sink.err
}

// measure widens the columns to what the headers and the rows held need.
func (t *table[T]) measure() {
	if t.headers {
		for i, c := range t.columns {
			t.widths[i] = max(t.widths[i], len(c.header()))
		}
	}
	start, j := uint32(0), 0
	for _, end := range t.ends {
		if n := utf8.RuneCount(t.cells[start:end]); n > t.widths[j] && !t.columns[j].ragged {
			t.widths[j] = n
		}
		start = end
		if j++; j == len(t.columns) {
			j = 0
		}
	}
}

// tooWide reports whether the rows held do not fit a terminal. A width of zero is
// unknown.
func (t *table[T]) tooWide(width int) bool {
	if !t.human || width == 0 {
		return false
	}
	t.measure()
	total := len(gap) * (len(t.widths) - 1)
	for _, w := range t.widths {
		total += w
	}
	return total > width
}

func (t *table[T]) writeHeader() {
	line := len(t.sink.buf)
	style := NoStyle
	if t.color {
		style = Bold
	}
	for j, c := range t.columns {
		t.writeCell(j, []byte(c.header()), style)
	}
	t.endLine(line)
}

// writeCell pads one cell: numbers to the right, the rest to the left.
func (t *table[T]) writeCell(j int, cell []byte, style Style) {
	b := t.sink.buf
	if j > 0 {
		b = append(b, gap...)
	}
	pad := t.widths[j] - utf8.RuneCount(cell)
	right := t.columns[j].number != nil
	if right {
		b = appendBlanks(b, pad)
	}
	if style != NoStyle && len(cell) > 0 {
		b = append(append(append(b, style.start()...), cell...), styleEnd...)
	} else {
		b = append(b, cell...)
	}
	if !right && j < len(t.columns)-1 {
		b = appendBlanks(b, pad)
	}
	t.sink.buf = b
}

// endLine ends the line that began at the given place, without trailing blanks.
func (t *table[T]) endLine(start int) {
	line := bytes.TrimRight(t.sink.buf[start:], " ")
	t.sink.buf = append(t.sink.buf[:start+len(line)], '\n')
}

func appendBlanks(b []byte, n int) []byte {
	const blanks = "                                                                "
	for n > len(blanks) {
		b = append(b, blanks...)
		n -= len(blanks)
	}
	return append(b, blanks[:max(n, 0)]...)
}
