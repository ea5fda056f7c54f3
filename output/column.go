package output

import (
	"slices"
	"strings"
)

// column is one datum about a row of type T: what tables, CSV, sorting,
// filtering and completion know about it. Either text or number is set.
type column[T any] struct {
	// key names the column in --columns, --sort and --filter. It is the datum's
	// key in the JSON.
	key string
	// heading is the key's short form above a table. Empty is the key in capitals.
	heading string
	// aliases are other words for the key: older ones, and other keys of the JSON.
	aliases []string
	// help describes the datum in a few words.
	help string
	// text appends the value; it appends nothing if there is none.
	text func(b []byte, r *T) []byte
	// number returns the value; false means that there is none or that it is unknown.
	number func(r *T) (uint64, bool)
	unit   unit
	// compare orders rows if neither text nor number orders them well.
	compare func(a, b *T) int
	// canon turns what a user types into the form that text writes, for conditions with
	// = and !=, or returns what is wanted instead. Nil takes it as typed.
	canon func(string) (canonical, want string)
	// hide leaves the cell empty on a terminal: it would repeat the row above, or
	// rows of this sort do not have the datum.
	hide func(r *T) bool
	// minWidth is the width that the column starts with if rows are written one at
	// a time.
	minWidth int
	// ragged keeps a value longer than minWidth from widening the lines below it.
	ragged bool
	// unknown reports whether a missing value is unknown, rather than none.
	unknown func(r *T) bool
	// part reads a value that names a part of the cell, such as an address without
	// its port, for conditions with = and !=. False means that it names none.
	part func(value string) (func(r *T) bool, bool)
}

// header returns the heading of the column.
func (c *column[T]) header() string {
	if c.heading != "" {
		return c.heading
	}
	return strings.ToUpper(c.key)
}

// is reports whether a word is the column's key, its heading or an alias, in any
// case.
func (c *column[T]) is(word string) bool {
	return strings.EqualFold(c.key, word) || c.heading != "" && strings.EqualFold(c.heading, word) ||
		slices.ContainsFunc(c.aliases, func(alias string) bool { return strings.EqualFold(alias, word) })
}

// appendCell appends the value as tables show it: a dash if there is none, a
// question mark if it is unknown.
func (c *column[T]) appendCell(b []byte, r *T, human bool) []byte {
	if human && c.hide != nil && c.hide(r) {
		return b
	}
	before := len(b)
	if c.number == nil {
		b = visible(c.text(b, r), before)
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

// appendExact appends the value in base units, and nothing if there is none.
func (c *column[T]) appendExact(b []byte, r *T) []byte {
	if c.number == nil {
		return visible(c.text(b, r), len(b))
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
	// plain and wide are the keys of the columns that the formats table and wide
	// show by default.
	plain, wide []string
	// directed is set if wide also has the columns of a director while one runs.
	directed bool
	// appendName appends the identity for the name format. Nil uses the first
	// plain column.
	appendName func(b []byte, r *T) []byte
	// style returns the style of a cell. Nil is none.
	style func(r *T, key string) Style
}

// keys returns the keys of all columns.
func (k *kind[T]) keys() []string {
	keys := make([]string, len(k.columns))
	for i := range k.columns {
		keys[i] = k.columns[i].key
	}
	return keys
}

// find returns the column that a word names. what the word is, such as "sort key",
// is for the error.
func (k *kind[T]) find(word, what string) (*column[T], error) {
	for i := range k.columns {
		if k.columns[i].is(word) {
			return &k.columns[i], nil
		}
	}
	return nil, usage("invalid %s %q: want %s", what, word, alternatives(k.keys()))
}

// alternatives joins words: a, b or c.
func alternatives(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// choose returns the columns to show.
func (k *kind[T]) choose(o *Options) ([]*column[T], error) {
	keys := o.Columns
	if len(keys) == 0 {
		keys = k.plain
		if o.Format == "wide" {
			keys = k.wide
			if k.directed && o.Directed != nil {
				keys = append(keys[:len(keys):len(keys)], "health", "why")
			}
		}
	}
	out := make([]*column[T], 0, len(keys))
	for _, key := range keys {
		c, err := k.find(key, "column")
		if err != nil {
			return nil, err
		}
		c.heading = c.header() // once: tables ask for it at every row
		out = append(out, c)
	}
	return out, nil
}

// order returns the comparison that Sort asks for, or nil.
func (k *kind[T]) order(o *Options) (func(a, b *T) int, error) {
	key, descending := strings.CutPrefix(o.Sort, "-")
	if key == "" || kernelOrder(o.Sort) {
		return nil, nil
	}
	c, err := k.find(key, "sort key")
	if err != nil {
		return nil, err
	}
	return c.order(descending), nil
}

// kernelOrder reports whether rows stay as the kernel lists them.
func kernelOrder(sort string) bool {
	return strings.EqualFold(sort, "kernel") || strings.EqualFold(sort, "none")
}

// order returns the comparison by this column. Rows without a value come last,
// whether descending or not.
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

// Column describes a column for completion, help and man pages.
type Column struct {
	Key     string   // the key in the JSON, and in --columns, --sort and --filter
	Heading string   // the short form above a table
	Aliases []string // other words that name the column
	Help    string
}

// Columns returns the columns of a kind, and nil for an unknown kind. The groups
// of ConnectionGroupList also have the columns by which they are grouped, which
// are columns of ConnectionList.
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
	case changeList:
		return changeKind().describe()
	case "HistoryList":
		return historyKind().describe()
	case "EventList":
		return eventKind(true).describe()
	case "DrainList":
		return drainKind().describe()
	case "DirectorStatus":
		return directorKind(nil).describe()
	case "DirectedServerList":
		return directedServerKind(nil).describe()
	case "DirectorEventList":
		return directorEventKind(nil).describe()
	case "Version":
		return versionKind().describe()
	}
	return nil
}

// ColumnKeys returns the column keys of a kind, for completion and messages.
func ColumnKeys(name string) []string {
	var keys []string
	for _, c := range Columns(name) {
		keys = append(keys, c.Key)
	}
	return keys
}

// ColumnWords returns what completes the beginning of a column name: the keys
// that begin with it and, if there are none, headings and aliases. Case does not
// matter.
func ColumnWords(name, prefix string) []string {
	begins := func(word string) bool {
		return len(word) >= len(prefix) && strings.EqualFold(word[:len(prefix)], prefix)
	}
	var keys, others []string
	for _, c := range Columns(name) {
		if begins(c.Key) {
			keys = append(keys, c.Key)
		}
		for _, word := range append([]string{c.Heading}, c.Aliases...) {
			if begins(word) {
				others = append(others, word)
			}
		}
	}
	if len(keys) > 0 {
		return keys
	}
	return others
}

func (k kind[T]) describe() []Column {
	out := make([]Column, len(k.columns))
	for i := range k.columns {
		c := &k.columns[i]
		out[i] = Column{Key: c.key, Heading: c.header(), Aliases: c.aliases, Help: c.help}
	}
	return out
}
