package cluster

import (
	"strings"
	"unicode/utf8"
)

// readQuick reads the plain YAML that people and WriteYAML write: objects and lists in
// blocks, or in brackets on one line, and scalars on one line. The library takes
// seconds and gigabytes for what this reads in milliseconds. It returns false for
// anything else, valid or not: then the library decides, and finds the mistake. A
// fuzz test checks that both read the same.
//
// service, if not nil, gets the services of the file one at a time, and the tree has
// none; each one is overwritten by the next.
func readQuick(s *Source, service func(*tree)) (*tree, bool) {
	if s.odd {
		return nil, false
	}
	q := quick{text: s.text, service: service}
	q.nextLine()
	if q.is("---") {
		q.nextLine()
	}
	if q.indent < 0 {
		return nil, false
	}
	t, ok := q.block(0)
	if !ok || q.indent >= 0 {
		s.stopped = q.line
		return nil, false
	}
	return &t, true
}

// quick walks over the lines that are not empty or comments. Its methods return false
// for anything that they do not know; then reading ends.
type quick struct {
	text string
	// service gets the services; it is nil once they begin. each is the same function
	// while their list begins.
	service, each func(*tree)
	nodes
	// at is the offset of the next line.
	at int
	// line is the number of the current line, rest the part that is not read yet, and
	// indent the number of leading spaces; it is negative after the last line.
	line, indent int
	rest         string
	// end is the offset where the line and rest end.
	end int
	// column is the column of the offset counted, which moves along the line: a line
	// may be the whole file.
	counted, column int
	depth           int
}

// nextLine moves to the next line that is not empty or a comment.
func (q *quick) nextLine() {
	for q.at < len(q.text) {
		start := q.at
		if n := strings.IndexByte(q.text[start:], '\n'); n >= 0 {
			q.end, q.at = start+n, start+n+1
		} else {
			q.end, q.at = len(q.text), len(q.text)
		}
		q.line++
		i := start
		for i < q.end && q.text[i] == ' ' {
			i++
		}
		if i < q.end && q.text[q.end-1] == '\r' {
			q.end--
		}
		if i == q.end || q.text[i] == '#' {
			continue
		}
		q.rest, q.indent = q.text[i:q.end], i-start
		q.counted, q.column = start, 1
		return
	}
	q.rest, q.indent = "", -1
}

// is reports whether the line is s.
func (q *quick) is(s string) bool {
	return q.indent == 0 && strings.HasPrefix(q.rest, s) && strings.TrimRight(q.rest[len(s):], " ") == ""
}

// here returns a node at the current position.
func (q *quick) here(k kind) tree {
	at := q.end - len(q.rest)
	q.column += utf8.RuneCountInString(q.text[q.counted:at])
	q.counted = at
	return tree{kind: k, line: int32(q.line), column: int32(q.column)}
}

// block reads the object or list whose lines have the indent of the current one, which
// is at least least.
func (q *quick) block(least int) (t tree, ok bool) {
	if q.indent < least || q.depth > maxDepth {
		return t, false
	}
	q.depth++
	defer func() { q.depth-- }()
	if isDash(q.rest) {
		return q.list(q.indent)
	}
	return q.object(q.indent)
}

func isDash(s string) bool { return s[0] == '-' && (len(s) == 1 || s[1] == ' ') }

// list reads the elements whose dashes are at an indent.
func (q *quick) list(indent int) (t tree, ok bool) {
	t = q.here(isList)
	if each := q.each; each != nil {
		q.each = nil
		return t, q.services(indent, each)
	}
	from := len(q.open)
	for q.indent == indent && isDash(q.rest) {
		value, ok := q.element(indent)
		if !ok {
			return t, false
		}
		q.open = append(q.open, value)
	}
	t.items = q.close(from)
	return t, q.indent <= indent
}

// services passes each element on and reuses its memory.
func (q *quick) services(indent int, each func(*tree)) bool {
	kept := q.nodes
	q.nodes = nodes{}
	for q.indent == indent && isDash(q.rest) {
		value, ok := q.element(indent)
		if !ok {
			return false
		}
		each(&value)
		q.reset()
	}
	q.nodes = kept
	return q.indent <= indent
}

// element reads the value after a dash.
func (q *quick) element(indent int) (t tree, ok bool) {
	inner := strings.TrimLeft(q.rest[1:], " ")
	if inner == "" || inner[0] == '#' || isDash(inner) {
		return t, false
	}
	place := indent + len(q.rest) - len(inner)
	q.rest = inner
	if q.atKey() {
		q.indent = place
		return q.object(place)
	}
	return q.value(indent)
}

// object reads the members whose keys are at an indent.
func (q *quick) object(indent int) (t tree, ok bool) {
	if q.depth++; q.depth > maxDepth {
		return t, false
	}
	defer func() { q.depth-- }()
	t = q.here(isObject)
	q.each = nil
	from := len(q.open)
	for q.indent == indent && !isDash(q.rest) {
		key, ok := q.key()
		if !ok {
			return t, false
		}
		if indent == 0 && key.text == "services" && q.service != nil {
			q.each, q.service = q.service, nil
		}
		value, ok := q.member(indent)
		q.each = nil
		if !ok {
			return t, false
		}
		q.open = append(q.open, key, value)
	}
	if q.indent > indent || len(q.open) == from {
		return t, false
	}
	t.items = q.close(from)
	return t, true
}

// member reads the value of a key at an indent: on its line, or below.
func (q *quick) member(indent int) (t tree, ok bool) {
	q.rest = strings.TrimLeft(q.rest, " ")
	if q.rest != "" && q.rest[0] != '#' {
		return q.value(indent)
	}
	q.nextLine()
	if q.indent > indent || q.indent == indent && isDash(q.rest) {
		return q.block(indent)
	}
	return t, false // no value: the library has its position
}

// value reads the rest of the line. It returns false if the next line, with a larger
// indent, continues the value.
func (q *quick) value(indent int) (t tree, ok bool) {
	switch q.rest[0] {
	case '[', '{':
		t, ok = q.flow()
	case '"', '\'':
		t, ok = q.quoted()
	default:
		t, ok = q.plain(false)
	}
	if !ok {
		return t, false
	}
	after := strings.TrimLeft(q.rest, " ")
	if after != "" && (after[0] != '#' || len(after) == len(q.rest)) {
		return t, false
	}
	q.nextLine()
	return t, q.indent <= indent
}

// flow reads a list or an object in brackets that ends on its line.
func (q *quick) flow() (t tree, ok bool) {
	if q.depth++; q.depth > maxDepth {
		return t, false
	}
	defer func() { q.depth-- }()
	object := q.rest[0] == '{'
	t, closing := q.here(isList), byte(']')
	if object {
		t.kind, closing = isObject, '}'
	}
	from := len(q.open)
	q.skip(1)
	if q.rest != "" && q.rest[0] == closing {
		q.rest = q.rest[1:]
		return t, true
	}
	for q.rest != "" {
		if object {
			key, ok := q.flowKey()
			if !ok {
				return t, false
			}
			q.open = append(q.open, key)
		}
		value, ok := q.flowValue()
		if !ok || q.rest == "" {
			return t, false
		}
		q.open = append(q.open, value)
		switch q.rest[0] {
		case ',':
			q.skip(1)
		case closing:
			q.rest = q.rest[1:]
			t.items = q.close(from)
			return t, true
		default:
			return t, false
		}
	}
	return t, false
}

// skip skips n bytes and the spaces after them.
func (q *quick) skip(n int) { q.rest = strings.TrimLeft(q.rest[n:], " ") }

// flowKey reads a key with its colon and the space after it.
func (q *quick) flowKey() (t tree, ok bool) {
	if t, ok = q.flowScalar(); !ok || !t.isPlainKey() || !strings.HasPrefix(q.rest, ": ") {
		return t, false
	}
	q.skip(1)
	return t, true
}

func (q *quick) flowValue() (t tree, ok bool) {
	if q.rest == "" {
		return t, false
	}
	if c := q.rest[0]; c == '[' || c == '{' {
		t, ok = q.flow()
	} else {
		t, ok = q.flowScalar()
	}
	q.skip(0)
	return t, ok
}

// flowScalar reads a scalar; without quotes it ends at a comma, a bracket, or the
// colon of a key.
func (q *quick) flowScalar() (t tree, ok bool) {
	if q.rest == "" {
		return t, false
	}
	if c := q.rest[0]; c == '"' || c == '\'' {
		return q.quoted()
	}
	if !startsPlain(q.rest) {
		return t, false
	}
	t = q.here(isText)
	end := len(q.rest)
scan:
	for i := range len(q.rest) {
		switch c := q.rest[i]; {
		case c == ',' || c == ']' || c == '}':
			end = i
			break scan
		case c == ':' && (i+1 == len(q.rest) || strings.IndexByte(" ,[]{}", q.rest[i+1]) >= 0):
			end = i
			break scan
		case c == '[' || c == '{' || c == '#' || c == '"' || c == '\'' || c < ' ' || c == 0x7f:
			return t, false
		}
	}
	t.text = strings.TrimRight(q.rest[:end], " ")
	if end < len(q.rest) && q.rest[end] == ':' && len(t.text) != end {
		return t, false
	}
	q.skip(len(t.text))
	t.kind, ok = plainKind(t.text)
	return t, ok
}
