package importer

import (
	"path/filepath"
	"slices"
	"strings"
)

// Limits of what a configuration may expand to by definitions and includes.
const (
	confLines   = 200_000
	confLongest = 64 << 10 // bytes of a line
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
	lines    []confLine
	steps    int      // lines processed
	work     int      // bytes processed
	ended    bool     // a limit was reached
	files    []string // that are being read: each is included by the one before
}

// confLine is a line as keepalived reads it: a brace, or the words before, between and
// after the braces of a line in the file.
type confLine struct {
	place
	words []string
	text  string // the words as they are written
	open  bool   // {
	close bool   // }
}

// confSpace are the bytes that separate words: those of isspace in C. Other spaces of
// Unicode are part of a word.
const confSpace = " \t\n\v\f\r"

func trimSpace(s string) string { return strings.Trim(s, confSpace) }

// read reads a file, and the files that it includes.
func (r *confReader) read(src Text) {
	if len(r.files) >= confNesting {
		r.fault(place{file: src.Name}, "includes are nested more than %d deep", confNesting)
		return
	}
	r.files = append(r.files, src.Name)
	defer func() { r.files = r.files[:len(r.files)-1] }()
	lines := strings.Split(src.Text, "\n")
	for i := 0; i < len(lines) && !r.ended; i++ {
		at := place{src.Name, i + 1}
		text := codeOf(lines[i])
		if kind, pattern, ok := included(text); ok {
			if r.tooMuch(at, text) {
				r.end(at)
				return
			}
			r.includeFiles(at, kind, r.replaced(at, pattern))
			continue
		}
		// A definition continues while lines end with a backslash.
		if strings.HasSuffix(text, `\`) && definesSomething(text) {
			for strings.HasSuffix(text, `\`) && i+1 < len(lines) {
				i++
				text = strings.TrimSuffix(text, `\`) + "\n" + codeOf(lines[i])
			}
		}
		r.line(at, text, 0)
	}
}

// codeOf returns a line without comment and without space around it. A backslash at the
// end stays, without the space before it, even if it is in a comment.
func codeOf(line string) string {
	line, more := strings.CutSuffix(strings.TrimRight(line, confSpace), `\`)
	line = trimSpace(withoutComment(line))
	if more {
		line += `\`
	}
	return line
}

// withoutComment returns a line up to # or ! outside of double quotes. Single quotes are
// characters like others. A zero byte ends the line, as in C.
func withoutComment(line string) string {
	line, _, _ = strings.Cut(line, "\x00")
	quoted := false
	for i := range len(line) {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '#' || c == '!'):
			return line[:i]
		}
	}
	return line
}

// included returns the kind and the pattern of an include line.
func included(text string) (kind, pattern string, ok bool) {
	if end := strings.IndexAny(text, confSpace); end >= 0 {
		text, pattern = text[:end], trimSpace(text[end:])
	}
	switch text {
	case "include", "includer", "includem", "includew", "includeb", "includea":
		return text, pattern, pattern != "" // without a pattern it is an unknown word
	}
	return "", "", false
}

// replaced returns a text with its definitions replaced.
func (r *confReader) replaced(at place, text string) string {
	for range confNesting {
		next, more := r.replaceFirst(at, text)
		if !more || r.tooMuch(at, next) {
			break
		}
		text = next
	}
	return text
}

// includeFiles reads the files of an include line. keepalived goes on if there is none,
// unless the line is of a kind that demands one.
func (r *confReader) includeFiles(at place, kind, pattern string) {
	if r.include == nil {
		r.fault(at, "cannot include %s from here", pattern)
		return
	}
	if !filepath.IsAbs(pattern) {
		pattern = filepath.Join(filepath.Dir(at.file), pattern)
	}
	for _, p := range braces(pattern) {
		found, err := r.include(p)
		demanded := kind == "includem" || kind == "includew" || kind == "includea"
		switch {
		case err != nil:
			r.fault(at, "cannot include %s: %v", p, err)
		case len(found) > 0:
		case demanded:
			r.fault(at, "no file matches %s: keepalived does not start without it (%s)", p, kind)
		case strings.ContainsAny(p, "*?["):
			r.note(at, "no file matches %s", p)
		default:
			r.note(at, "cannot include %s: no such file; keepalived goes on without it", p)
		}
		for _, src := range found {
			switch {
			case r.ended:
			case slices.Contains(r.files, src.Name):
				r.note(at, "%s is not included again: it includes itself", src.Name)
			default:
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
		text = trimSpace(text)
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
	return r.ended || r.steps > confLines || r.work > confWork || len(text) > confLongest
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
	end := strings.IndexAny(text, confSpace)
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
