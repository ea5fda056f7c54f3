package cluster

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// decoder makes a File of a tree, and collects the faults in it.
type decoder struct {
	source *Source
	tables *tables
	faults Faults
	// count is the number of faults, including those that are not kept.
	count int
	// given is set if the services were read before the rest of the file.
	given bool
	// key is the key whose value is being read, for faults.
	key string
	// forDirector are the keys read that only a director acts on, forLater those that
	// nothing acts on yet.
	forDirector, forLater keyCounts
}

// file reads the document, key by key.
func (d *decoder) file(root *tree, f *File) {
	d.key = "cluster file"
	d.tables.file.read(d, root, f)
}

// fault adds a fault at a value.
func (d *decoder) fault(t *tree, why, hint string) {
	d.count++
	if !d.faults.Full() {
		d.faults.Add(d.source.fault(int(t.line), int(t.column), why, hint))
	}
}

// refuse adds the fault of a value that is not of the form of its key.
func (d *decoder) refuse(t *tree, s shape) { d.want(t, s.words, "") }

// want adds the fault of a value that is not what its key takes.
func (d *decoder) want(t *tree, words, hint string) {
	named := strings.HasSuffix(d.key, `"`) // pool "web"
	if t.isScalar() && !named {
		d.fault(t, "invalid "+d.key+" "+t.what()+": want "+words, hint)
	} else {
		d.fault(t, "invalid "+d.key+": want "+words+", not "+t.what(), hint)
	}
}

// wantError is the error of a text that is not what its key takes. It says what the
// key takes.
type wantError string

func (e wantError) Error() string { return "want " + string(e) }

// form is how a value is written: its description for faults, schema and manual, and
// the function that reads it. That returns false after a fault.
type form[V any] struct {
	shape shape
	read  func(d *decoder, t *tree) (V, bool)
}

// shape describes a value. Words follow "want" in a fault and are the type in the
// manual. The other fields are for the schema, in its order.
type shape struct {
	words     string
	kind      string // a type of JSON; empty if ref or either give it
	pattern   string // a regular expression
	filled    bool   // the text is not empty
	one       []string
	low, high int64 // of numbers
	items     *shape
	values    *shape // of an object with any keys
	ref       string // the id of a record
	either    []shape
}

// text is any text but an empty one.
func text(words string) form[string] {
	return form[string]{shape{words: words, kind: "string", filled: true}, func(d *decoder, t *tree) (string, bool) {
		return d.text(t, words)
	}}
}

// text reads a text. The hint for a number or a bool is to put it in quotes.
func (d *decoder) text(t *tree, words string) (string, bool) {
	switch {
	case t.kind == isText && t.text != "":
		return t.text, true
	case t.kind == isText:
		d.fault(t, d.key+" is empty", "leave out the key")
	case t.kind == isNumber || t.kind == isBool:
		d.want(t, words, `write it in quotes: "`+t.text+`"`)
	default:
		d.want(t, words, "")
	}
	return "", false
}

// parsed is a text that a function reads. The function returns a wantError, or a
// whole sentence.
func parsed[V any](words string, parse func(string) (V, error)) form[V] {
	return form[V]{shape{words: words, kind: "string", filled: true}, func(d *decoder, t *tree) (v V, ok bool) {
		s, ok := d.text(t, words)
		if !ok {
			return v, false
		}
		v, err := parse(s)
		var want wantError
		if errors.As(err, &want) {
			d.want(t, string(want), "")
		} else if err != nil {
			d.fault(t, err.Error(), "")
		}
		return v, err == nil
	}}
}

// oneOf is one of some words.
func oneOf(list ...string) form[string] {
	s := shape{words: enumerate(list, "or"), kind: "string", one: list}
	return form[string]{s, func(d *decoder, t *tree) (string, bool) {
		for _, w := range list {
			if t.text == w && t.kind == isText {
				return w, true
			}
		}
		hint, near := "", Nearest(t.text, list)
		forward, err := kernel.ParseForward(strings.ToLower(t.text)) // as another tool calls it
		if err == nil && slices.Contains(list, forward.String()) {
			near = forward.String()
		}
		if near != "" && t.kind == isText {
			hint = "did you mean " + near + "?"
		}
		d.want(t, s.words, hint)
		return "", false
	}}
}

// number is a whole number.
func number[N int | uint8 | uint16 | uint32](low, high int64) form[N] {
	s := shape{words: fmt.Sprintf("a whole number from %d to %d", low, high), kind: "integer", low: low, high: high}
	return form[N]{s, func(d *decoder, t *tree) (N, bool) {
		n, err := strconv.ParseInt(t.text, 10, 64)
		if t.kind == isNumber && err == nil && n >= low && n <= high && t.text[0] != '+' {
			return N(n), true
		}
		hint := ""
		if t.kind == isText && err == nil {
			hint = "remove the quotes"
		}
		d.want(t, s.words, hint)
		return 0, false
	}}
}

// pointer is a form whose value is a pointer, to tell zero from a missing value.
func pointer[V any](f form[V]) form[*V] {
	return form[*V]{f.shape, func(d *decoder, t *tree) (*V, bool) {
		v, ok := f.read(d, t)
		if !ok {
			return nil, false
		}
		return &v, true
	}}
}

// truth is true or false.
func truth() form[bool] {
	s := shape{words: "true or false", kind: "boolean"}
	return form[bool]{s, func(d *decoder, t *tree) (bool, bool) {
		if t.kind != isBool || t.text != "true" && t.text != "false" {
			d.refuse(t, s)
			return false, false
		}
		return t.text == "true", true
	}}
}

// listOf is a list of any number of values. A faulty value keeps its index.
func listOf[V any](words string, f form[V]) form[[]V] {
	s := shape{words: words, kind: "array", items: &f.shape}
	return form[[]V]{s, func(d *decoder, t *tree) ([]V, bool) {
		if t.kind != isList {
			d.refuse(t, s)
			return nil, false
		}
		out := make([]V, len(t.items))
		key := elementOf(d.key)
		for i := range t.items {
			d.key = key
			out[i], _ = f.read(d, &t.items[i])
		}
		return out, true
	}}
}

// elementOf returns what a fault calls an element of the list of a key.
func elementOf(key string) string {
	switch key {
	case "services", "peers", "flags", "servers":
		return strings.TrimSuffix(key, "s")
	case "communities":
		return "community"
	case "sync":
		return "sync daemon"
	}
	return key
}

// oneOrMore is a value, or a list of values.
func oneOrMore[V any](words string, f form[V]) form[[]V] {
	many := listOf(words, f)
	s := shape{words: words, either: []shape{f.shape, many.shape}}
	return form[[]V]{s, func(d *decoder, t *tree) ([]V, bool) {
		if t.kind != isList {
			v, ok := f.read(d, t)
			return []V{v}, ok
		}
		if len(t.items) == 0 {
			d.fault(t, d.key+" is empty", "")
			return nil, false
		}
		return many.read(d, t)
	}}
}

// enumerate joins words with commas, and with another word before the last one.
func enumerate(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " " + last + " " + list[len(list)-1]
}

// share is a number of servers, or a percentage of them.
func share() form[Share] { return shareTo("a number of servers, or a percentage such as 30%", 65535) }

// shareTo is a number from 1 to high, or a percentage.
func shareTo(words string, high int64) form[Share] {
	s := shape{words: words, either: []shape{{kind: "integer", low: 1, high: high},
		{kind: "string", pattern: percentPattern}}}
	return form[Share]{s, func(d *decoder, t *tree) (Share, bool) {
		if n, err := strconv.ParseUint(t.text, 10, 31); err == nil && n > 0 && int64(n) <= high && t.kind == isNumber {
			return Share{N: int(n)}, true
		}
		return d.percent(t, s)
	}}
}

const percentPattern = `^([1-9]|[1-9][0-9]|100)%$`

// part is a percentage.
func part() form[Share] {
	s := shape{words: "a percentage from 1% to 100%", kind: "string", pattern: percentPattern}
	return form[Share]{s, func(d *decoder, t *tree) (Share, bool) { return d.percent(t, s) }}
}

func (d *decoder) percent(t *tree, s shape) (Share, bool) {
	digits, ok := strings.CutSuffix(t.text, "%")
	n, err := strconv.ParseUint(digits, 10, 8)
	if t.kind != isText || !ok || err != nil || n < 1 || n > 100 || digits[0] == '0' {
		d.refuse(t, s)
		return Share{}, false
	}
	return Share{N: int(n), Percent: true}, true
}

// statusCodes is an HTTP status code, or a range of them.
func statusCodes() form[StatusRange] {
	s := shape{words: "a status such as 404, or a range such as 200-399", either: []shape{
		{kind: "integer", low: 100, high: 599}, {kind: "string", pattern: `^[1-5][0-9][0-9]-[1-5][0-9][0-9]$`}}}
	return form[StatusRange]{s, func(d *decoder, t *tree) (r StatusRange, ok bool) {
		low, high, isRange := strings.Cut(t.text, "-")
		if !isRange {
			high = low
		}
		from, errFrom := strconv.ParseUint(low, 10, 16)
		to, errTo := strconv.ParseUint(high, 10, 16)
		switch {
		case errFrom != nil, errTo != nil, isRange != (t.kind == isText), from < 100, to < 100, from > 599, to > 599:
			d.refuse(t, s)
		case from > to:
			d.want(t, "the lower status first", "")
		default:
			return StatusRange{int(from), int(to)}, true
		}
		return r, false
	}}
}

// period is a duration, in whole units.
func period(low, high, unit time.Duration) form[time.Duration] {
	return periodTo(low, high, high, unit)
}

// periodTo is a period that may be longer than its description says: a rule checks
// it later.
func periodTo(low, told, high, unit time.Duration) form[time.Duration] {
	const pattern = `^([0-9]+d)?(([0-9]+(\.[0-9]+)?)(h|m|s|ms))*$`
	s := shape{words: "a duration from " + plan.DurationText(low) + " to " + boundText(told),
		kind: "string", pattern: pattern}
	return form[time.Duration]{s, func(d *decoder, t *tree) (time.Duration, bool) {
		v, err := plan.ParseDuration(t.text)
		switch {
		case t.kind == isNumber:
			units := "write " + t.text + "s for seconds or " + t.text + "m for minutes"
			if unit < time.Second {
				units = "write " + t.text + "ms for milliseconds or " + t.text + "s for seconds"
			}
			d.want(t, s.words+", with its unit", units)
		case t.kind != isText || err != nil:
			d.want(t, s.words+durationExamples(low, told, unit), "")
		case v < low || v > high:
			d.refuse(t, s)
		case v%unit != 0:
			d.want(t, "a duration in whole seconds", "")
		default:
			return v, true
		}
		return 0, false
	}}
}

// boundText returns the bound of a range of durations. One of more than a day is in
// whole days, or in seconds.
func boundText(d time.Duration) string {
	const day = 24 * time.Hour
	if d > day && d%day != 0 {
		return strconv.Itoa(int(d/time.Second)) + "s"
	}
	return plan.DurationText(d)
}

// durationExamples returns up to three durations of a range, to end a sentence.
func durationExamples(low, high, unit time.Duration) string {
	var out []string
	for _, text := range []string{"500ms", "90s", "5m", "1h30m", "7d", "30d"} {
		d, _ := plan.ParseDuration(text)
		if low <= d && d <= high && d%unit == 0 && len(out) < 3 {
			out = append(out, text)
		}
	}
	return ", such as " + enumerate(out, "or")
}
