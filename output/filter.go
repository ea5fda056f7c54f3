package output

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// condition is one --filter: a column key, an operator and a value.
type condition struct {
	key, op, value string
	// number is the value of a comparison, where it is one.
	number   uint64
	isNumber bool
	pattern  *regexp.Regexp
}

// operators, the longer before those they begin with.
var operators = []string{"!~", "!=", ">=", "<=", "==", "=", "~", ">", "<"}

// parseCondition reads key=value, key!=value, key>n, key>=n, key<n, key<=n,
// key~regexp or key!~regexp. Numbers may be short (10K, 1.5M) or durations
// (5m). The value - means "none": weight=- holds for a row without a weight. An
// address may come without its port: server=10.0.0.11.
func parseCondition(s string) (condition, error) {
	i := strings.IndexAny(s, "!=<>~")
	if i <= 0 {
		return condition{}, fmt.Errorf("filter %q is not of the form KEY=VALUE (or !=, <, <=, >, >=, ~, !~)", s)
	}
	c := condition{key: strings.TrimSpace(s[:i])}
	for _, op := range operators {
		if rest, ok := strings.CutPrefix(s[i:], op); ok {
			c.op, c.value = op, strings.TrimSpace(rest)
			break
		}
	}
	if turned := map[string]string{"=>": ">=", "=<": "<=", "=~": "~", "=!": "!="}[c.op+first(c.value)]; turned != "" {
		return condition{}, fmt.Errorf("filter %q: write %s%s%s", s, c.key, turned, c.value[1:])
	}
	c.number, c.isNumber = parseNumber(c.value)
	switch c.op {
	case "":
		return condition{}, fmt.Errorf("filter %q: ! is followed by = or ~", s)
	case "==":
		c.op = "="
	case "~", "!~":
		var err error
		if c.pattern, err = regexp.Compile(c.value); err != nil {
			return condition{}, fmt.Errorf("filter %q: %w", s, err)
		}
	case ">", ">=", "<", "<=":
		if !c.isNumber {
			return condition{}, fmt.Errorf("filter %q: %q is not a number (such as 10, 1.5M or 5m)", s, c.value)
		}
	}
	return c, nil
}

func first(s string) string { return s[:min(1, len(s))] }

// parseNumber reads 10, 10K, 1.5M, 2G and the like (decimal), or a duration.
// A lower-case m is minutes, an upper-case M a million.
func parseNumber(s string) (uint64, bool) {
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return n, true
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return uint64(d / time.Second), true
	}
	if s == "" {
		return 0, false
	}
	factor := 1.0
	power := strings.IndexByte("KMGTPE", s[len(s)-1])
	if power < 0 || strings.IndexByte("0123456789", s[0]) < 0 {
		return 0, false
	}
	for range power + 1 {
		factor *= 1000
	}
	f, err := strconv.ParseFloat(s[:len(s)-1], 64)
	if err != nil || f*factor >= 1<<63 {
		return 0, false
	}
	return uint64(f * factor), true
}

// test is a condition bound to its column.
type test[T any] struct {
	condition
	column *column[T]
	// part decides = and != where the value names a part of the cell.
	part func(r *T) bool
	cell []byte
}

// tests binds the printer's conditions to a kind's columns.
func tests[T any](p *Printer, k *kind[T]) ([]*test[T], error) {
	var out []*test[T]
	for _, c := range p.conditions {
		col, err := k.find(c.key, "filter key")
		if err != nil {
			return nil, err
		}
		t := &test[T]{condition: c, column: col}
		switch {
		case c.op[0] == '<' || c.op[0] == '>':
			if col.number == nil {
				return nil, usage("filter %s%s%s: %s is text; use =, != or ~", c.key, c.op, c.value, c.key)
			}
		case c.pattern != nil || c.value == "-":
		case col.number != nil && !c.isNumber:
			return nil, usage("filter %s%s%s: %q is not a number", c.key, c.op, c.value, c.value)
		case col.canon != nil:
			t.value = col.canon(c.value)
		}
		if col.part != nil && c.pattern == nil {
			if part, ok := col.part(c.value); ok {
				t.part = part
			}
		}
		out = append(out, t)
	}
	return out, nil
}

func allHold[T any](tests []*test[T], r *T) bool {
	for _, t := range tests {
		if !t.holds(r) {
			return false
		}
	}
	return true
}

// holds decides one row. A missing value is smaller and larger than nothing,
// and different from every value but "-".
func (t *test[T]) holds(r *T) bool {
	if t.pattern != nil {
		t.cell = t.column.appendCell(t.cell[:0], r, false)
		return t.pattern.Match(t.cell) == (t.op == "~")
	}
	if t.part != nil {
		return t.part(r) == (t.op == "=")
	}
	if t.column.number == nil || t.value == "-" {
		t.cell = t.column.appendCell(t.cell[:0], r, false)
		return (string(t.cell) == t.value) == (t.op == "=")
	}
	n, ok := t.column.number(r)
	if !ok {
		return t.op == "!="
	}
	switch t.op {
	case "=":
		return n == t.number
	case "!=":
		return n != t.number
	case ">":
		return n > t.number
	case ">=":
		return n >= t.number
	case "<":
		return n < t.number
	}
	return n <= t.number
}
