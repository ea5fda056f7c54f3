package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one mistake in a cluster file.
type Fault struct {
	// File is the name that the file was read under. Empty is none.
	File string
	// Line and Column count from 1; columns are characters. Line 0 is no place:
	// the file was not read from a text, or is wrong as a whole. Column 0 is the
	// whole line.
	Line, Column int
	// Text is the line; of a long one the part around the column.
	Text string
	// Why says what is wrong, Hint what may cure it. Hint may be empty.
	Why, Hint string

	// mark is the column within Text.
	mark int
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

// Marked gives the line, and another one with a caret below the column. Both are
// empty where the fault has no column. A tab is shown as a blank.
func (f Fault) Marked() (line, caret string) {
	if f.Line == 0 || f.Column == 0 {
		return "", ""
	}
	return strings.ReplaceAll(f.Text, "\t", " "), strings.Repeat(" ", max(f.mark-1, 0)) + "^"
}

// Faults are all mistakes in the files that were read together, in their order.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].Error()
	}
	return strings.Join(lines, "\n")
}

// MaxFaults bounds how many are kept: a file of another kind may have one a
// line. The last one then says so.
const MaxFaults = 1000

// err is f as an error: nil when there is none.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}

// Full tells whether there is no room for another one.
func (f Faults) Full() bool { return len(f) >= MaxFaults }

// Add keeps a fault unless it was told already, as one of a pool is for each
// service that uses it.
func (f *Faults) Add(one Fault) {
	if f.Full() || slices.Contains(*f, one) {
		return
	}
	*f = append(*f, one)
	if f.Full() {
		*f = append(*f, Fault{File: one.File, Why: fmt.Sprintf("more than %d faults: the others are not told", MaxFaults)})
	}
}

// sorted puts the faults of one file into the order of its lines.
func (f Faults) sorted() Faults {
	slices.SortStableFunc(f, func(a, b Fault) int {
		if a.Line == 0 || b.Line == 0 {
			return 0
		}
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f
}
