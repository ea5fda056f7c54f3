package cluster

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fault is one mistake in a cluster file.
type Fault struct {
	// File is the name of the file. Empty is none.
	File string
	// Line and Column count from 1; columns are characters. Line 0 is no position:
	// the file was not read from a text, or the fault concerns the whole file. Column
	// 0 is the whole line.
	Line, Column int
	// Text is the line, or the part around the column of a long line.
	Text string
	// Why is what is wrong, Hint what to do about it. Hint may be empty.
	Why, Hint string
}

func (f Fault) Error() string {
	switch {
	case f.File == "" && f.Line == 0:
		return f.Why
	case f.Line == 0:
		return f.File + ": " + f.Why
	case f.Column == 0:
		return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Why)
	}
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Why)
}

// Marked returns the line, and a second one with a caret below the column. Both are
// empty if the fault has no column. A tab becomes a space.
func (f Fault) Marked() (line, caret string) {
	if f.Line == 0 || f.Column == 0 {
		return "", ""
	}
	mark := f.Column
	if mark > maxExcerpt/2 && strings.HasPrefix(f.Text, cut) {
		mark = maxExcerpt/2 + 2 // that many characters are left of it, and the cut
	}
	return strings.ReplaceAll(f.Text, "\t", " "), strings.Repeat(" ", max(mark-1, 0)) + "^"
}

// Faults are all mistakes in the files that were read together, in order.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// maxFaults is how many faults are kept: a file in another format may have one in
// each line. One more says that there were others.
const maxFaults = 1000

// err returns f as an error, or nil if there are no faults.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Full reports whether no more faults are kept.
func (f Faults) Full() bool { return len(f) >= maxFaults }

// Add adds a fault unless it is there already: each service that uses a pool finds
// the pool's faults again.
func (f *Faults) Add(one Fault) {
	if f.Full() || slices.Contains(*f, one) {
		return
	}
	*f = append(*f, one)
	if f.Full() {
		*f = append(*f,
			Fault{File: one.File, Why: fmt.Sprintf("more than %d faults: the others are not shown", maxFaults)})
	}
}

// sorted sorts the faults of one file by line.
func (f Faults) sorted() Faults {
	slices.SortStableFunc(f, func(a, b Fault) int {
		if a.Line == 0 || b.Line == 0 {
			return 0
		}
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f
}

// Source is the text that a file was read from.
type Source struct {
	Name string

	text string
	// odd is set if the text has characters that end lines in some versions of YAML.
	odd bool
	// stopped is the line in which the quick reader gave up.
	stopped int
	// faults are the faults found by reading; root is the text as a tree, made at the
	// first search for a position.
	faults Faults
	root   *tree
	// near is the position of the latest fault.
	near spot
	// forDirector are the keys that only a director acts on, forLater those that nothing
	// acts on yet.
	forDirector, forLater keyCounts
}

// fault returns a fault at a position. Line 0 is none. The YAML library may give
// positions behind the end of the text.
func (s *Source) fault(line, column int, why, hint string) Fault {
	f := Fault{File: s.Name, Why: why, Hint: hint}
	if line > 0 {
		s.near.seek(s.text, line, column)
		f.Line, f.Column = s.near.line, s.near.column
		f.Text = s.near.excerpt(s.text)
	}
	return f
}

// faultAt returns a fault at the value that a path leads to, or as far along the
// path as there are values. Values do not keep their positions: those are looked up
// for each fault. A nil source has no positions.
func (s *Source) faultAt(why, hint string, path ...any) Fault {
	if s == nil {
		return Fault{Why: why, Hint: hint}
	}
	t := s.at(path...)
	return s.fault(int(t.line), int(t.column), why, hint)
}

// at returns the value that a path leads to.
func (s *Source) at(path ...any) *tree {
	if s.root == nil {
		root, err := s.tree()
		if err != nil { // it was read before without an error
			root = &tree{}
		}
		s.root = root
	}
	return s.root.find(path...)
}

// spoiled reports whether reading found a fault in the value that a path leads to:
// other faults in it may be consequences.
func (s *Source) spoiled(path ...any) bool {
	if s == nil || len(s.faults) == 0 {
		return false
	}
	t, end := s.span(path...)
	return slices.ContainsFunc(s.faults, func(f Fault) bool { return f.in(textPlace{t.line, t.column}, end) })
}

// position is a place in a text.
type textPlace struct{ line, column int32 }

func (p textPlace) before(q textPlace) bool {
	return p.line < q.line || p.line == q.line && p.column < q.column
}

// in reports whether a fault is in a part of its text. A fault without a position may
// be anywhere.
func (f *Fault) in(from, to textPlace) bool {
	at := textPlace{int32(f.Line), int32(f.Column)}
	return f.Line == 0 || !at.before(from) && at.before(to)
}

// span returns the value that a path leads to, and where what follows it begins.
func (s *Source) span(path ...any) (t *tree, end textPlace) {
	t, end = s.at(), textPlace{math.MaxInt32, 0}
	for _, step := range path {
		next, after := t.step(step)
		if next == nil {
			break
		}
		if after != nil {
			end = textPlace{after.line, after.column}
		}
		t = next
	}
	return t, end
}

// spoiledKeys are the keys of an object in which reading found a fault.
type spoiledKeys struct {
	keys []string
	// unknown is set if the object has an unknown key, which may stand for any key that
	// the object does not have: present are those that it has.
	unknown bool
	present []string
}

// has reports whether one of the keys was not read as it was meant.
func (s *spoiledKeys) has(keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		return slices.Contains(s.keys, key) || s.unknown && !slices.Contains(s.present, key)
	})
}

// spoiledKeys returns the keys with a fault of the object that a path leads to. meant
// returns the key that a word was read as, or nothing. A scalar is an object with the key
// address.
func (s *Source) spoiledKeys(meant func(word string) string, path ...any) (out spoiledKeys) {
	if !s.spoiled(path...) {
		return out
	}
	t, end := s.span(path...)
	if t.kind != isObject {
		return spoiledKeys{keys: []string{"address"}}
	}
	for i := 0; i < len(t.items); i += 2 {
		name, value, next := &t.items[i], &t.items[i+1], end
		if i+2 < len(t.items) {
			next = textPlace{t.items[i+2].line, t.items[i+2].column}
		}
		from := textPlace{name.line, name.column}
		key := meant(name.text)
		if key != name.text {
			from = textPlace{value.line, value.column} // the fault of the name is known
		}
		out.present = append(out.present, key)
		switch {
		case key == "":
			out.unknown = true
		case slices.ContainsFunc(s.faults, func(f Fault) bool { return f.in(from, next) }):
			out.keys = append(out.keys, key)
		}
	}
	return out
}

// spot is a line and a column in a text, with their byte offsets. Faults come in
// order, so each search starts at the previous spot.
type spot struct {
	// The line is text[start:end], and the column begins at text[at].
	line, start, end int
	column, at       int
}

// seek moves to a line and a column, or to the last position before them.
func (p *spot) seek(text string, line, column int) {
	if p.line == 0 || line < p.line {
		*p = spot{line: 1, end: lineEnd(text, 0), column: 1}
	}
	for p.line < line && p.end < len(text) {
		start := p.end + 1
		*p = spot{line: p.line + 1, start: start, end: lineEnd(text, start), column: 1, at: start}
	}
	if column < p.column {
		p.column, p.at = 1, p.start
	}
	for p.column < column && p.at < p.end {
		_, n := utf8.DecodeRuneInString(text[p.at:])
		p.column, p.at = p.column+1, p.at+n
	}
}

func lineEnd(text string, start int) int {
	if n := strings.IndexByte(text[start:], '\n'); n >= 0 {
		return start + n
	}
	return len(text)
}

// maxExcerpt is the longest line, in characters, that a fault shows completely.
const maxExcerpt = 120

// cut is in place of what an excerpt leaves out.
const cut = "…"

// excerpt returns the line, or of a long line the column with half of maxExcerpt on
// either side.
func (p *spot) excerpt(text string) string {
	from, to := p.start, p.end
	if to-from > utf8.UTFMax*maxExcerpt || utf8.RuneCountInString(text[from:to]) > maxExcerpt {
		from, to = p.at, p.at
		for range maxExcerpt / 2 {
			if from > p.start {
				_, n := utf8.DecodeLastRuneInString(text[p.start:from])
				from -= n
			}
			if to < p.end {
				_, n := utf8.DecodeRuneInString(text[to:p.end])
				to += n
			}
		}
	}
	part := strings.TrimSuffix(text[from:to], "\r")
	if from > p.start {
		part = cut + part
	}
	if to < p.end {
		part += cut
	}
	return part
}
