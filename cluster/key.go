package cluster

import (
	"fmt"

	"lvs/plan"
)

// record is a kind of object in the file. From its keys come reading, the JSON
// Schema and the manual page.
type record[T any] struct {
	// id is its name in the schema, title a heading, doc a sentence.
	id, title, doc string
	// words describe it in a fault: an object with …
	words string
	keys  []key[T]
	// after checks the whole object when its keys were read. Nil checks nothing.
	after func(d *decoder, t *tree, to *T)
}

// key is one key of an object.
type key[T any] struct {
	name string
	about
	shape shape
	read  func(d *decoder, t *tree, to *T)
}

// about is the documentation of a key.
type about struct {
	// doc are sentences, value is the default, example is a value. The last two may be
	// empty.
	doc, value, example string
	// needed is set if the key is required.
	needed bool
	// director is set if only a director acts on the key, later if nothing does yet. This
	// decides it for reading, the schema and the manual page.
	director, later bool
	// of are the types of check that have the key. Empty means all.
	of string
}

// at returns a key whose value goes to a field.
func at[T, V any](name string, f form[V], field func(*T) *V, a about) key[T] {
	return key[T]{name, a, f.shape, func(d *decoder, t *tree, to *T) {
		if v, ok := f.read(d, t); ok {
			*field(to) = v
		}
	}}
}

// read reads an object. It returns false after a fault.
func (r *record[T]) read(d *decoder, t *tree, to *T) bool {
	if t.kind != isObject {
		d.refuse(t, r.shape())
		return false
	}
	before := d.count
	var seen uint64 // each bit stands for a key
	for i := 0; i < len(t.items); i += 2 {
		name, value := &t.items[i], &t.items[i+1]
		n := r.find(name.text)
		switch {
		case n < 0 && d.faults.Full():
			d.count++ // the fault is not shown
			continue
		case n < 0:
			near := r.meant(name.text)
			d.fault(name, "unknown key "+plan.Quote(name.text), r.instead(near))
			if n = r.find(near); n < 0 || seen&(1<<n) != 0 || t.member(near) != nil {
				continue
			}
			// Read it as what it probably means, to find all faults at once.
		case seen&(1<<n) != 0:
			d.fault(name, fmt.Sprintf("duplicate key %s: first in line %d", name.text, t.keyLine(name.text)), "")
			continue
		}
		seen |= 1 << n
		if value.kind == isNull {
			d.fault(value, name.text+" has no value", "add a value, or leave out the key")
			continue
		}
		d.key = r.keys[n].name
		switch k := &r.keys[n]; {
		case k.director:
			d.forDirector.count(d.key, k.shape.uses(value))
		case k.later:
			d.forLater.count(d.key, k.shape.uses(value))
		}
		r.keys[n].read(d, value, to)
	}
	for n := range r.keys {
		if r.keys[n].needed && seen&(1<<n) == 0 {
			d.fault(t, r.keys[n].name+" is missing", "add "+r.keys[n].name+": "+r.keys[n].shape.words)
		}
	}
	if r.after != nil {
		r.after(d, t, to)
	}
	return d.count == before
}

// find returns a key's index, or -1.
func (r *record[T]) find(name string) int {
	for i := range r.keys {
		if r.keys[i].name == name {
			return i
		}
	}
	return -1
}

func (r *record[T]) names() []string {
	names := make([]string, len(r.keys))
	for i := range r.keys {
		names[i] = r.keys[i].name
	}
	return names
}

// meant returns the key that a word is or resembles, or nothing.
func (r *record[T]) meant(word string) string {
	if r.find(word) >= 0 {
		return word
	}
	return Nearest(word, r.names())
}

// instead returns the hint for an unknown key; near is the key that it resembles, or
// empty.
func (r *record[T]) instead(near string) string {
	if near != "" {
		return "did you mean " + near + "?"
	}
	return "use " + enumerate(r.names(), "or")
}

func (r *record[T]) shape() shape { return shape{words: r.words, ref: r.id} }

// form returns the record as the form of a value.
func (r *record[T]) form() form[T] {
	return form[T]{r.shape(), func(d *decoder, t *tree) (v T, ok bool) {
		ok = r.read(d, t, &v)
		return v, ok
	}}
}
