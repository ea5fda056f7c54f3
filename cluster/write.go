package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// WriteYAML writes the file as people write it: an object a line, what is small
// on one. It writes itself what a library would take seconds for at ten
// thousand servers; the tests read it back with one.
func (f *File) WriteYAML(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	y := yaml{out}
	y.object(f.document(), 0)
	return out.Flush()
}

// WriteJSON writes the same document as JSON.
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

// yaml writes nodes. Its errors are kept by the writer beneath until the end.
type yaml struct{ out *bufio.Writer }

// object writes members from the present place on, each on a line that begins
// at the indent.
func (y yaml) object(o object, indent int) {
	for i, m := range o {
		if i > 0 {
			y.indent(indent)
		}
		y.out.WriteString(m.key)
		y.out.WriteByte(':')
		elements, ok := m.value.(list)
		if !ok || len(elements) == 0 {
			y.out.WriteByte(' ')
			y.inline(m.value)
			y.out.WriteByte('\n')
			continue
		}
		y.out.WriteByte('\n')
		for _, e := range elements {
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
}

func (y yaml) indent(n int) {
	for range n {
		y.out.WriteByte(' ')
	}
}

// inline writes what stands on one line.
func (y yaml) inline(n node) {
	switch v := n.(type) {
	case string:
		y.out.WriteString(yamlText(v))
	case int:
		y.out.WriteString(strconv.Itoa(v))
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
			if i > 0 {
				y.out.WriteString(", ")
			}
			y.out.WriteString(m.key)
			y.out.WriteString(": ")
			y.inline(m.value)
		}
		y.out.WriteByte('}')
	}
}

// yamlText puts a text in quotes unless it is a plain word in every place, for
// every reader.
func yamlText(s string) string {
	plain := s != "" && !strings.Contains(s, "::") && !strings.HasSuffix(s, ":")
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		digit := '0' <= c && c <= '9'
		mark := c == '.' || c == ':' || c == '/' || c == '-' || c == '_'
		if !letter && !digit && !(mark && i > 0) {
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

// neverANumber tells whether a text that begins with a digit is an IPv4 address
// or a duration, which no reader takes for a number or a date.
func neverANumber(s string) bool {
	return strings.Count(s, ".") == 3 || strings.Trim(s, "0123456789hms") == "" && strings.ContainsAny(s, "hms")
}

// jsonText is a text in JSON's quotes, which are YAML's too.
func jsonText(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s) // a string cannot fail
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func writeJSON(b *bytes.Buffer, n node) {
	switch v := n.(type) {
	case object:
		writeMembers(b, v)
	case small:
		writeMembers(b, v)
	case list:
		writeElements(b, v)
	case row:
		writeElements(b, v)
	case string:
		b.Write(jsonText(v))
	case int:
		b.WriteString(strconv.Itoa(v))
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
