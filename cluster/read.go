package cluster

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// MaxSize is the size in bytes of the largest cluster file that is read.
const MaxSize = 64 << 20

// Read reads a cluster file in YAML or JSON; what begins with a brace is JSON.
// The name is for faults, and where relative paths begin. The error is Faults:
// all mistakes that can be seen in this file alone. The file then holds what
// could be read, for Resolve to find more; it is nil where the text cannot be
// read at all.
func Read(name string, text []byte) (*File, error) {
	s := &Source{Name: name, Text: text}
	if fault, ok := s.unreadable(); ok {
		return nil, Faults{fault}
	}
	root, err := s.tree()
	if err != nil {
		return nil, err
	}
	d := decoder{source: s, tables: newTables()}
	f := d.file(root)
	f.Source = s
	s.faults = d.faults.sorted()
	return f, s.faults.err()
}

// unreadable tells what keeps a text from being read.
func (s *Source) unreadable() (Fault, bool) {
	if len(s.Text) > MaxSize {
		return Fault{File: s.Name, Why: fmt.Sprintf("the file is larger than %d MiB", MaxSize>>20)}, true
	}
	s.Text = bytes.TrimPrefix(s.Text, []byte("\ufeff"))
	line, start := 1, 0
	for i, c := range s.Text {
		switch {
		case c == '\n':
			line, start = line+1, i+1
		case c < ' ' && c != '\t' && c != '\r' || c == 0x7f:
			return s.fault(line, utf8.RuneCount(s.Text[start:i])+1, fmt.Sprintf("the byte 0x%02x has no place in a text", c), ""), true
		}
	}
	if utf8.Valid(s.Text) {
		return Fault{}, false
	}
	for line, start = 1, 0; ; line++ {
		end := bytes.IndexByte(s.Text[start:], '\n') + 1
		if end == 0 {
			end = len(s.Text) - start
		}
		if part := s.Text[start : start+end]; !utf8.Valid(part) {
			good := 0
			for good < len(part) {
				r, n := utf8.DecodeRune(part[good:])
				if r == utf8.RuneError && n == 1 {
					break
				}
				good += n
			}
			return s.fault(line, utf8.RuneCount(part[:good])+1, "the text is not UTF-8", ""), true
		}
		start += end
	}
}

// tree reads the text without asking what it means.
func (s *Source) tree() (*tree, error) {
	if s.isJSON() {
		return readJSON(s)
	}
	return readYAML(s)
}

// isJSON looks at the first line that says something.
func (s *Source) isJSON() bool {
	rest := s.Text
	for {
		rest = bytes.TrimLeft(rest, " \t\r\n")
		if len(rest) == 0 || rest[0] != '#' {
			return len(rest) > 0 && rest[0] == '{'
		}
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
}
