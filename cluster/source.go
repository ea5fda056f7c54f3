package cluster

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Source is where a file was read.
type Source struct {
	Name string
	Text []byte

	// faults are those that were found in reading; root is the text as a tree,
	// once somebody asked for a place in it.
	faults Faults
	root   *tree
}

// maxExcerpt is the longest line, in characters, that a fault shows whole.
const maxExcerpt = 120

// fault makes a fault at a place. Line 0 is none.
func (s *Source) fault(line, column int, why, hint string) Fault {
	f := Fault{File: s.Name, Line: line, Column: column, Why: why, Hint: hint}
	f.Text, f.mark = excerpt(s.line(line), column)
	return f
}

// faultAt makes a fault at what a path leads to, or the last of it that is there.
// Where things stand is not kept with each of them: it is looked up when there
// is something to say. A nil source has no places.
func (s *Source) faultAt(why, hint string, path ...any) Fault {
	if s == nil {
		return Fault{Why: why, Hint: hint}
	}
	t := s.at(path...)
	return s.fault(int(t.line), int(t.column), why, hint)
}

// at gives what a path leads to.
func (s *Source) at(path ...any) *tree {
	if s.root == nil {
		root, err := s.tree()
		if err != nil { // it could be read before
			root = &tree{}
		}
		s.root = root
	}
	return s.root.find(path...)
}

// spoiled tells whether reading found a fault in what a path leads to: what else
// seems wrong with it may be a consequence.
func (s *Source) spoiled(path ...any) bool {
	if s == nil || len(s.faults) == 0 {
		return false
	}
	t := s.at(path...)
	first, last := int(t.line), int(t.lastLine())
	return slices.ContainsFunc(s.faults, func(f Fault) bool { return f.Line == 0 || first <= f.Line && f.Line <= last })
}

// spoiledIn tells whether reading found faults nowhere in what a path leads to
// but in one of its keys.
func (s *Source) spoiledIn(key string, path ...any) bool {
	t := s.at(path...)
	inside := t.member(key)
	if inside == nil {
		return false
	}
	first, last := int(t.line), int(t.lastLine())
	from, to := int(inside.line), int(inside.lastLine())
	return !slices.ContainsFunc(s.faults, func(f Fault) bool {
		return f.Line == 0 || first <= f.Line && f.Line <= last && (f.Line < from || f.Line > to)
	})
}

// line gives a line of the text without its end.
func (s *Source) line(n int) string {
	rest := s.Text
	for i := 1; len(rest) > 0; i++ {
		line := rest
		if end := slices.Index(rest, '\n'); end >= 0 {
			line, rest = rest[:end], rest[end+1:]
		} else {
			rest = nil
		}
		if i == n {
			return strings.TrimSuffix(string(line), "\r")
		}
	}
	return ""
}

// excerpt cuts a long line to what is around a column.
func excerpt(line string, column int) (part string, mark int) {
	if utf8.RuneCountInString(line) <= maxExcerpt {
		return line, column
	}
	letters := []rune(line)
	from := max(0, min(column-maxExcerpt/2, len(letters)-maxExcerpt))
	to := from + maxExcerpt
	part, mark = string(letters[from:to]), column-from
	if from > 0 {
		part, mark = "…"+part, mark+1
	}
	if to < len(letters) {
		part += "…"
	}
	return part, mark
}
