package output

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

// Options say how results look. The zero value is a plain table.
type Options struct {
	// Format is one of Formats. Empty is table, or json with JQ or Template.
	Format string
	// Columns are column keys in the order wanted, for table, wide and csv.
	// Empty is the view's own choice.
	Columns []string
	// NoHeaders leaves out the line of column names.
	NoHeaders bool
	// Sort is a column key, descending with a leading minus. Empty is the
	// kernel's order for connections, by address for services and servers.
	Sort string
	// Filter are conditions that must all hold. See parseCondition.
	Filter []string
	// Context ends a jq program that does not end by itself. Nil never does.
	Context context.Context
	// JQ is a jq program run over the document (json) or over each item (jsonl).
	JQ string
	// Template is a Go text template over the document.
	Template string
	// Terminal chooses the look for people: grouped rows, scaled numbers,
	// indented JSON.
	Terminal bool
	// Color puts styles into tables. Without it no escape byte is ever written.
	Color bool
	// Width is the terminal's width in columns. Zero is unknown.
	Width int
	// Netns names the network namespace in JSON. Empty is null.
	Netns string
	// Now is the clock of generatedAt. Nil is time.Now.
	Now func() time.Time
}

// Formats lists the output formats.
func Formats() []string {
	return []string{"table", "wide", "json", "jsonl", "yaml", "csv", "name"}
}

// View chooses what a table of services or servers is about.
type View uint8

// The views.
const (
	Plain View = iota // the configuration and the connections now
	Stats             // totals since the start or the last zero
	Rates             // per second
)

// UsageError is a request that cannot be met as it was put: an unknown format,
// column or filter. It is the user's to correct.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

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
}

// New checks what can be checked without knowing the kind of result. Its
// errors are *UsageError.
func New(w io.Writer, o Options) (*Printer, error) {
	if o.Format == "" {
		o.Format = "table"
		if o.JQ != "" || o.Template != "" {
			o.Format = "json"
		}
	}
	if !slices.Contains(Formats(), o.Format) {
		return nil, usage("unknown format %q; the formats are %s", o.Format, strings.Join(Formats(), ", "))
	}
	if len(o.Columns) > 0 && !o.tabular() {
		return nil, usage("columns can be chosen for table, wide and csv, not for %s", o.Format)
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

// tabular tells whether the format has rows and columns.
func (o *Options) tabular() bool {
	return o.Format == "table" || o.Format == "wide" || o.Format == "csv"
}

// human tells whether people read it: a table on a terminal.
func (o *Options) human() bool {
	return o.Terminal && (o.Format == "table" || o.Format == "wide")
}
