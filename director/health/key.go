package health

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"reflect"
)

// Key returns what identifies the probe: probes with equal target, question and timing have
// equal keys, also in another process and in a later version. It begins with the kind and the
// address, for people.
func (p *Probe) Key() Key {
	h := sha256.New()
	writeFields(h, reflect.ValueOf(p.Target))
	writeFields(h, reflect.ValueOf(p.Spec))
	writeFields(h, reflect.ValueOf(p.WithDefaults()))
	what := p.File
	switch {
	case p.Addr.IsValid():
		what = p.Addr.String()
	case len(p.Command) > 0:
		what = p.Command[0]
	}
	return Key(fmt.Sprintf("%s %s %x", p.Kind, what, h.Sum(nil)[:8]))
}

// writeFields writes the fields that are not zero, so that a field that is new in a later
// version changes no key.
func writeFields(h hash.Hash, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.IsZero() {
			continue
		}
		name := v.Type().Field(i).Name
		switch value := f.Interface().(type) {
		case string, []string:
			fmt.Fprintf(h, "%s=%q\n", name, value)
		default:
			fmt.Fprintf(h, "%s=%v\n", name, value)
		}
	}
}
