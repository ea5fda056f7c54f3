package output

import (
	"bufio"
	"encoding/csv"
	"slices"
	"strings"
)

// column is one datum about a row of type T: what table, CSV, sorting,
// filtering and completion know about it. Either text or number is set.
type column[T any] struct {
	// key names the column in --columns, --sort and --filter.
	key string
	// help says what it holds, in a few words.
	help string
	// text appends the value; appending nothing means there is none.
	text func(b []byte, r *T) []byte
	// number gives the value; false means there is none or it is not known.
	number func(r *T) (uint64, bool)
	unit   unit
	// compare orders rows where neither text nor number does it well.
	compare func(a, b *T) int
	// canon turns what a user types into the form that text writes, for
	// conditions with = and !=. Nil takes it as typed.
	canon func(string) string
	// hide leaves the cell empty for people: it would repeat the row above or
	// does not belong to this sort of row.
	hide func(r *T) bool
	// room is the width that a column has from the start where rows are written
	// one at a time.
	room int
	// ragged is set where a longer value takes more room in its own line, but not
	// in those after it.
	ragged bool
	// unknown tells that a missing value is not known, rather than none.
	unknown func(r *T) bool
	// part reads a value that names a part of what the cell says, such as an
	// address without its port, for conditions with = and !=. False is none.
	part func(value string) (func(r *T) bool, bool)
}

func (c *column[T]) header() string { return strings.ToUpper(c.key) }

// appendCell writes the value as tables show it. No value is a dash, one that
// is not known a question mark.
func (c *column[T]) appendCell(b []byte, r *T, human bool) []byte {
	if human && c.hide != nil && c.hide(r) {
		return b
	}
	before := len(b)
	if c.number == nil {
		b = c.text(b, r)
	} else if n, ok := c.number(r); ok {
		b = c.unit.appendNumber(b, n, human)
	}
	switch {
	case len(b) > before:
	case c.unknown != nil && c.unknown(r):
		b = append(b, '?')
	default:
		b = append(b, '-')
	}
	return b
}

// appendExact writes the value in base units. No value is nothing.
func (c *column[T]) appendExact(b []byte, r *T) []byte {
	if c.number == nil {
		return c.text(b, r)
	}
	if n, ok := c.number(r); ok {
		b = count.appendNumber(b, n, false)
	}
	return b
}

// kind is one sort of result.
type kind[T any] struct {
	name    string
	columns []column[T]
	// plain and wide are the keys shown unless others are asked for.
	plain, wide []string
	// appendName writes the identity for the name format. Nil uses the first
	// plain column.
	appendName func(b []byte, r *T) []byte
	// style gives a cell's look. Nil is none.
	style func(r *T, key string) Style
}

func (k *kind[T]) keys() []string {
	keys := make([]string, len(k.columns))
	for i := range k.columns {
		keys[i] = k.columns[i].key
	}
	return keys
}

// find gives the column of a key. what says who asked, for the error.
func (k *kind[T]) find(key, what string) (*column[T], error) {
	for i := range k.columns {
		if strings.EqualFold(k.columns[i].key, key) {
			return &k.columns[i], nil
		}
	}
	return nil, usage("unknown %s %q; the columns are %s", what, key, strings.Join(k.keys(), ", "))
}

// choose gives the columns to show.
func (k *kind[T]) choose(o *Options) ([]*column[T], error) {
	keys := o.Columns
	if len(keys) == 0 {
		keys = k.plain
		if o.Format == "wide" {
			keys = k.wide
		}
	}
	out := make([]*column[T], 0, len(keys))
	for _, key := range keys {
		c, err := k.find(key, "column")
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// order gives the comparison that Sort asks for, or nil.
func (k *kind[T]) order(o *Options) (func(a, b *T) int, error) {
	key, descending := strings.CutPrefix(o.Sort, "-")
	if key == "" {
		return nil, nil
	}
	c, err := k.find(key, "sort key")
	if err != nil {
		return nil, err
	}
	return c.order(descending), nil
}

// order compares by this column. Rows without a value come last either way.
func (c *column[T]) order(descending bool) func(a, b *T) int {
	sign := 1
	if descending {
		sign = -1
	}
	if c.compare != nil {
		return func(a, b *T) int { return sign * c.compare(a, b) }
	}
	var x, y []byte
	return func(a, b *T) int {
		if c.number != nil {
			m, okM := c.number(a)
			n, okN := c.number(b)
			switch {
			case !okM || !okN:
				return boolInt(okN) - boolInt(okM)
			case m < n:
				return -sign
			case m > n:
				return sign
			}
			return 0
		}
		x, y = c.text(x[:0], a), c.text(y[:0], b)
		if len(x) == 0 || len(y) == 0 {
			return boolInt(len(y) > 0) - boolInt(len(x) > 0)
		}
		return sign * slices.Compare(x, y)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rowWriter takes the rows of one tabular document, or of one list of names.
type rowWriter[T any] interface {
	row(r *T) error
	// flush hands over what it holds; more rows may follow.
	flush() error
	close() error
}

// rows gives the writer for table, wide, csv and name.
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
		w := &csvWriter[T]{w: csv.NewWriter(bufio.NewWriterSize(p.w, sinkSize)), columns: columns, record: make([]string, len(columns))}
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
	w.sink.buf = append(w.name(w.sink.buf, r), '\n')
	return w.sink.spill()
}

func (w *nameWriter[T]) flush() error { return w.sink.flush() }
func (w *nameWriter[T]) close() error { return w.flush() }

// csvWriter writes RFC 4180, with the line ends of Unix.
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
