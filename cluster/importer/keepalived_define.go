package importer

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

func definesSomething(text string) bool {
	for len(text) > 0 && text[0] == '@' {
		end := strings.IndexAny(text, confSpace)
		if end < 0 {
			return false
		}
		text = trimSpace(text[end:])
	}
	_, _, ok := definition(text)
	return ok
}

// definition reads $NAME=VALUE.
func definition(text string) (name, value string, ok bool) {
	if text == "" || text[0] != '$' {
		return "", "", false
	}
	name, value, ok = strings.Cut(text[1:], "=")
	if !ok || nameLen(name) != len(name) || name == "" {
		return "", "", false
	}
	return name, trimSpace(value), true
}

// nameLen returns the length of the name of a definition at the start of a text.
func nameLen(s string) int {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && !(i > 0 && '0' <= c && c <= '9') {
			return i
		}
	}
	return len(s)
}

// replaceFirst replaces the first $NAME or ${NAME} that is defined.
func (r *confReader) replaceFirst(at place, text string) (string, bool) {
	for i := 0; i < len(text); i++ {
		if text[i] != '$' {
			continue
		}
		name, end := "", 0
		if strings.HasPrefix(text[i:], "${") {
			n := strings.IndexByte(text[i:], '}')
			if n < 0 {
				continue
			}
			name, end = text[i+2:i+n], i+n+1
		} else {
			n := nameLen(text[i+1:])
			name, end = text[i+1:i+1+n], i+1+n
			if end < len(text) && strings.IndexByte(confSpace, text[end]) < 0 {
				continue
			}
		}
		if value, ok := r.value(at, name); ok {
			return text[:i] + value + text[end:], true
		}
	}
	return text, false
}

// value returns the value of a name, defined or built in.
func (r *confReader) value(at place, name string) (string, bool) {
	switch name {
	case "_PWD":
		return filepath.Dir(at.file), true
	case "_INSTANCE":
		return r.configID, true
	}
	if v, ok := r.defined[name]; ok {
		return v, true
	}
	if strings.HasPrefix(name, "_RANDOM") || strings.HasPrefix(name, "_ENV") {
		r.fault(at, "${%s} has a value only when keepalived starts: write the value instead", name)
	}
	return "", false
}

// repeat carries out ~SEQ(VAR, START, STEP, END) REST and ~LST(VAR, A, B) REST.
func (r *confReader) repeat(at place, text string, depth int) {
	kind, rest, ok := strings.Cut(text, "(")
	args, rest, closed := cutParen(rest)
	for ok && closed {
		replaced, more := r.replaceFirst(at, args)
		if !more || len(replaced) > confLongest {
			break
		}
		args = replaced
		if r.work += len(args); r.work > confWork {
			break
		}
	}
	if !ok || !closed {
		r.fault(at, "invalid %q: want ~SEQ(VAR, START, STEP, END) or ~LST(VAR, VALUE, …)", text)
		return
	}
	var names []string
	var rounds func(yield func([]string) bool)
	var err error
	switch kind {
	case "~SEQ", "~SEQx":
		names, rounds, err = sequence(args, kind == "~SEQx")
	case "~LST":
		names, rounds, err = listing(args)
	default:
		err = fmt.Errorf("invalid %s: want ~SEQ or ~LST", kind)
	}
	if err != nil {
		r.fault(at, "%v", err)
		return
	}
	for values := range rounds {
		for i, n := range names {
			r.defined[n] = values[i]
		}
		if r.line(at, rest, depth+1); r.ended {
			return
		}
	}
}

// cutParen splits a text at the closing parenthesis.
func cutParen(s string) (inside, after string, ok bool) { return strings.Cut(s, ")") }

func sequence(args string, hex bool) ([]string, func(func([]string) bool), error) {
	words := strings.Split(args, ",")
	name := trimSpace(words[0])
	var n []int64
	for _, w := range words[1:] {
		v, err := strconv.ParseInt(trimSpace(w), 0, 32)
		if err != nil {
			return nil, nil, fmt.Errorf("~SEQ(%s): invalid %q: want a number", args, trimSpace(w))
		}
		n = append(n, v)
	}
	if nameLen(name) != len(name) || name == "" || len(n) < 1 || len(n) > 3 {
		return nil, nil, fmt.Errorf("invalid ~SEQ(%s): want a name and one to three numbers", args)
	}
	start, step, end := int64(1), int64(1), n[len(n)-1]
	if len(n) == 1 && end < 0 {
		start = -1
	}
	if len(n) > 1 {
		start = n[0]
	}
	if end < start {
		step = -1
	}
	if len(n) == 3 {
		step = n[1]
	}
	if step == 0 {
		return nil, nil, fmt.Errorf("~SEQ(%s): a step of 0 never ends", args)
	}
	base := 10
	if hex {
		base = 16
	}
	return []string{name}, func(yield func([]string) bool) {
		for v := start; step > 0 && v <= end || step < 0 && v >= end; v += step {
			if !yield([]string{strconv.FormatInt(v, base)}) {
				return
			}
		}
	}, nil
}

// listing reads VAR, A, B and {VAR, OTHER}, {A, 1}, {B, 2}.
func listing(args string) ([]string, func(func([]string) bool), error) {
	bad := fmt.Errorf("invalid ~LST(%s): want a name, or names in braces, with as many values each", args)
	var groups [][]string
	for rest := trimSpace(args); rest != ""; {
		var one string
		var group []string
		if rest[0] == '{' {
			inside, after, ok := strings.Cut(rest[1:], "}")
			if !ok {
				return nil, nil, bad
			}
			for w := range strings.SplitSeq(inside, ",") {
				group = append(group, trimSpace(w))
			}
			rest = trimSpace(after)
			if rest != "" && rest[0] != ',' {
				return nil, nil, bad
			}
			rest = trimSpace(strings.TrimPrefix(rest, ","))
		} else {
			one, rest, _ = strings.Cut(rest, ",")
			group, rest = []string{trimSpace(one)}, trimSpace(rest)
		}
		groups = append(groups, group)
	}
	if len(groups) < 2 {
		return nil, nil, bad
	}
	for _, g := range groups {
		if len(g) != len(groups[0]) {
			return nil, nil, bad
		}
	}
	for _, n := range groups[0] {
		if nameLen(n) != len(n) || n == "" {
			return nil, nil, bad
		}
	}
	return groups[0], func(yield func([]string) bool) {
		for _, values := range groups[1:] {
			if !yield(values) {
				return
			}
		}
	}, nil
}
