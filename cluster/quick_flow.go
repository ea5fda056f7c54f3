package cluster

import "strings"

// flow reads a list or an object in brackets, which ends on its line.
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

// skip leaves out so many bytes and the blanks behind them.
func (q *quick) skip(n int) { q.rest = strings.TrimLeft(q.rest[n:], " ") }

// flowKey reads a key with its colon, behind which a blank stands.
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

// flowScalar reads a scalar; one without quotes ends at a comma, at a bracket,
// or at the colon of a key.
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
