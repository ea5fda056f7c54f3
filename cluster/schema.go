package cluster

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Schema returns the JSON Schema (2020-12) of a cluster file, for editors. It has
// every key and the form of its value. It cannot express what depends on the rest of
// the file: that a pool exists, or that keys exclude each other.
func Schema() []byte {
	t := newTables()
	o := object{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", apiVersion + " " + fileKind}}
	o = append(o, t.file.schema()...)
	var defs object
	for _, k := range t.kinds()[1:] {
		defs = append(defs, member{k.name(), k.schema()})
	}
	var compact, indented bytes.Buffer
	writeJSON(&compact, append(o, member{"$defs", defs}))
	// The JSON was just written, so it is valid.
	_ = json.Indent(&indented, compact.Bytes(), "", "  ")
	indented.WriteByte('\n')
	return indented.Bytes()
}

// schema returns the schema of an object: its keys and no others.
func (r *record[T]) schema() object {
	var properties object
	var needed list
	for i := range r.keys {
		k := &r.keys[i]
		p := object{{"description", k.told()}}
		properties = append(properties, member{k.name, append(p, k.shape.schema()...)})
		if k.needed {
			needed = append(needed, k.name)
		}
	}
	o := object{{"description", r.doc}, {"type", "object"}, {"properties", properties}}
	o = putIf(o, "required", needed, len(needed) > 0)
	return append(o, member{"additionalProperties", false})
}

// told returns a key's description, with what a schema has no keyword for.
func (k *key[T]) told() string {
	doc := k.doc
	if k.of != "" {
		doc += " For " + typesOf(k.of, "or") + "."
	}
	if k.value != "" {
		doc += " Default: " + k.value + "."
	}
	switch {
	case k.director:
		doc += " For the director."
	case k.later:
		doc += " Not used yet."
	}
	return doc
}

// schema returns the schema of a value.
func (s *shape) schema() object {
	if s.ref != "" {
		return object{{"$ref", "#/$defs/" + s.ref}}
	}
	if len(s.either) > 0 {
		either := make(list, len(s.either))
		for i := range s.either {
			either[i] = s.either[i].schema()
		}
		return object{{"anyOf", either}}
	}
	o := object{{"type", s.kind}}
	o = put(o, "pattern", s.pattern)
	o = putIf(o, "minLength", 1, s.filled)
	if len(s.one) > 0 {
		words := make(list, len(s.one))
		for i, w := range s.one {
			words[i] = w
		}
		o = append(o, member{"enum", words})
	}
	if s.kind == "integer" {
		o = append(o, member{"minimum", int(s.low)}, member{"maximum", int(s.high)})
	}
	if s.items != nil {
		o = append(o, member{"items", s.items.schema()})
	}
	if s.values != nil {
		o = append(o, member{"additionalProperties", s.values.schema()})
	}
	return slices.Clip(o)
}
