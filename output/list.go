package output

import (
	"bufio"
	"encoding/csv"
	"io"
	"slices"
)

// printList writes a list of any kind but services, servers and connections.
// encode returns the row struct of an item.
func printList[T any](p *Printer, k *kind[T], items []T, encode func(*T) any) error {
	items, err := arrange(p, k, items)
	if err != nil {
		return err
	}
	if p.rowFormat() {
		return printRows(p, k, items)
	}
	d := p.document(k.name, false)
	for i := range items {
		if err := d.value(encode(&items[i])); err != nil {
			return err
		}
	}
	return d.close()
}

// printOne writes a document with a single item. Conditions and sort keys are
// checked as in every list.
func printOne[T any](p *Printer, k *kind[T], item T, encode func(*T) any) error {
	items, err := arrange(p, k, []T{item})
	if err != nil {
		return err
	}
	if p.rowFormat() {
		return printRows(p, k, items)
	}
	d := p.document(k.name, true)
	if err := d.value(encode(&item)); err != nil {
		return err
	}
	return d.close()
}

// arrange returns the items that the filter leaves, sorted.
func arrange[T any](p *Printer, k *kind[T], items []T) ([]T, error) {
	conditions, err := tests(p, k)
	if err != nil {
		return nil, err
	}
	order, err := k.order(&p.o)
	if err != nil {
		return nil, err
	}
	if len(conditions) > 0 {
		kept := make([]T, 0, len(items))
		for i := range items {
			if allHold(conditions, &items[i]) {
				kept = append(kept, items[i])
			}
		}
		items = kept
	}
	if order != nil {
		items = slices.Clone(items)
		slices.SortStableFunc(items, func(a, b T) int { return order(&a, &b) })
	}
	return items, nil
}

// printRows writes the items as rows.
func printRows[T any](p *Printer, k *kind[T], items []T) error {
	w, err := rows(p, k)
	if err != nil {
		return err
	}
	for i := range items {
		if err := w.row(&items[i]); err != nil {
			return err
		}
	}
	return w.close()
}

// rowWriter writes the rows of one tabular document, or of one list of names.
type rowWriter[T any] interface {
	row(r *T) error
	// flush writes what it holds; more rows may follow.
	flush() error
	close() error
}

// rows returns the writer for table, wide, csv and name.
func rows[T any](p *Printer, k *kind[T]) (rowWriter[T], error) {
	if p.o.Format == "name" {
		name := k.appendName
		if name == nil {
			c, err := k.find(k.plain[0], "column")
			if err != nil {
				return nil, err
			}
			name = c.appendExact
		}
		return &nameWriter[T]{sink: newSink(p.w), name: name}, nil
	}
	columns, err := k.choose(&p.o)
	if err != nil {
		return nil, err
	}
	if p.o.Format == "csv" {
		w := &csvWriter[T]{w: csv.NewWriter(bufio.NewWriterSize(p.w, sinkSize)), columns: columns,
			record: make([]string, len(columns))}
		if p.o.NoHeaders {
			return w, nil
		}
		return w, w.header()
	}
	return newTable(p, k, columns), nil
}

// nameWriter writes one identity a line.
type nameWriter[T any] struct {
	sink *sink
	name func([]byte, *T) []byte
}

func (w *nameWriter[T]) row(r *T) error {
	w.sink.buf = append(visible(w.name(w.sink.buf, r), len(w.sink.buf)), '\n')
	return w.sink.spill()
}

func (w *nameWriter[T]) flush() error { return w.sink.flush() }
func (w *nameWriter[T]) close() error { return w.flush() }

// csvWriter writes RFC 4180 with the line ends of Unix. Its headings are the keys.
type csvWriter[T any] struct {
	w       *csv.Writer
	columns []*column[T]
	record  []string
	cell    []byte
}

func (w *csvWriter[T]) header() error {
	for i, c := range w.columns {
		w.record[i] = c.key
	}
	return w.w.Write(w.record)
}

func (w *csvWriter[T]) row(r *T) error {
	for i, c := range w.columns {
		w.cell = c.appendExact(w.cell[:0], r)
		w.record[i] = string(w.cell)
	}
	return w.w.Write(w.record)
}

func (w *csvWriter[T]) flush() error {
	w.w.Flush()
	return w.w.Error()
}

func (w *csvWriter[T]) close() error { return w.flush() }

// sinkSize is the number of bytes that are gathered before they are written. Shorter output
// takes less memory.
const sinkSize = 256 << 10

// sink gathers bytes in buf and writes them in large pieces. After an error it
// writes nothing more and returns that error again.
type sink struct {
	w   io.Writer
	buf []byte
	err error
}

func newSink(w io.Writer) *sink {
	return &sink{w: w, buf: make([]byte, 0, sinkSize+4096)}
}

// spill writes the buffer if it is large enough.
func (s *sink) spill() error {
	if len(s.buf) < sinkSize {
		return s.err
	}
	return s.flush()
}

// flush writes the buffer.
func (s *sink) flush() error {
	if s.err == nil && len(s.buf) > 0 {
		_, s.err = s.w.Write(s.buf)
	}
	s.buf = s.buf[:0]
	return s.err
}
