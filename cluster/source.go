package cluster

import "slices"

// Source is where a file was read.
type Source struct {
	Name string

	text string
	// odd texts have characters that end lines in some versions of YAML.
	odd bool
	// stopped is the line in which the quick reader gave up.
	stopped int
	// faults are those that were found in reading; root is the text as a tree,
	// once somebody asked for a place in it.
	faults Faults
	root   *tree
	// near is the place that was looked at last.
	near spot
}

// fault makes a fault at a place. Line 0 is none. The library's places may be
// beyond what is there.
func (s *Source) fault(line, column int, why, hint string) Fault {
	f := Fault{File: s.Name, Why: why, Hint: hint}
	if line > 0 {
		s.near.seek(s.text, line, column)
		f.Line, f.Column = s.near.line, s.near.column
		f.Text, f.mark = s.near.excerpt(s.text)
	}
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
