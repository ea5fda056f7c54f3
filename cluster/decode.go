package cluster

import (
	"fmt"
	"strings"
	"unicode"
)

// decoder makes a File of a tree, and keeps what is wrong with it.
type decoder struct {
	source *Source
	tables *tables
	faults Faults
	// count is how many faults there were, also beyond those kept.
	count int
	// given is set where the services were read before the file.
	given bool
	// key is the one whose value is read, for faults.
	key string
}

// fault keeps a fault at a place.
func (d *decoder) fault(t *tree, why, hint string) {
	d.count++
	if !d.faults.full() {
		d.faults.add(d.source.fault(int(t.line), int(t.column), why, hint))
	}
}

// refuse tells that a value is not of the form that its key has.
func (d *decoder) refuse(t *tree, s shape) { d.fault(t, d.key+" is "+s.words+", not "+t.what(), "") }

// file reads the document, key by key.
func (d *decoder) file(root *tree, f *File) {
	d.key = "a cluster file"
	d.tables.file.read(d, root, f)
}

// shorten cuts what a fault quotes.
func shorten(s string) string {
	const longest = 60 // letters
	if letters := []rune(s); len(letters) > longest {
		return string(letters[:longest]) + "…"
	}
	return s
}

// quoted shows a text on one line.
func quoted(s string) string {
	s = shorten(s)
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == '"' }) {
		return `"` + s + `"`
	}
	return fmt.Sprintf("%q", s)
}
