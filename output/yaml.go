package output

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// yamlWriter turns compact JSON into YAML of the same document, with its keys in
// the same order. Libraries take seconds for a large table; this takes
// milliseconds, and a test reads its results back with one of them.
type yamlWriter struct{ in, out []byte }

func toYAML(doc []byte) []byte {
	y := yamlWriter{in: doc, out: make([]byte, 0, len(doc)+len(doc)/2)}
	y.object(0)
	return append(y.out, '\n')
}

// object writes the members of an object that is not empty, the first on the
// current line, each other on its own.
func (y *yamlWriter) object(indent int) {
	y.in = y.in[1:] // {
	for first := true; y.in[0] != '}'; first = false {
		if !first {
			y.in = y.in[1:] // ,
			y.line(indent)
		}
		y.scalar()
		y.in = y.in[1:] // :
		y.out = append(y.out, ':')
		switch {
		case y.in[0] == '{' && y.in[1] != '}':
			y.line(indent + 2)
			y.object(indent + 2)
		case y.in[0] == '[' && y.in[1] != ']':
			y.array(indent)
		default:
			y.out = append(y.out, ' ')
			y.scalar()
		}
	}
	y.in = y.in[1:] // }
}

// array writes the elements, each on its own line. No element is an array.
func (y *yamlWriter) array(indent int) {
	for y.in[0] != ']' {
		y.in = y.in[1:] // [ or ,
		y.line(indent)
		y.out = append(y.out, "- "...)
		if y.in[0] == '{' && y.in[1] != '}' {
			y.object(indent + 2)
		} else {
			y.scalar()
		}
	}
	y.in = y.in[1:] // ]
}

func (y *yamlWriter) line(indent int) {
	y.out = appendBlanks(append(y.out, '\n'), indent)
}

// scalar copies a string, a number, a literal, or an empty object or array. It
// leaves out the quotes of a string that cannot be anything else.
func (y *yamlWriter) scalar() {
	n := 0
	switch y.in[0] {
	case '{', '[':
		n = 2
	case '"':
		n = stringEnd(y.in)
		if s := y.in[1 : n-1]; plainYAML(s) {
			y.out = append(y.out, s...)
			y.in = y.in[n:]
			return
		}
	default:
		for n < len(y.in) && y.in[n] != ',' && y.in[n] != '}' && y.in[n] != ']' {
			n++
		}
	}
	y.copy(y.in[:n])
	y.in = y.in[n:]
}

// copy copies a scalar. YAML does not have JSON's escapes in two parts.
func (y *yamlWriter) copy(b []byte) {
	for {
		at := bytes.Index(b, []byte(`\ud`))
		if at < 0 || len(b) < at+12 {
			break
		}
		high, err1 := strconv.ParseUint(string(b[at+2:at+6]), 16, 16)
		low, err2 := strconv.ParseUint(string(b[at+8:at+12]), 16, 16)
		r := utf16.DecodeRune(rune(high), rune(low))
		if err1 != nil || err2 != nil || r == utf8.RuneError {
			break
		}
		y.out = fmt.Appendf(append(y.out, b[:at]...), `\U%08x`, r)
		b = b[at+12:]
	}
	y.out = append(y.out, b...)
}

// stringEnd returns the index after the closing quote.
func stringEnd(b []byte) int {
	for i := 1; ; i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// plainYAML reports whether a string needs no quotes in any version of YAML: it
// begins with a letter, has letters, digits and a few signs, and does not mean a
// boolean or null.
func plainYAML(s []byte) bool {
	if len(s) == 0 || !isLetter(s[0]) || s[len(s)-1] == ':' {
		return false
	}
	for _, c := range s {
		if !isLetter(c) && (c < '0' || c > '9') && strings.IndexByte("-._/:", c) < 0 {
			return false
		}
	}
	if len(s) > len("false") {
		return true
	}
	for _, word := range [...]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n"} {
		if strings.EqualFold(string(s), word) {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
