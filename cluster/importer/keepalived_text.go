package importer

import (
	"path/filepath"
	"strings"
	"unicode"
)

// Limits of what a configuration may expand to by definitions and includes.
const (
	confLines   = 200_000
	confLine    = 64 << 10 // bytes
	confWork    = 64 << 20 // bytes processed
	confNesting = 50
)

// confReader turns the text of a keepalived.conf(5) into lines of words: it removes
// comments, decides conditions, expands definitions and sequences, and includes files.
type confReader struct {
	*importer
	include  func(pattern string) ([]Text, error)
	configID string
	defined  map[string]string
	lines    []confWords
	steps    int  // lines processed
	work     int  // bytes processed
	ended    bool // a limit was reached
	files    int  // the depth of includes
}

// confWords are the words of a line. Quoted words are never braces.
type confWords struct {
	place
	words []confWord
}

type confWord struct {
	text   string
	quoted bool
}

// read reads a file, and the files that it includes.
func (r *confReader) read(src Text) {
	if r.files++; r.files > confNesting {
		r.fault(place{file: src.Name}, "includes are nested more than %d deep", confNesting)
		return
	}
	defer func() { r.files-- }()
	lines := strings.Split(src.Text, "\n")
	for i := 0; i < len(lines) && !r.ended; i++ {
		at := place{src.Name, i + 1}
		text := strings.TrimSpace(withoutComment(lines[i]))
		if pattern, ok := included(text); ok {
			if r.tooMuch(at, text) {
				r.end(at)
				return
			}
			r.includeFiles(at, pattern)
			continue
		}
		// A definition continues while lines end with a backslash.
		if strings.HasSuffix(text, `\`) && definesSomething(text) {
			for strings.HasSuffix(text, `\`) && i+1 < len(lines) {
				i++
				text = strings.TrimSuffix(text, `\`) + "\n" + strings.TrimSpace(withoutComment(lines[i]))
			}
		}
		r.line(at, text, 0)
	}
}

// withoutComment returns a line up to # or ! outside of quotes.
func withoutComment(line string) string {
	var quote byte
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#' || c == '!':
			return line[:i]
		}
	}
	return line
}

// included returns the pattern of an include line, in all its variants.
func included(text string) (pattern string, ok bool) {
	word, rest, _ := strings.Cut(text, " ")
	if word, tab, ok := strings.Cut(word, "\t"); ok {
		return included(word + " " + tab + " " + rest)
	}
	switch word {
	case "include", "includer", "includem", "includew", "includeb", "includea":
		return strings.Trim(strings.TrimSpace(rest), `"'`), true
	}
	return "", false
}

func (r *confReader) includeFiles(at place, pattern string) {
	switch {
	case pattern == "":
		r.fault(at, "include names no file")
		return
	case r.include == nil:
		r.fault(at, "cannot include %s from here", pattern)
		return
	case !filepath.IsAbs(pattern):
		pattern = filepath.Join(filepath.Dir(at.file), pattern)
	}
	for _, p := range braces(pattern) {
		found, err := r.include(p)
		switch {
		case err != nil:
			r.fault(at, "cannot include %s: %v", p, err)
		case len(found) == 0 && strings.ContainsAny(p, "*?["):
			r.note(at, "no file matches %s", p)
		case len(found) == 0:
			r.fault(at, "cannot include %s: no such file", p)
		}
		for _, src := range found {
			if !r.ended {
				r.read(src)
			}
		}
	}
}

// mostBraces is the largest number of patterns that one with braces expands to.
const mostBraces = 256

// braces returns the patterns that a{b,c}d expands to.
func braces(pattern string) []string {
	done, todo := []string{}, []string{pattern}
	for len(todo) > 0 && len(done)+len(todo) <= mostBraces {
		p := todo[0]
		todo = todo[1:]
		end := strings.IndexByte(p, '}')
		start := strings.LastIndexByte(p[:max(end, 0)], '{')
		if end < 0 || start < 0 {
			done = append(done, p)
			continue
		}
		for choice := range strings.SplitSeq(p[start+1:end], ",") {
			todo = append(todo, p[:start]+choice+p[end+1:])
		}
	}
	return append(done, todo...)
}

// line reads a line of the file, or of a definition.
func (r *confReader) line(at place, text string, depth int) {
	for {
		text = strings.TrimSpace(text)
		if r.tooMuch(at, text) || depth > confNesting {
			r.end(at)
			return
		}
		if text == "" {
			return
		}
		if text[0] == '@' {
			var holds bool
			if text, holds = r.condition(at, text); !holds {
				return
			}
			continue
		}
		if name, value, ok := definition(text); ok {
			r.defined[name] = value
			return
		}
		if strings.HasPrefix(text, "~SEQ") || strings.HasPrefix(text, "~LST") {
			r.repeat(at, text, depth)
			return
		}
		replaced, ok := r.replaceFirst(at, text)
		if !ok {
			r.emit(at, text)
			return
		}
		text = replaced
		if strings.Contains(text, "\n") {
			for one := range strings.SplitSeq(text, "\n") {
				r.line(at, one, depth+1)
			}
			return
		}
	}
}

// tooMuch counts the text that is read, and reports whether it exceeds the limits.
func (r *confReader) tooMuch(at place, text string) bool {
	r.steps++
	r.work += len(text)
	return r.ended || r.steps > confLines || r.work > confWork || len(text) > confLine
}

func (r *confReader) end(at place) {
	if !r.ended {
		r.fault(at, "definitions and included files make the configuration too large")
	}
	r.ended = true
}

// condition decides a line that begins with @NAME, which is for one configuration, or
// with @^NAME, which is for all others.
func (r *confReader) condition(at place, text string) (rest string, holds bool) {
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		end = len(text)
	}
	name, not := strings.CutPrefix(text[1:end], "^")
	if (name == r.configID) == not {
		r.note(at, "the line of %s is not converted: the configuration is %q (--config-id)", text[:end], r.configID)
		return "", false
	}
	return text[end:], true
}
