package cluster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// form is how a value is written: what reads it, and what the schema and the
// manual say of it. Reading is false after a fault.
type form[V any] struct {
	shape shape
	read  func(d *decoder, t *tree) (V, bool)
}

// shape describes a value. Words follow "is" in a fault and in the manual. All
// other fields are the schema's, in the order in which it has them.
type shape struct {
	words     string
	kind      string // a type of JSON; empty where ref or either say it
	pattern   string // a regular expression
	filled    bool   // an empty text is none
	one       []string
	low, high int64 // of numbers
	items     *shape
	values    *shape // of an object with any keys
	ref       string // a record
	either    []shape
}

// text is any text but an empty one.
func text(words string) form[string] {
	return form[string]{shape{words: words, kind: "string", filled: true}, func(d *decoder, t *tree) (string, bool) {
		return d.text(t, words)
	}}
}

// text reads a text; what is one only without quotes is told apart.
func (d *decoder) text(t *tree, words string) (string, bool) {
	switch {
	case t.kind == isText && t.text != "":
		return t.text, true
	case t.kind == isText:
		d.fault(t, d.key+" is empty", "leave the key out")
	case t.kind == isNumber || t.kind == isBool:
		d.fault(t, d.key+" is "+words+", not "+t.what(), `in quotes it is a text: "`+t.text+`"`)
	default:
		d.fault(t, d.key+" is "+words+", not "+t.what(), "")
	}
	return "", false
}

// parsed is a text that a function reads.
func parsed[V any](words string, parse func(string) (V, error)) form[V] {
	return form[V]{shape{words: words, kind: "string", filled: true}, func(d *decoder, t *tree) (v V, ok bool) {
		s, ok := d.text(t, words)
		if !ok {
			return v, false
		}
		v, err := parse(s)
		if err != nil {
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
		if other := otherWord(strings.ToLower(t.text)); slices.Contains(list, other) {
			near = other
		}
		if near != "" && t.kind == isText {
			hint = "did you mean " + near + "?"
		}
		d.fault(t, d.key+" is "+s.words+", not "+t.what(), hint)
		return "", false
	}}
}

// otherWord returns what a word of another tool for a way to a server means here, or
// nothing.
func otherWord(word string) string {
	switch word {
	case "dr", "gate", "gatewaying", "route", "droute":
		return "direct"
	case "masq", "masquerade", "masquerading":
		return "nat"
	case "tun", "tunneling", "ipip":
		return "tunnel"
	}
	return ""
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
			hint = "leave out the quotes"
		}
		d.fault(t, d.key+" is "+s.words+", not "+t.what(), hint)
		return 0, false
	}}
}

// pointer keeps a value apart from none.
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

// listOf is any number of values. One that is faulty keeps its place.
func listOf[V any](words string, f form[V]) form[[]V] {
	s := shape{words: words, kind: "array", items: &f.shape}
	return form[[]V]{s, func(d *decoder, t *tree) ([]V, bool) {
		if t.kind != isList {
			d.refuse(t, s)
			return nil, false
		}
		out := make([]V, len(t.items))
		key := "each of " + d.key
		for i := range t.items {
			d.key = key
			out[i], _ = f.read(d, &t.items[i])
		}
		return out, true
	}}
}

// oneOrMore is a value, or a list of such.
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

// enumerate joins words with commas and, before the last, another one.
func enumerate(list []string, last string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " " + last + " " + list[len(list)-1]
}
