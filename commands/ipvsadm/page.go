package ipvsadm

import (
	"io"
	"strconv"

	"lvs/kernel"
)

// pageLen is how much is written at a time: the size of a pipe.
const pageLen = 64 << 10

// page collects rows and writes them in large pieces.
type page struct {
	w io.Writer
	b []byte
}

func newPage(w io.Writer) *page {
	const longestRow = 4 << 10
	return &page{w, make([]byte, 0, pageLen+longestRow)}
}

// turn writes the rows when there are enough. Call it after each row.
func (p *page) turn() error {
	if len(p.b) < pageLen {
		return nil
	}
	return p.end()
}

// end writes the remaining rows.
func (p *page) end() error {
	if len(p.b) == 0 {
		return nil
	}
	_, err := p.w.Write(p.b)
	p.b = p.b[:0]
	return err
}

// appendLeft appends a word and blanks up to a width. A longer word moves what
// follows.
func appendLeft(b []byte, word string, width int) []byte {
	start := len(b)
	return fill(append(b, word...), start, width)
}

// fill appends blanks until width bytes follow start.
func fill(b []byte, start, width int) []byte {
	for len(b) < start+width {
		b = append(b, ' ')
	}
	return b
}

// units are the units that shorten a counter to eight digits, the largest first.
var units = []struct {
	from, by uint64
	letter   byte
}{
	{1e14, 1e12, 'T'},
	{1e11, 1e9, 'G'},
	{1e9, 1e6, 'M'},
	{1e8, 1e3, 'K'},
}

// figures are five counters or rates, in the order of the columns.
type figures [5]uint64

func countersOf(c *kernel.Counters) figures {
	return figures{c.Connections, c.PacketsIn, c.PacketsOut, c.BytesIn, c.BytesOut}
}

func ratesOf(r *kernel.Rates) figures {
	return figures{r.Connections, r.PacketsIn, r.PacketsOut, r.BytesIn, r.BytesOut}
}

// appendFigures appends five columns. The first exact of them are not shortened.
func appendFigures(b []byte, f figures, exact int) []byte {
	for i, n := range f {
		if i < exact {
			b = appendExact(b, n)
		} else {
			b = appendCounter(b, n)
		}
	}
	return b
}

// appendCounter appends a counter, shortened by cutting off its last digits.
func appendCounter(b []byte, n uint64) []byte {
	for _, u := range units {
		if n >= u.from {
			return append(appendRight(b, n/u.by, 8), u.letter)
		}
	}
	return appendExact(b, n)
}

func appendExact(b []byte, n uint64) []byte { return appendRight(append(b, ' '), n, 8) }

// appendRight appends a number with blanks before it.
func appendRight(b []byte, n uint64, width int) []byte {
	var digits [20]byte
	text := strconv.AppendUint(digits[:0], n, 10)
	for range width - len(text) {
		b = append(b, ' ')
	}
	return append(b, text...)
}

// appendNumber appends a number with blanks after it.
func appendNumber(b []byte, n uint64, width int) []byte {
	start := len(b)
	return fill(strconv.AppendUint(b, n, 10), start, width)
}
