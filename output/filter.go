package output

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
)

// condition is one --filter: a column key, an operator and a value.
type condition struct {
	key, op, value string
	// number is the value as a number, if it is one.
	number   uint64
	isNumber bool
	pattern  *regexp.Regexp
}

// operators of conditions, the longer before those that they begin with.
var operators = []string{"!~", "!=", ">=", "<=", "==", "=", "~", ">", "<"}

// parseCondition reads key=value, key!=value, key>n, key>=n, key<n, key<=n,
// key~regexp or key!~regexp. Numbers may be short (10K, 1.5M) or durations
// (5m). The value - means "none": weight=- holds for a row without a weight. An
// address without a port means every port: server=10.0.0.11.
func parseCondition(s string) (condition, error) {
	i := strings.IndexAny(s, "!=<>~")
	if i <= 0 {
		return condition{}, &unquotedError{fmt.Errorf("invalid filter %q: want KEY=VALUE (or !=, <, <=, >, >=, ~, !~)", s)}
	}
	c := condition{key: strings.TrimSpace(s[:i])}
	for _, op := range operators {
		if rest, ok := strings.CutPrefix(s[i:], op); ok {
			c.op, c.value = op, strings.TrimSpace(rest)
			break
		}
	}
	if turned := map[string]string{"=>": ">=", "=<": "<=", "=~": "~", "=!": "!="}[c.op+first(c.value)]; turned != "" {
		return condition{}, fmt.Errorf("invalid filter %q: want %s%s%s", s, c.key, turned, c.value[1:])
	}
	c.number, c.isNumber = parseNumber(c.value)
	switch c.op {
	case "":
		return condition{}, fmt.Errorf("invalid filter %q: want ! followed by = or ~", s)
	case "==":
		c.op = "="
	case "~", "!~":
		var err error
		if c.pattern, err = regexp.Compile(c.value); err != nil {
			return condition{}, fmt.Errorf("invalid filter %q: want a regular expression after %s: %s", s, c.op,
				patternFault(err))
		}
	case ">", ">=", "<", "<=":
		if !c.isNumber {
			return condition{}, fmt.Errorf("invalid filter %q: want a number such as 10, 1.5M or 5m after %s", s, c.op)
		}
	}
	return c, nil
}

// patternFault returns why a regular expression is invalid, without the words of Go's
// parser about it.
func patternFault(err error) string {
	var bad *syntax.Error
	if errors.As(err, &bad) {
		return fmt.Sprintf("%s: %s", bad.Code, bad.Expr)
	}
	return err.Error()
}

// first returns the first byte of s, if there is one.
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
	// part decides = and != if the value names a part of the cell.
	part func(r *T) bool
	cell []byte
}

// tests binds the printer's conditions to the columns of a kind.
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
				return nil, usage("invalid filter %q: %s is text: want =, !=, ~ or !~", c.key+c.op+c.value, c.key)
			}
		case c.pattern != nil || c.value == "-" || c.value == "?":
		case col.number != nil && !c.isNumber:
			return nil, usage("invalid filter %q: want a number such as 10, 1.5M or 5m after %s", c.key+c.op+c.value, c.op)
		default:
			if err := t.read(c.value); err != nil {
				return nil, err
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// read reads the value of = or !=, which names a cell or a part of one.
func (t *test[T]) read(value string) error {
	if t.column.part != nil {
		if part, ok := t.column.part(value); ok {
			t.part = part
			return nil
		}
	}
	if t.column.canon == nil {
		return nil
	}
	canonical, want := t.column.canon(value)
	if want != "" {
		return usage("invalid filter %q: want %s after %s", t.key+t.op+value, want, t.op)
	}
	t.value = canonical
	return nil
}

// allHold reports whether a row meets every condition.
func allHold[T any](tests []*test[T], r *T) bool {
	for _, t := range tests {
		if !t.holds(r) {
			return false
		}
	}
	return true
}

// holds reports whether a row meets the condition. A missing value is neither
// smaller nor larger than any other, and differs from every value but "-".
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

// canonService returns a service in the form that tables show.
func canonService(s string) (canonical, want string) {
	id, err := kernel.ParseServiceID(s)
	if err != nil {
		return "", "a service such as tcp://192.0.2.10:80, or its address,"
	}
	return id.String(), ""
}

// canonEndpoint returns an address and port in the form that tables show.
func canonEndpoint(s string) (canonical, want string) {
	a, err := kernel.ParseAddrPort(s)
	if err != nil {
		return "", "an address such as 10.0.0.11 or 10.0.0.11:80"
	}
	return a.String(), ""
}

// addressPart parses an address without a port, which matches every port.
func addressPart[T any](value string, of func(*T) netip.Addr) (func(*T) bool, bool) {
	want, err := netip.ParseAddr(strings.Trim(value, "[]"))
	return func(r *T) bool { return of(r) == want }, err == nil
}
