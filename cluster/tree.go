package cluster

import (
	"slices"

	"lvs/plan"
)

// tree is a document as it was read: a scalar, or a list or an object of trees.
type tree struct {
	kind kind
	// line and column are where it begins, from 1; columns are characters.
	line, column int32
	// text is the value of a scalar: without quotes, escapes resolved.
	text string
	// items are the elements of a list; of an object key, value, key, value …
	items []tree
}

type kind uint8

const (
	isNull kind = iota
	isBool
	isNumber
	isText
	isList
	isObject
)

func (t *tree) isScalar() bool { return t.kind == isBool || t.kind == isNumber || t.kind == isText }

// what returns what a fault calls the value.
func (t *tree) what() string {
	switch t.kind {
	case isNull:
		return "an empty value"
	case isBool:
		return t.text
	case isNumber:
		return plan.Shorten(t.text)
	case isList:
		return "a list"
	case isObject:
		return "an object"
	}
	return plan.Quote(t.text)
}

// find returns the value at the end of a path of keys and indexes, or the last one
// on it that exists. A value in place of a list is the list's only element.
func (t *tree) find(path ...any) *tree {
	for _, step := range path {
		next, _ := t.step(step)
		if next == nil {
			break
		}
		t = next
	}
	return t
}

// step returns the value of a key or at an index, and what follows it in t. Both may be
// nil.
func (t *tree) step(step any) (value, after *tree) {
	at := -1
	switch step := step.(type) {
	case string:
		if t.kind == isObject {
			at = t.index(step)
		}
	case int:
		if t.kind != isList {
			return t, nil
		}
		at = step
	}
	if at < 0 || at >= len(t.items) {
		return nil, nil
	}
	if at+1 < len(t.items) {
		after = &t.items[at+1]
	}
	return &t.items[at], after
}

// index returns the index of a key's value in an object's items, or -1. Of a duplicate
// key it is that of the first.
func (t *tree) index(key string) int {
	for i := 0; i < len(t.items); i += 2 {
		if t.items[i].text == key {
			return i + 1
		}
	}
	return -1
}

// member returns the value of a key, or nil. Of a duplicate key it returns the first
// value.
func (t *tree) member(key string) *tree {
	value, _ := t.step(key)
	if t.kind != isObject {
		return nil
	}
	return value
}

// keyLine returns the first line that has a key.
func (t *tree) keyLine(key string) int {
	for i := 0; i < len(t.items); i += 2 {
		if t.items[i].text == key {
			return int(t.items[i].line)
		}
	}
	return 0
}

// nodes allocates the parts of lists and objects, close to each other in few large
// pieces.
type nodes struct {
	// open are the parts of the lists and objects being read, the innermost last.
	open []tree
	// free is the unused part of the current piece.
	piece, free []tree
}

// pieceLen is the number of nodes in a piece.
const pieceLen = 1024

// close removes the open parts from an index on, and returns them.
func (n *nodes) close(from int) []tree {
	size := len(n.open) - from
	if size > len(n.free) {
		if size > pieceLen/4 {
			out := slices.Clone(n.open[from:])
			n.open = n.open[:from]
			return out
		}
		n.piece = make([]tree, pieceLen)
		n.free = n.piece
	}
	out := n.free[:size:size]
	n.free = n.free[size:]
	copy(out, n.open[from:])
	n.open = n.open[:from]
	return out
}

// reset makes all nodes that were closed available again.
func (n *nodes) reset() { n.open, n.free = n.open[:0], n.piece }
