package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"lvs/plan"
)

// WriteYAML writes the file as people write it: one key a line, small objects on one
// line. It does not use a library, which takes seconds for ten thousand servers; the
// tests read it back with one.
func (f *File) WriteYAML(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	y := yaml{out}
	y.comments(f.Comments, 0)
	y.object(f.document(), 0)
	return out.Flush()
}

// WriteJSON writes the same document as JSON, which has no comments.
func (f *File) WriteJSON(w io.Writer) error {
	var compact, indented bytes.Buffer
	writeJSON(&compact, f.document())
	if err := json.Indent(&indented, compact.Bytes(), "", "  "); err != nil {
		return err
	}
	indented.WriteByte('\n')
	_, err := w.Write(indented.Bytes())
	return err
}

// yaml writes nodes. The underlying writer keeps errors until Flush.
type yaml struct{ out *bufio.Writer }

// comments writes comment lines at an indent.
func (y yaml) comments(lines []string, indent int) {
	for _, text := range lines {
		for line := range strings.SplitSeq(text, "\n") {
			y.indent(indent)
			y.out.WriteString(strings.TrimRight("# "+strings.Map(printable, line), " "))
			y.out.WriteByte('\n')
		}
	}
}

// printable replaces characters that YAML forbids in a comment, or that end it, by a
// space.
func printable(r rune) rune {
	if r < ' ' || neverPlain(r) {
		return ' '
	}
	return r
}

// object writes members, each on a line of its own. The first one begins at the current
// position, the others at the indent.
func (y yaml) object(o object, indent int) {
	for i, m := range o {
		if i > 0 {
			y.indent(indent)
		}
		y.out.WriteString(m.key)
		y.out.WriteByte(':')
		y.value(m.value, indent)
	}
}

// named is like object, with quotes around the keys that need them.
func (y yaml) named(o named, indent int) {
	for i, m := range o {
		if i > 0 {
			y.indent(indent)
		}
		y.out.WriteString(yamlText(m.key))
		y.out.WriteByte(':')
		y.value(m.value, indent)
	}
}

// value writes the value of a key, whose indent is given, and ends the line.
func (y yaml) value(n node, indent int) {
	switch v := n.(type) {
	case list:
		if len(v) > 0 {
			y.out.WriteByte('\n')
			y.list(v, indent)
			return
		}
	case object:
		y.out.WriteByte('\n')
		y.indent(indent + 2)
		y.object(v, indent+2)
		return
	case named:
		y.out.WriteByte('\n')
		y.indent(indent + 2)
		y.named(v, indent+2)
		return
	}
	y.out.WriteByte(' ')
	y.inline(n)
	y.out.WriteByte('\n')
}

func (y yaml) list(elements list, indent int) {
	for _, e := range elements {
		if c, ok := e.(commented); ok {
			y.comments(c.comments, indent)
			e = c.object
		}
		y.indent(indent)
		y.out.WriteString("- ")
		if inner, ok := e.(object); ok {
			y.object(inner, indent+2)
		} else {
			y.inline(e)
			y.out.WriteByte('\n')
		}
	}
}

func (y yaml) indent(n int) {
	for range n {
		y.out.WriteByte(' ')
	}
}

// inline writes a node on one line.
func (y yaml) inline(n node) {
	switch v := n.(type) {
	case string:
		y.out.WriteString(yamlText(v))
	case int:
		y.out.WriteString(strconv.Itoa(v))
	case uint32:
		y.out.WriteString(strconv.FormatUint(uint64(v), 10))
	case bool:
		y.out.WriteString(strconv.FormatBool(v))
	case list:
		y.inline(row(v))
	case row:
		y.out.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				y.out.WriteString(", ")
			}
			y.inline(e)
		}
		y.out.WriteByte(']')
	case small:
		y.out.WriteByte('{')
		for i, m := range v {
			y.key(i, m.key)
			y.inline(m.value)
		}
		y.out.WriteByte('}')
	case smallNamed:
		y.out.WriteByte('{')
		for i, m := range v {
			y.key(i, yamlText(m.key))
			y.inline(m.value)
		}
		y.out.WriteByte('}')
	}
}

// key writes the key of member i of an object on one line.
func (y yaml) key(i int, key string) {
	if i > 0 {
		y.out.WriteString(", ")
	}
	y.out.WriteString(key)
	y.out.WriteString(": ")
}

// yamlText returns a text in quotes, unless it is a plain word everywhere, for every
// reader of YAML.
func yamlText(s string) string {
	plain := s != "" && !strings.Contains(s, "::") && !strings.HasSuffix(s, ":")
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		digit := '0' <= c && c <= '9'
		mark := c == '.' || c == ':' || c == '/' || c == '-' || c == '_' || c == '%' && i == len(s)-1
		if !letter && !digit && !(mark && (i > 0 || c == '/')) {
			plain = false
		}
		if i == 0 && digit && !neverANumber(s) {
			plain = false
		}
	}
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf":
		plain = false
	}
	if plain {
		return s
	}
	return string(jsonText(s))
}

// neverANumber reports whether a text that begins with a digit is an IPv4 address, a
// duration, a percentage or a range (200-399), which no reader of YAML takes for a
// number or a date.
func neverANumber(s string) bool {
	const digits = "0123456789"
	return strings.Count(s, ".") == 3 || strings.Trim(s, digits+".hms") == "" && strings.ContainsAny(s, "hms") ||
		strings.Trim(s, digits) == "%" || strings.Trim(s, digits) == "-"
}

// jsonText returns a text in JSON's quotes, which are valid in YAML too.
func jsonText(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // encoding a string cannot fail
	text := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	if !bytes.ContainsFunc(text, neverPlain) {
		return text
	}
	var escaped []byte
	for _, r := range string(text) {
		if r <= 0xffff && neverPlain(r) {
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		} else {
			escaped = utf8.AppendRune(escaped, r)
		}
	}
	return escaped
}

// neverPlain reports whether a character is allowed in JSON's quotes as it is, but not
// in YAML's, or not for every reader; or nobody sees it, so that the file looks as if it
// had another text.
func neverPlain(r rune) bool { return plan.Invisible(r) || r == 0xfffe || r == 0xffff }

func writeJSON(b *bytes.Buffer, n node) {
	switch v := n.(type) {
	case object:
		writeMembers(b, v)
	case small:
		writeMembers(b, v)
	case named:
		writeMembers(b, v)
	case smallNamed:
		writeMembers(b, v)
	case commented:
		writeMembers(b, v.object)
	case list:
		writeElements(b, v)
	case row:
		writeElements(b, v)
	case string:
		b.Write(jsonText(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case uint32:
		b.WriteString(strconv.FormatUint(uint64(v), 10))
	case bool:
		b.WriteString(strconv.FormatBool(v))
	}
}

func writeMembers(b *bytes.Buffer, members []member) {
	b.WriteByte('{')
	for i, m := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(jsonText(m.key))
		b.WriteByte(':')
		writeJSON(b, m.value)
	}
	b.WriteByte('}')
}

func writeElements(b *bytes.Buffer, elements []node) {
	b.WriteByte('[')
	for i, e := range elements {
		if i > 0 {
			b.WriteByte(',')
		}
		writeJSON(b, e)
	}
	b.WriteByte(']')
}
