package cluster

// ManualObject describes a kind of object in a cluster file.
type ManualObject struct {
	// Title is for a heading, Doc a sentence.
	Title, Doc string
	Keys       []ManualKey
}

// ManualKey describes a key of an object.
type ManualKey struct {
	Name string
	// Type says what its value is, Default what holds without it, Example is a
	// value. Either of the last two may be empty.
	Type, Default, Example string
	Doc                    string
	// Needed keys cannot be left out. Director marks what only the director
	// looks at. Of names the types of check that have the key; empty is all.
	Needed, Director bool
	Of               string
}

// Manual describes every object and key of a cluster file.
func Manual() []ManualObject {
	kinds := newTables().kinds()
	titles := map[string]string{}
	for _, k := range kinds {
		titles[k.name()] = k.heading()
	}
	out := make([]ManualObject, len(kinds))
	for i, k := range kinds {
		out[i] = k.manual(titles)
	}
	return out
}

// recordKind is a record of any type.
type recordKind interface {
	name() string
	heading() string
	manual(titles map[string]string) ManualObject
	schema() object
}

// kinds are all records in the order of the manual.
func (t *tables) kinds() []recordKind {
	return []recordKind{
		&t.file, &t.defaults, &t.service, &t.lasting, &t.server, &t.tunnel, &t.timeouts, &t.sync,
		&t.check, &t.quorum, &t.onDown, &t.bgp, &t.peer, &t.overflow, &t.helper, &t.director,
	}
}

func (r *record[T]) name() string    { return r.id }
func (r *record[T]) heading() string { return r.title }

func (r *record[T]) manual(titles map[string]string) ManualObject {
	o := ManualObject{Title: r.title, Doc: r.doc, Keys: make([]ManualKey, len(r.keys))}
	for i := range r.keys {
		k := &r.keys[i]
		o.Keys[i] = ManualKey{Name: k.name, Type: k.shape.words, Default: k.value, Example: k.example, Doc: k.doc,
			Needed: k.needed, Director: k.director, Of: k.of}
		if refs := k.shape.refs(nil); len(refs) > 0 && refs[0] != r.id {
			o.Keys[i].Type += "; see " + titles[refs[0]]
		}
	}
	return o
}

// refs are the records that a value is made of.
func (s *shape) refs(found []string) []string {
	if s.ref != "" {
		found = append(found, s.ref)
	}
	for i := range s.either {
		found = s.either[i].refs(found)
	}
	for _, inner := range []*shape{s.items, s.values} {
		if inner != nil {
			found = inner.refs(found)
		}
	}
	return found
}
