package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"lvs/kernel"
)

// Options are how results look. The zero value is a plain table.
type Options struct {
	// Format is one of Formats. Empty is table, or json with JQ or Template.
	Format string
	// Columns name the columns in their order, for table, wide and csv: by key,
	// heading or alias, in any case. Empty is the default of the view.
	Columns []string
	// NoHeaders leaves out the line of headings.
	NoHeaders bool
	// Sort names a column, with a leading minus for descending order. Empty sorts
	// services and servers by address, and leaves connections in the kernel's order;
	// so does "kernel", or "none", for servers: the last added first.
	Sort string
	// Filter are conditions that must all hold. See parseCondition.
	Filter []string
	// Context ends a jq program that does not end on its own. Nil never ends it.
	Context context.Context
	// JQ is a jq program that runs over the document (json) or each item (jsonl).
	JQ string
	// Template is a Go text template over the document.
	Template string
	// Terminal selects the look for people: grouped rows, scaled numbers, indented
	// JSON.
	Terminal bool
	// Color puts styles into tables. Without it no escape byte is written.
	Color bool
	// Width is the terminal's width in columns. Zero is unknown.
	Width int
	// Outages are the servers that are drained, or have their weight only for some time.
	Outages map[kernel.ServerKey]Outage
	// Directed is what the director of the table says about its servers. Nil: none runs.
	Directed map[kernel.ServerKey]DirectedStateRow
	// Netns is the network namespace in the JSON. Empty is null.
	Netns string
	// Now is the clock of generatedAt. Nil is time.Now.
	Now func() time.Time
}

// Formats returns the output formats.
func Formats() []string {
	return []string{"table", "wide", "json", "jsonl", "yaml", "csv", "name"}
}

// View selects the columns of a table of services or servers.
type View uint8

// The views.
const (
	Plain View = iota // the configuration and the connections now
	Stats             // totals since they were added or last zeroed
	Rates             // per second
)

// UsageError is a request that the user has to correct: an unknown format, column
// or filter.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// unquotedError is a filter that ends before its value: in a shell, an unquoted < or >
// redirects, and the rest does not arrive.
type unquotedError struct{ error }

// IsUnquoted reports whether err is about a filter that may lack its quotes.
func IsUnquoted(err error) bool {
	var e *unquotedError
	return errors.As(err, &e)
}

func usage(format string, args ...any) error {
	return &UsageError{fmt.Errorf(format, args...)}
}

// Printer writes results in one format. Each method writes one document.
type Printer struct {
	o          Options
	w          io.Writer
	conditions []condition
	query      *gojq.Code
	template   templater
	orders     []OrderRow // of a ChangeList
}

// New returns a printer. It checks all options that do not depend on the kind of
// result; its errors are *UsageError.
func New(w io.Writer, o Options) (*Printer, error) {
	if o.Format == "" {
		o.Format = "table"
		if o.JQ != "" || o.Template != "" {
			o.Format = "json"
		}
	}
	if !slices.Contains(Formats(), o.Format) {
		return nil, usage("invalid format %q: want %s", o.Format, alternatives(Formats()))
	}
	if len(o.Columns) > 0 && !o.tabular() {
		return nil, usage("columns need the format table, wide or csv, not %s", o.Format)
	}
	if o.Context == nil {
		o.Context = context.Background()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	p := &Printer{o: o, w: w}
	for _, s := range o.Filter {
		c, err := parseCondition(s)
		if err != nil {
			return nil, &UsageError{err}
		}
		p.conditions = append(p.conditions, c)
	}
	if err := p.prepareQuery(); err != nil {
		return nil, &UsageError{err}
	}
	return p, nil
}

// UsesCounters reports whether a view of services or servers shows counters or rates, or
// sorts or filters by them. JSON and YAML have all of them.
func (p *Printer) UsesCounters(v View) bool {
	if !p.rowFormat() || p.o.tabular() && len(p.o.Columns) == 0 && v != Plain {
		return true
	}
	words := []string{strings.TrimPrefix(p.o.Sort, "-")}
	if p.o.tabular() {
		words = append(words, p.o.Columns...)
	}
	for _, c := range p.conditions {
		words = append(words, c.key)
	}
	for _, c := range counterColumns() {
		if slices.ContainsFunc(words, c.is) {
			return true
		}
	}
	return false
}

// tabular reports whether the format has rows and columns.
func (o *Options) tabular() bool {
	return o.Format == "table" || o.Format == "wide" || o.Format == "csv"
}

// human reports whether people read the result: a table on a terminal.
func (o *Options) human() bool {
	return o.Terminal && (o.Format == "table" || o.Format == "wide")
}
