package health

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

// slotLength is the distance of the moments at which probes begin. Waking up costs more
// than asking, so that probes that begin together are cheaper (docs/decisions/0026-checks.md).
const slotLength = 50 * time.Millisecond

// slotNumber counts slots since the engine was made.
type slotNumber int64

// slots says which probes begin when.
type slots struct {
	zero time.Time // the beginning of slot 0
	due  dueHeap
}

// now returns the slot that a moment is in.
func (s *slots) now(t time.Time) slotNumber { return slotNumber(t.Sub(s.zero) / slotLength) }

// begin returns the beginning of a slot.
func (s *slots) begin(n slotNumber) time.Time { return s.zero.Add(time.Duration(n) * slotLength) }

// put makes an entry due, instead of when it was due before.
func (s *slots) put(e *entry, n slotNumber) {
	e.due, e.waiting = n, true
	e.state.Next = s.begin(n)
	heap.Push(&s.due, dueEntry{n, e})
}

// take returns an entry that is due, or nil.
func (s *slots) take(now slotNumber) *entry {
	if n, ok := s.next(); !ok || n > now {
		return nil
	}
	e := heap.Pop(&s.due).(dueEntry).entry
	e.waiting = false
	return e
}

// next returns the slot of the entry that is due first. ok is false if there is none.
func (s *slots) next() (n slotNumber, ok bool) {
	for len(s.due) > 0 {
		first := s.due[0]
		if first.entry.waiting && first.entry.due == first.slot {
			return first.slot, true
		}
		heap.Pop(&s.due) // removed, or put elsewhere
	}
	return 0, false
}

// after returns the slot of the next probe: one interval after the last one began, ±10 %, so
// that probes that began together do not stay together.
func after(began slotNumber, interval time.Duration) slotNumber {
	low := max(1, (interval*9/10+slotLength-1)/slotLength)
	high := max(low, interval*11/10/slotLength)
	return began + slotNumber(low+rand.N(high-low+1))
}

// dueHeap has the entries with the slots in which they are due.
type dueHeap []dueEntry

type dueEntry struct {
	slot  slotNumber
	entry *entry
}

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].slot < h[j].slot }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(dueEntry)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = dueEntry{}
	*h = old[:len(old)-1]
	return last
}
