package journal

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"

	"lvs/plan"
)

// part is the objects of one line as they are written: JSON or, if they are many, that
// compressed and in base64. Objects are alike, so it shrinks to some tenth.
type part struct {
	text   []byte
	packed bool
}

const (
	// plainObjects is how many objects are written without being compressed.
	plainObjects = 200
	// maxPacked is the longest compressed part, maxText the longest before that, in
	// bytes. That holds some 2,000,000 servers.
	maxPacked = 32 << 20
	maxText   = 256 << 20
)

// Pack prepares the objects to be written, which takes a while if they are many, and sets
// Counts, and Without if they are too many. Begin and More do it otherwise.
func (e *Entry) Pack() {
	if e.parts != nil {
		return
	}
	e.Counts = plan.Count(e.Objects)
	p, ok := packed(e.Objects)
	if !ok {
		p, e.Without = part{}, true
	}
	e.parts = []part{p}
}

// part returns the packed objects.
func (e *Entry) part() part { return e.parts[0] }

// packed returns objects as they are written. ok is false if they are too many.
func packed(objects []plan.Object) (p part, ok bool) {
	if len(objects) == 0 {
		return part{}, true
	}
	if len(objects) <= plainObjects {
		return part{text: appendObjects(nil, objects)}, true
	}
	var out bytes.Buffer
	text := base64.NewEncoder(base64.StdEncoding, &out)
	z, _ := zlib.NewWriterLevel(text, zlib.BestSpeed) // the level exists
	total := 0
	write := func(b []byte) {
		total += len(b)
		_, _ = z.Write(b) // to memory, which does not fail
	}
	var b []byte
	for i := range objects {
		b = append(b, ","...)
		if i == 0 {
			b[0] = '['
		}
		if b = appendObject(b, &objects[i]); len(b) > 32<<10 {
			write(b)
			b = b[:0]
		}
		if out.Len() > maxPacked || total > maxText {
			return part{}, false
		}
	}
	write(append(b, ']'))
	_, _ = z.Close(), text.Close()
	return part{out.Bytes(), true}, out.Len() <= maxPacked
}

// objects adds the part's objects to those that are there.
func (p *part) objects(to []plan.Object) ([]plan.Object, error) {
	text := p.text
	if p.packed {
		z, err := zlib.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(text)))
		if err != nil {
			return nil, err
		}
		if text, err = io.ReadAll(io.LimitReader(z, maxText+1<<20)); err != nil {
			return nil, err
		}
	}
	return parseObjects(text, to)
}

// add adds a part to an entry that is read.
func (e *Entry) add(p part) {
	if len(p.text) > 0 {
		e.parts = append(e.parts, p)
	}
}

// Load reads the objects of an entry from what Entries has returned.
func (e *Entry) Load() error {
	if e.Objects != nil {
		return nil
	}
	var all []plan.Object
	for i := range e.parts {
		var err error
		if all, err = e.parts[i].objects(all); err != nil {
			return fmt.Errorf("entry %d is damaged: %w", e.ID, err)
		}
	}
	e.Objects = all
	return nil
}

// count sets the counts of an entry in several parts: an object may be in more than one.
func (e *Entry) count() {
	if len(e.parts) < 2 || e.Without {
		return
	}
	if e.Load() == nil {
		e.Counts = plan.Count(plan.Merge(e.Objects, nil))
	}
	e.Objects = nil
}
