package cluster

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Source is where a file was read.
type Source struct {
	Name string

	text string
	// odd texts have characters that end lines in some versions of YAML.
	odd bool
	// faults are those that were found in reading; root is the text as a tree,
	// once somebody asked for a place in it.
	faults Faults
	root   *tree
	// near is the line that was looked at last, nearAt the place where it begins.
	near, nearAt int
}

// maxExcerpt is the longest line, in characters, that a fault shows whole.
const maxExcerpt = 120

// fault makes a fault at a place. Line 0 is none. The library's places may be
// beyond what is there.
func (s *Source) fault(line, column int, why, hint string) Fault {
	text := s.line(line)
	if line > 0 {
		line = s.near
		column = min(max(column, 1), utf8.RuneCountInString(text)+1)
	}
	f := Fault{File: s.Name, Line: line, Column: column, Why: why, Hint: hint}
	f.Text, f.mark = excerpt(text, column)
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

// line gives a line without its end, or the last one before it. Nothing is in
// line 0. It goes on from where it was asked before: faults come in order.
func (s *Source) line(n int) string {
	if n == 0 {
		return ""
	}
	if s.near == 0 || n < s.near {
		s.near, s.nearAt = 1, 0
	}
	for s.near < n {
		length := strings.IndexByte(s.text[s.nearAt:], '\n') + 1
		if length == 0 {
			break
		}
		s.near, s.nearAt = s.near+1, s.nearAt+length
	}
	line, _, _ := strings.Cut(s.text[s.nearAt:], "\n")
	return strings.TrimSuffix(line, "\r")
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
