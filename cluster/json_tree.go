package cluster

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"lvs/plan"
)

// readJSON reads JSON, with comments before it. service, if not nil, gets the services
// of the file one at a time, as from readQuick.
func readJSON(s *Source, service func(*tree)) (*tree, error) {
	j := jsonTree{source: s, in: s.text, line: 1, service: service}
	j.comments()
	var t tree
	if !j.value(&t, 0) {
		return nil, Faults{*j.bad}
	}
	if j.blanks(); j.at < len(j.in) {
		return nil, Faults{*j.wrong("unexpected text after the end of the document")}
	}
	return &t, nil
}

// jsonTree reads one value after the other. Its methods return false after a fault.
type jsonTree struct {
	source  *Source
	service func(*tree)
	nodes
	in string
	at int
	// line counts from 1; start is the offset where it begins, plus the number of
	// continuation bytes in it so far, so that columns count characters.
	line, start int
	bad         *Fault
}

func (j *jsonTree) column() int { return j.at - j.start + 1 }

func (j *jsonTree) wrong(format string, args ...any) *Fault {
	f := j.source.fault(j.line, j.column(), fmt.Sprintf(format, args...), "")
	return &f
}

func (j *jsonTree) fail(format string, args ...any) bool {
	j.bad = j.wrong(format, args...)
	return false
}

func (j *jsonTree) comments() {
	for j.blanks(); j.at < len(j.in) && j.in[j.at] == '#'; j.blanks() {
		for j.at < len(j.in) && j.in[j.at] != '\n' {
			j.at++
		}
	}
}

func (j *jsonTree) blanks() {
	for ; j.at < len(j.in); j.at++ {
		switch j.in[j.at] {
		case ' ', '\t', '\r':
		case '\n':
			j.line, j.start = j.line+1, j.at+1
		default:
			return
		}
	}
}

// next returns the next byte that is not a space, or zero at the end.
func (j *jsonTree) next() byte {
	if j.blanks(); j.at < len(j.in) {
		return j.in[j.at]
	}
	return 0
}

func (j *jsonTree) value(t *tree, depth int) bool {
	c := j.next()
	t.line, t.column = int32(j.line), int32(j.column())
	switch {
	case depth > maxDepth:
		return j.fail("%s", tooDeep())
	case c == '{':
		t.kind = isObject
		return j.members(t, depth)
	case c == '[':
		t.kind = isList
		return j.elements(t, depth, nil)
	case c == '"':
		return j.text(t)
	}
	return j.word(t)
}

func (j *jsonTree) members(t *tree, depth int) bool {
	j.at++ // {
	if j.next() == '}' {
		j.at++
		return true
	}
	from := len(j.open)
	for {
		var key, value tree
		if c := j.next(); c == '}' {
			return j.fail("unexpected comma before this brace")
		} else if c != '"' {
			return j.fail("a key in double quotes is expected here")
		}
		if key.line, key.column = int32(j.line), int32(j.column()); !j.text(&key) {
			return false
		}
		if c := j.next(); c != ':' {
			return j.fail("a colon is expected here, between key and value")
		}
		j.at++
		if each := j.service; each != nil && depth == 0 && key.text == "services" && j.next() == '[' {
			j.service = nil
			if !j.services(&value, each) {
				return false
			}
		} else if !j.value(&value, depth+1) {
			return false
		}
		j.open = append(j.open, key, value)
		if more, ok := j.end('}'); !more {
			t.items = j.close(from)
			return ok
		}
	}
}

func (j *jsonTree) elements(t *tree, depth int, each func(*tree)) bool {
	j.at++ // [
	if j.next() == ']' {
		j.at++
		return true
	}
	from := len(j.open)
	for {
		var value tree
		if j.next() == ']' {
			return j.fail("unexpected comma before this bracket")
		}
		if !j.value(&value, depth+1) {
			return false
		}
		if each != nil {
			each(&value)
			j.reset()
		} else {
			j.open = append(j.open, value)
		}
		if more, ok := j.end(']'); !more {
			t.items = j.close(from)
			return ok
		}
	}
}

// services passes each element on and reuses its memory.
func (j *jsonTree) services(t *tree, each func(*tree)) bool {
	t.kind, t.line, t.column = isList, int32(j.line), int32(j.column())
	kept := j.nodes
	defer func() { j.nodes = kept }()
	j.nodes = nodes{}
	return j.elements(t, 1, each)
}

// end reads the comma or closing bracket after a value.
func (j *jsonTree) end(closing byte) (more, ok bool) {
	switch j.next() {
	case ',':
		j.at++
		return true, true
	case closing:
		j.at++
		return false, true
	case 0:
		return false, j.fail("the document ends here; a %c is missing", closing)
	}
	return false, j.fail("a comma or %c is expected here", closing)
}

// text reads a string; only one with escapes is copied.
func (j *jsonTree) text(t *tree) bool {
	t.kind = isText
	from, escaped := j.at, false
	start := j.start
	for j.at++; j.at < len(j.in); j.at++ {
		switch c := j.in[j.at]; {
		case c == '"':
			j.at++
			raw := j.in[from:j.at]
			if !escaped {
				t.text = raw[1 : len(raw)-1]
			} else if err := json.Unmarshal([]byte(raw), &t.text); err != nil {
				j.at, j.start = from, start
				return j.fail("this string has an invalid escape")
			}
			return true
		case c == '\\':
			escaped = true
			j.at++
		case c < ' ':
			j.at, j.start = from, start
			return j.fail("this string does not end on its line")
		case !utf8.RuneStart(c):
			j.start++
		}
	}
	j.at, j.start = from, start
	return j.fail("this string does not end")
}

// word reads a number, true, false or null.
func (j *jsonTree) word(t *tree) bool {
	end := j.at
	for end < len(j.in) && !isJSONMark(j.in[end]) {
		end++
	}
	t.text = j.in[j.at:end]
	switch {
	case t.text == "null":
		t.kind, t.text = isNull, ""
	case t.text == "true", t.text == "false":
		t.kind = isBool
	case t.text == "":
		return j.fail("a value is expected here")
	case json.Valid([]byte(t.text)):
		t.kind = isNumber
	default:
		return j.fail("invalid value %s: want a text in double quotes, a number, true, false or null", plan.Quote(t.text))
	}
	j.at = end
	return true
}

func isJSONMark(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ':', '[', ']', '{', '}', '"':
		return true
	}
	return false
}
