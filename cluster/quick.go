package cluster

import (
	"strings"
	"unicode/utf8"
)

// readQuick reads the plain shape of YAML that people and our own writer write:
// objects and lists in blocks, in brackets on one line, and scalars on one line.
// The library takes seconds and gigabytes for what this reads in milliseconds.
// It is false for whatever it does not know, rightly written or not: the library
// decides then, and says what is wrong. A fuzz test holds that both read the
// same where this reads.
//
// If there is a function for services, it gets those of the file one after the
// other, and the tree has none; what it gets is overwritten by the next one.
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

// quick walks over lines that say something. Its methods are false when they
// meet what they do not know, and reading ends then.
type quick struct {
	text string
	// service gets the services, once; each is the same while their list begins.
	service, each func(*tree)
	nodes
	// at is the place of the next line.
	at int
	// line is the number of the present one, rest what is not read of it, and
	// indent the blanks it begins with; below zero there is no line.
	line, indent int
	rest         string
	// end is the place in text where the line ends, and so where rest begins.
	end int
	// column is that of the place counted, which moves along the line: a line may
	// be the whole file.
	counted, column int
	depth           int
}

// nextLine goes to the next line that says something.
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

// is tells whether the line is just that.
func (q *quick) is(s string) bool {
	return q.indent == 0 && strings.HasPrefix(q.rest, s) && strings.TrimRight(q.rest[len(s):], " ") == ""
}

// here is a node at the present place.
func (q *quick) here(k kind) tree {
	place := q.end - len(q.rest)
	q.column += utf8.RuneCountInString(q.text[q.counted:place])
	q.counted = place
	return tree{kind: k, line: int32(q.line), column: int32(q.column)}
}

// block reads the object or list whose lines begin where the present one does,
// at least at an indent.
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

// list reads elements whose dashes stand at an indent.
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

// services hands each element on and forgets it.
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

// element reads what stands behind a dash.
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

// object reads members whose keys stand at an indent.
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

// member reads what follows a key at an indent: in its line, or below.
func (q *quick) member(indent int) (t tree, ok bool) {
	q.rest = strings.TrimLeft(q.rest, " ")
	if q.rest != "" && q.rest[0] != '#' {
		return q.value(indent)
	}
	q.nextLine()
	if q.indent > indent || q.indent == indent && isDash(q.rest) {
		return q.block(indent)
	}
	return t, false // nothing: the library knows where that stands
}

// value reads what stands to the end of the line. A line below that is further
// in than the indent would go on with it.
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
