package kernel

import (
	"iter"
)

// Listing reads a connection table that is no snapshot. The kernel makes the list a
// page at a time, and the table changes in between:
//
//   - From Linux 7 the table is resized while it is in use. A reading then leaves out
//     some entries and has others twice. If entries are added to the bucket at which a
//     page ends, the next page repeats as many.
//   - Before Linux 7 a page begins at the number of entries before it. If some of them
//     expire in between, as many living ones are left out; if some are new, as many are
//     repeated.
type Listing struct {
	// Read lists the table once. It calls look when it has read some more from the
	// kernel, before it yields that. The value is reused.
	Read func(look func() error) iter.Seq2[*Connection, error]
	// Size returns the number of buckets, which changes if the table is resized.
	Size func() (uint32, error)
	// Counted is set if pages begin at a number of entries: before Linux 7.
	Counted bool
}

const (
	// mostReadings is how often a table is read at most.
	mostReadings = 4
	// mostCounted is the same for a table that is Counted. Each reading takes a time
	// that grows with the square of the number of entries.
	mostCounted = 3
)

// Connections iterates over the entries, each once. It reads the table again if that
// was resized meanwhile, and a table that is Counted twice and then until a reading adds
// no entry, so that no single reading decides that an entry is gone. It keeps 8 bytes
// for each entry, and 20 once the same entry may come from afar.
func (l Listing) Connections() iter.Seq2[*Connection, error] {
	return func(yield func(*Connection, error) bool) {
		r := reading{Listing: l, yield: yield}
		if r.size, r.err = l.Size(); l.Counted {
			r.listed.expectAll()
		}
		if r.err == nil {
			for n := 1; r.once() && r.again(n); n++ {
				r.resized, r.added = false, 0
			}
		}
		if r.err != nil {
			yield(nil, r.err)
		}
	}
}

// reading is the state of an iteration.
type reading struct {
	Listing
	yield   func(*Connection, error) bool
	listed  listedKeys
	size    uint32
	resized bool // during this reading
	added   int  // the new entries of this reading
	err     error
}

// once lists the table once and reports whether to go on.
func (r *reading) once() bool {
	for c, err := range r.Read(r.look) {
		if err != nil {
			r.err = err
			return false
		}
		if !r.listed.add(c) {
			continue
		}
		r.added++
		if !r.yield(c, nil) {
			return false
		}
	}
	r.err = r.look()
	return r.err == nil
}

// again reports whether the table has to be read again after n readings.
func (r *reading) again(n int) bool {
	if r.Counted {
		return n == 1 || n < mostCounted && r.added > 0
	}
	return n < mostReadings && r.resized
}

// look finds out whether the table was resized.
func (r *reading) look() error {
	size, err := r.Size()
	if err == nil && size != r.size {
		r.size, r.resized = size, true
		r.listed.expectAll()
	}
	return err
}
