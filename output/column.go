package output

import (
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

// Column is a column as completion, help and man pages show it.
type Column struct{ Key, Help string }

// Columns lists the columns of a kind. An unknown kind has none. The groups of
// ConnectionGroupList also have the columns that they are grouped by, which are
// those of ConnectionList.
func Columns(name string) []Column {
	switch name {
	case "ServiceList":
		return serviceKind(Plain).describe()
	case "ServerList":
		return serverKind(Plain).describe()
	case "ConnectionList":
		return connectionKind().describe()
	case "ConnectionGroupList":
		k, _ := groupKind(nil) // no key, no error
		return k.describe()
	case "Timeouts":
		return timeoutsKind().describe()
	case "DaemonList":
		return daemonKind().describe()
	case "Totals":
		return totalsKind().describe()
	case "ChangeList":
		return changeKind().describe()
	case "HistoryList":
		return historyKind().describe()
	case "EventList":
		return eventKind(true).describe()
	case "DrainList":
		return drainKind().describe()
	case "Version":
		return versionKind().describe()
	}
	return nil
}

// ColumnKeys lists the column keys of a kind, for completion and messages.
func ColumnKeys(name string) []string {
	var keys []string
	for _, c := range Columns(name) {
		keys = append(keys, c.Key)
	}
	return keys
}

func (k kind[T]) describe() []Column {
	out := make([]Column, len(k.columns))
	for i, c := range k.columns {
		out[i] = Column{c.key, c.help}
	}
	return out
}
