package cluster

import (
	"lvs/plan"
)

// tree is a document as it was read: a value, or a list or an object of such.
type tree struct {
	kind kind
	// line and column are where it begins, from 1; columns are characters.
	line, column int32
	// text is a scalar as it is meant: without quotes, escapes resolved.
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

// what names a value in a fault.
func (t *tree) what() string {
	switch t.kind {
	case isNull:
		return "nothing"
	case isBool:
		return t.text
	case isNumber:
		return "the number " + plan.Shorten(t.text)
	case isList:
		return "a list"
	case isObject:
		return "an object"
	}
	return plan.Quote(t.text)
}

// find follows keys and numbers of elements as far as they lead. A value that
// stands in place of a list of one is its own element.
func (t *tree) find(path ...any) *tree {
	for _, step := range path {
		next := (*tree)(nil)
		switch step := step.(type) {
		case string:
			next = t.member(step)
		case int:
			if t.kind == isList && step < len(t.items) {
				next = &t.items[step]
			} else if t.kind != isList {
				next = t
			}
		}
		if next == nil {
			break
		}
		t = next
	}
	return t
}

// member gives the value of a key; of one that stands twice the first.
func (t *tree) member(key string) *tree {
	if t.kind != isObject {
		return nil
	}
	for i := 0; i < len(t.items); i += 2 {
		if t.items[i].text == key {
			return &t.items[i+1]
		}
	}
	return nil
}

// keyLine is the line in which a key stands first.
func (t *tree) keyLine(key string) int {
	for i := 0; i < len(t.items); i += 2 {
		if t.items[i].text == key {
			return int(t.items[i].line)
		}
	}
	return 0
}

// lastLine is the line in which the last part of it begins.
func (t *tree) lastLine() int32 {
	last := t.line
	if n := len(t.items); n > 0 {
		last = max(last, t.items[n-1].lastLine())
	}
	return last
}
