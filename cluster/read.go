package cluster

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxSize is the largest size of a cluster file in bytes.
const MaxSize = 64 << 20

// Read reads a cluster file in YAML or JSON; a text that begins with a brace is JSON.
// The name is for faults, and relative paths start at its directory. The error is
// Faults: all mistakes that can be found in this file alone. Then the file has what
// could be read, so that Resolve can find more; it is nil if nothing could be read.
func Read(name, text string) (*File, error) {
	s := &Source{Name: name, text: text}
	if fault, ok := s.unreadable(); ok {
		return nil, Faults{fault}
	}
	f, d, err := s.decode()
	if err != nil || len(d.faults) > 0 {
		if tool := s.tool(); tool != "" {
			return nil, Faults{{File: name, Why: "this is not a cluster file, it looks like the configuration of " + tool,
				Hint: "lvs import --from " + tool + " turns it into a cluster file"}}
		}
	}
	if err != nil {
		return nil, err
	}
	f.Source = s
	s.faults, s.forDirector, s.forLater = d.faults.sorted(), d.forDirector, d.forLater
	return f, s.faults.err()
}

// tool returns the tool whose configuration a text is that cannot be read as a
// cluster file, or nothing.
func (s *Source) tool() string {
	if strings.Contains(s.text, "apiVersion") {
		return ""
	}
	return ToolOf(s.text)
}

// unreadable returns why a text cannot be read, if so.
func (s *Source) unreadable() (Fault, bool) {
	if len(s.text) > MaxSize {
		return Fault{File: s.Name, Why: fmt.Sprintf("the file is larger than %d MiB", MaxSize>>20)}, true
	}
	s.text = strings.TrimPrefix(s.text, "\ufeff")
	bad, why := -1, ""
scan:
	for i, r := range s.text {
		switch {
		case r >= ' ' && r < 0x7f || r == '\n':
		case r == '\r' && strings.HasPrefix(s.text[i:], "\r\n"):
		case r == '\r', r == 0x85, r == 0x2028, r == 0x2029, r == 0xfeff:
			s.odd = true
		case r < ' ' && r != '\t' || r == 0x7f:
			bad, why = i, fmt.Sprintf("the byte 0x%02x is not allowed in a text", r)
			break scan
		case r == utf8.RuneError && !strings.HasPrefix(s.text[i:], "\ufffd"):
			bad, why = i, "the text is not UTF-8"
			break scan
		}
	}
	if bad < 0 {
		return Fault{}, false
	}
	before := s.text[:bad]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return s.fault(line, column, why, ""), true
}

// decode reads the file, if possible one service at a time: a tree of all services
// would take more memory than the services.
func (s *Source) decode() (*File, *decoder, error) {
	d := &decoder{source: s, tables: newTables()}
	f := &File{Services: make([]FileService, 0, strings.Count(s.text, "\n- "))}
	service := func(t *tree) {
		d.key, d.given = "service", true
		f.Services = append(f.Services, FileService{})
		d.tables.service.read(d, t, &f.Services[len(f.Services)-1])
	}
	root, err := (*tree)(nil), error(nil)
	if s.isJSON() {
		root, err = readJSON(s, service)
	} else if quick, ok := readQuick(s, service); ok {
		root = quick
	} else {
		f, d = &File{}, &decoder{source: s, tables: d.tables}
		root, err = readYAML(s)
	}
	if err != nil {
		return nil, nil, err
	}
	d.file(root, f)
	return f, d, nil
}

// tree reads the text as a tree.
func (s *Source) tree() (*tree, error) {
	if s.isJSON() {
		return readJSON(s, nil)
	}
	if t, ok := readQuick(s, nil); ok {
		return t, nil
	}
	return readYAML(s)
}

// isJSON reports whether the text begins with a brace, after comments.
func (s *Source) isJSON() bool {
	rest := s.text
	for {
		rest = strings.TrimLeft(rest, " \t\r\n")
		if rest == "" || rest[0] != '#' {
			return rest != "" && rest[0] == '{'
		}
		_, rest, _ = strings.Cut(rest, "\n")
	}
}

// ToolOf guesses which tool's configuration a text is: keepalived, ldirectord,
// ipvsadm or ipvsctl. Empty means unknown.
func ToolOf(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		word, _, _ := strings.Cut(line, " ")
		key, _, setting := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		switch {
		case word == "global_defs", word == "virtual_server", word == "virtual_server_group", word == "vrrp_instance":
			return "keepalived"
		case setting && (key == "virtual" || key == "virtual6"):
			return "ldirectord"
		case word == "-A":
			return "ipvsadm"
		case line == "destinations:", line == "- destinations:":
			return "ipvsctl"
		}
	}
	return ""
}
