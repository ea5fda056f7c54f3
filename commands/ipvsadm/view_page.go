package ipvsadm

import "io"

// pageLen is how much is written at a time: what a pipe holds.
const pageLen = 64 << 10

// page collects rows and hands them on.
type page struct {
	w io.Writer
	b []byte
}

func newPage(w io.Writer) *page {
	const longestRow = 4 << 10
	return &page{w, make([]byte, 0, pageLen+longestRow)}
}

// turn is called after each row.
func (p *page) turn() error {
	if len(p.b) < pageLen {
		return nil
	}
	return p.end()
}

// end hands on what is left.
func (p *page) end() error {
	if len(p.b) == 0 {
		return nil
	}
	_, err := p.w.Write(p.b)
	p.b = p.b[:0]
	return err
}

// appendLeft appends a word and fills up with blanks to a width. A longer word
// moves what follows.
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
