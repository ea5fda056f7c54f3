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
	// words follow "is" in a fault: an object with keys …
	words string
	keys  []key[T]
	// after looks at the whole, once its keys were read. Nil is nothing to see.
	after func(d *decoder, t *tree, to *T)
}

// key is one key of an object.
type key[T any] struct {
	name string
	about
	shape shape
	read  func(d *decoder, t *tree, to *T)
}

// about is what people are told of a key.
type about struct {
	// doc are sentences; value what holds without the key, example a value. An
	// empty value is none.
	doc, value, example string
	// needed keys cannot be left out.
	needed bool
	// director marks what only the director looks at.
	director bool
	// of names the types of check that the key belongs to. Empty is all.
	of string
}

// at is a key whose value goes to a field.
func at[T, V any](name string, f form[V], field func(*T) *V, a about) key[T] {
	return key[T]{name, a, f.shape, func(d *decoder, t *tree, to *T) {
		if v, ok := f.read(d, t); ok {
			*field(to) = v
		}
	}}
}

// read reads an object. It is false after a fault.
func (r *record[T]) read(d *decoder, t *tree, to *T) bool {
	if t.kind != isObject {
		d.refuse(t, r.shape())
		return false
	}
	before := d.count
	// A bit is a key's place: of those that were seen, and of those that were
	// perhaps meant by what is no key.
	var seen, unsure uint64
	for i := 0; i < len(t.items); i += 2 {
		name, value := &t.items[i], &t.items[i+1]
		n := r.find(name.text)
		switch {
		case n < 0 && d.faults.Full():
			d.count++ // it is not told what was meant
			continue
		case n < 0:
			near := Nearest(name.text, r.names())
			d.fault(name, "unknown key "+plan.Quote(name.text), r.meant(near))
			if n = r.find(near); n >= 0 {
				unsure |= 1 << n
			}
			continue
		case seen&(1<<n) != 0:
			d.fault(name, fmt.Sprintf("the key %s stands here again; first in line %d", name.text, t.keyLine(name.text)), "")
			continue
		}
		seen |= 1 << n
		if value.kind == isNull {
			d.fault(value, name.text+" has no value", "leave the key out, or give it one")
			continue
		}
		d.key = name.text
		r.keys[n].read(d, value, to)
	}
	for n := range r.keys {
		if r.keys[n].needed && (seen|unsure)&(1<<n) == 0 {
			d.fault(t, r.keys[n].name+" is missing", "it is "+r.keys[n].shape.words)
		}
	}
	if r.after != nil {
		r.after(d, t, to)
	}
	return d.count == before
}

// find gives a key's place, below zero for none.
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

// meant is the hint for an unknown key that may be one of these, or none.
func (r *record[T]) meant(near string) string {
	if near != "" {
		return "did you mean " + near + "?"
	}
	return "the keys here are " + enumerate(r.names(), "and")
}

func (r *record[T]) shape() shape { return shape{words: r.words, ref: r.id} }

// form makes the record a form of value.
func (r *record[T]) form() form[T] {
	return form[T]{r.shape(), func(d *decoder, t *tree) (v T, ok bool) {
		ok = r.read(d, t, &v)
		return v, ok
	}}
}
