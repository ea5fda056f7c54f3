package cluster

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// atKey reports whether a key follows.
func (q *quick) atKey() bool {
	ahead := *q
	_, ok := ahead.key()
	return ok
}

// key reads a key and its colon.
func (q *quick) key() (t tree, ok bool) {
	if c := q.rest[0]; c == '"' || c == '\'' {
		t, ok = q.quoted()
	} else {
		t, ok = q.plain(true)
	}
	if !ok || !t.isPlainKey() || !strings.HasPrefix(q.rest, ":") {
		return t, false
	}
	q.rest = q.rest[1:]
	return t, q.rest == "" || q.rest[0] == ' '
}

// plain reads a scalar without quotes, outside brackets: up to a comment, the end of
// the line, or the colon of a key.
func (q *quick) plain(key bool) (t tree, ok bool) {
	if !startsPlain(q.rest) {
		return t, false
	}
	t = q.here(isText)
	end := len(q.rest)
scan:
	for i := range len(q.rest) {
		switch c := q.rest[i]; {
		case c == ':' && (i+1 == len(q.rest) || q.rest[i+1] == ' '):
			if !key {
				return t, false
			}
			end = i
			break scan
		case c == '#' && q.rest[i-1] == ' ':
			end = i
			break scan
		case c < ' ' || c == 0x7f:
			return t, false
		}
	}
	t.text = strings.TrimRight(q.rest[:end], " ")
	if key && len(t.text) != end {
		return t, false
	}
	q.rest = q.rest[len(t.text):]
	t.kind, ok = plainKind(t.text)
	return t, ok
}

// startsPlain reports whether a scalar without quotes begins. A dash that does not
// begin an element is left to the library, unless a number follows.
func startsPlain(s string) bool {
	switch c := s[0]; {
	case c == '-':
		return len(s) > 1 && '0' <= s[1] && s[1] <= '9'
	case c == '~':
		return len(s) == 1
	case c == '.':
		return !strings.HasPrefix(s, "...")
	}
	switch s[0] {
	case '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', '=', 0x7f:
		return false
	}
	return s[0] > ' '
}

// plainKind returns the kind of a scalar without quotes.
func plainKind(s string) (kind, bool) {
	switch c := s[0]; {
	case '0' <= c && c <= '9' || c == '-' || c == '+' || c == '.':
		return numberKind(s)
	case c == '~' || c == 'n' || c == 'N' || c == 't' || c == 'T' || c == 'f' || c == 'F':
		switch s {
		case "~", "null", "Null", "NULL":
			return isNull, false
		case "true", "True", "TRUE", "false", "False", "FALSE":
			return isBool, true
		}
	}
	return isText, true
}

// numberKind distinguishes numbers from addresses, durations and percentages.
func numberKind(s string) (kind, bool) {
	dots, digits := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '.':
			dots++
		case c == ':' || c == '/' || c == '%':
			return isText, true
		}
	}
	switch {
	case dots > 1 && digits > 0:
		return isText, true
	case digits == len(s) && (s[0] != '0' || len(s) == 1) && len(s) < 19:
		return isNumber, true
	case len(s) > 18 || digits == 0:
		return isText, false // left to the library
	case token.ToNumber(s) != nil:
		return isNumber, true
	}
	return isText, true
}

// quoted reads a text in quotes that ends on its line.
func (q *quick) quoted() (t tree, ok bool) {
	t = q.here(isText)
	if q.rest[0] == '\'' {
		return q.single(t)
	}
	for i := 1; i < len(q.rest); i++ {
		switch c := q.rest[i]; {
		case c == '"':
			t.text, q.rest = q.rest[1:i], q.rest[i+1:]
			return t, true
		case c == '\\':
			return q.escaped(t, i)
		case c < ' ':
			return t, false
		}
	}
	return t, false
}

// escaped reads a text from its first backslash on.
func (q *quick) escaped(t tree, i int) (tree, bool) {
	b := []byte(q.rest[1:i])
	for i < len(q.rest) {
		c := q.rest[i]
		switch {
		case c == '"':
			t.text, q.rest = string(b), q.rest[i+1:]
			return t, true
		case c < ' ':
			return t, false
		case c != '\\':
			b = append(b, c)
			i++
			continue
		case i+1 == len(q.rest):
			return t, false
		}
		switch c := q.rest[i+1]; c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case 'u':
			if i+6 > len(q.rest) {
				return t, false
			}
			n, err := strconv.ParseUint(q.rest[i+2:i+6], 16, 16)
			if err != nil || n >= 0xd800 && n <= 0xdfff {
				return t, false
			}
			b = utf8.AppendRune(b, rune(n))
			i += 4
		default:
			return t, false
		}
		i += 2
	}
	return t, false
}

// single reads a text in single quotes, in which two stand for one.
func (q *quick) single(t tree) (tree, bool) {
	for i := 1; i < len(q.rest); i++ {
		switch c := q.rest[i]; {
		case c < ' ':
			return t, false
		case c != '\'':
		case i+1 < len(q.rest) && q.rest[i+1] == '\'':
			i++
		default:
			t.text, q.rest = strings.ReplaceAll(q.rest[1:i], "''", "'"), q.rest[i+1:]
			return t, true
		}
	}
	return t, false
}

// isPlainKey reports whether a key has no special or ambiguous meaning in YAML.
func (t *tree) isPlainKey() bool {
	for i := range len(t.text) {
		if c := t.text[i]; c == ':' || c == '<' {
			return false
		}
	}
	return t.kind != isNull
}
