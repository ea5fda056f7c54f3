package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"lvs/plan"
)

// apiVersion is the version of the JSON contract. A version may get new keys; no
// key disappears or changes its type.
const apiVersion = "lvs/v1"

// document writes one JSON document, or what is made from JSON: jsonl, YAML, jq
// results and templates. Items are written as they come, in large pieces, unless
// the whole document is needed first.
type document struct {
	p    *Printer
	sink *sink
	kind string
	// single is set if the document has one item instead of a list.
	single bool
	// lines is set for jsonl: items without an envelope.
	lines bool
	// queried is set for jq over each item of jsonl.
	queried bool
	// whole is set if nothing can be written before the end: sink.buf holds the
	// document.
	whole bool
	// indent is set for people.
	indent bool
	// item holds one item if it is not written as it is.
	item []byte
	n    int
}

// document begins a document of a kind.
func (p *Printer) document(kind string, single bool) *document {
	d := &document{p: p, sink: newSink(p.w), kind: kind, single: single, lines: p.o.Format == "jsonl"}
	d.queried = d.lines && p.query != nil
	d.whole = !d.lines && (p.o.Format != "json" || p.query != nil || p.template != nil)
	d.indent = p.o.Terminal && !d.lines && !d.whole
	if !d.lines {
		d.head()
	}
	return d
}

// head writes the envelope up to the first item.
func (d *document) head() {
	d.key(`{`, "apiVersion")
	d.sink.buf = appendString(d.sink.buf, apiVersion)
	d.key(`,`, "kind")
	d.sink.buf = appendString(d.sink.buf, d.kind)
	d.key(`,`, "generatedAt")
	d.sink.buf = append(d.sink.buf, '"')
	d.sink.buf = d.p.o.Now().UTC().AppendFormat(d.sink.buf, time.RFC3339Nano)
	d.sink.buf = append(d.sink.buf, '"')
	d.key(`,`, "netns")
	d.sink.buf = appendStringOrNull(d.sink.buf, d.p.o.Netns)
	if d.kind == changeList {
		d.key(`,`, "orders")
		orders := d.p.orders
		if orders == nil {
			orders = []OrderRow{}
		}
		d.sink.buf, _ = appendValue(d.sink.buf, orders) // text and numbers always encode
	}
	if d.single {
		d.key(`,`, "item")
		return
	}
	d.key(`,`, "items")
	d.sink.buf = append(d.sink.buf, '[')
}

func (d *document) key(before, name string) {
	d.sink.buf = append(d.sink.buf, before...)
	if d.indent {
		d.sink.buf = append(d.sink.buf, "\n  "...)
	}
	d.sink.buf = append(append(append(d.sink.buf, '"'), name...), `":`...)
	if d.indent {
		d.sink.buf = append(d.sink.buf, ' ')
	}
}

// open returns the buffer for the next item; done takes it back.
func (d *document) open() []byte {
	if d.indent || d.queried {
		return d.item[:0]
	}
	if d.n > 0 && !d.lines {
		d.sink.buf = append(d.sink.buf, ',')
	}
	return d.sink.buf
}

func (d *document) done(b []byte) error {
	d.n++
	switch {
	case d.queried:
		d.item = b
		var err error
		if d.sink.buf, err = d.p.runQuery(d.sink.buf, b); err != nil {
			return err
		}
	case d.lines:
		d.sink.buf = append(b, '\n')
	case d.indent:
		d.item = b
		return d.indented()
	default:
		d.sink.buf = b
	}
	if d.whole {
		return nil
	}
	return d.sink.spill()
}

// more writes a part of an item if items are written as they are. An error of the
// writer stays in the sink.
func (d *document) more(b []byte) []byte {
	if d.indent || d.queried || d.whole || len(b) < sinkSize {
		return b
	}
	d.sink.buf = b
	_ = d.sink.flush()
	return d.sink.buf
}

func (d *document) indented() error {
	prefix := "  "
	if !d.single {
		prefix = "    "
		if d.n > 1 {
			d.sink.buf = append(d.sink.buf, ',')
		}
		d.sink.buf = append(append(d.sink.buf, '\n'), prefix...)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, d.item, prefix, "  "); err != nil {
		return err
	}
	d.sink.buf = append(d.sink.buf, out.Bytes()...)
	return d.sink.spill()
}

// value adds an item as encoding/json writes it.
func (d *document) value(v any) error {
	b, err := appendValue(d.open(), v)
	if err != nil {
		return err
	}
	return d.done(b)
}

func (d *document) close() error {
	if d.lines {
		return d.sink.flush()
	}
	switch {
	case d.single && d.indent:
		d.sink.buf = append(d.sink.buf, "\n}"...)
	case d.single:
		d.sink.buf = append(d.sink.buf, '}')
	case d.indent && d.n > 0:
		d.sink.buf = append(d.sink.buf, "\n  ]\n}"...)
	case d.indent:
		d.sink.buf = append(d.sink.buf, "]\n}"...)
	default:
		d.sink.buf = append(d.sink.buf, "]}"...)
	}
	if d.whole {
		var err error
		if d.sink.buf, err = d.p.derive(d.sink.buf); err != nil {
			return err
		}
		return d.sink.flush()
	}
	d.sink.buf = append(d.sink.buf, '\n')
	return d.sink.flush()
}

// derive returns what Options ask for, made from a whole JSON document.
func (p *Printer) derive(doc []byte) ([]byte, error) {
	switch {
	case p.query != nil:
		return p.runQuery(nil, doc)
	case p.template != nil:
		return p.runTemplate(doc)
	}
	return toYAML(doc), nil
}

// appendValue appends v as encoding/json writes it, without escaping <, > and &, but
// with every invisible character escaped.
func appendValue(b []byte, v any) ([]byte, error) {
	out := bytes.NewBuffer(b)
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return escapeInvisible(bytes.TrimSuffix(out.Bytes(), []byte{'\n'}), len(b)), err
}

// escapeInvisible escapes invisible characters in the JSON text that begins at from: only
// strings can have them. Those beyond 16 bits become two escapes (RFC 8259).
func escapeInvisible(b []byte, from int) []byte {
	at := from
	for at < len(b) && b[at] < 0x7f {
		at++
	}
	if at == len(b) || !bytes.ContainsFunc(b[at:], plan.Invisible) {
		return b
	}
	text := string(b[at:])
	b = b[:at]
	for _, r := range text {
		switch {
		case !plan.Invisible(r):
			b = utf8.AppendRune(b, r)
		case r <= 0xffff:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		}
	}
	return b
}

// appendString appends a JSON string as appendValue does.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			b, _ = appendValue(b, s) // a string always encodes
			return b
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func appendStringOrNull(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendString(b, s)
}

func appendUint(b []byte, n uint64) []byte {
	if n < 100_000 {
		return appendSmall(b, uint(n))
	}
	return strconv.AppendUint(b, n, 10)
}

func indent(b []byte) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return b
	}
	return out.Bytes()
}

// ErrorRow is a failure, as -o json shows it on standard error.
type ErrorRow struct {
	What       string     `json:"what" doc:"What was tried."`
	Why        string     `json:"why" doc:"Why it failed."`
	Hint       *string    `json:"hint" doc:"What may help. Null if unknown."`
	ExitStatus int        `json:"exitStatus" doc:"The exit status of the command."`
	Faults     []FaultRow `json:"faults" doc:"Every fault of the input. Empty if the input is valid."`
}

// FaultRow is a fault in the input.
type FaultRow struct {
	File   *string `json:"file" doc:"The file. Null for the command line and standard input."`
	Line   *int    `json:"line" doc:"The line, from 1. Null if there is none."`
	Column *int    `json:"column" doc:"The column in characters, from 1. Null if there is none."`
	Text   *string `json:"text" doc:"The invalid text; in a cluster file its line. Null if text is missing."`
	Why    string  `json:"why" doc:"What is wrong with it."`
	Hint   *string `json:"hint" doc:"What may help. Null if unknown."`
}

// errorDocument is the envelope of a failure.
type errorDocument struct {
	APIVersion string   `json:"apiVersion" doc:"The version of this contract."`
	Kind       string   `json:"kind" doc:"Error."`
	Error      ErrorRow `json:"error" doc:"The failure."`
}

// WriteError writes the failure as one line of JSON. It ignores an error of the
// writer, because it cannot report it anywhere.
func WriteError(w io.Writer, e ErrorRow) {
	if e.Faults == nil {
		e.Faults = []FaultRow{}
	}
	b, err := appendValue(nil, errorDocument{apiVersion, "Error", e})
	if err == nil {
		_, _ = w.Write(append(b, '\n'))
	}
}
