package director

import (
	"cmp"
	"slices"
	"sync"
)

// mostEvents is how many events of each part are kept.
const mostEvents = 2048

// eventLog keeps the newest events: those about the table, which come in thousands if many
// services share a server that fails, apart from all others, so that they do not push alarms
// and decisions of people out. Everyone may read it, the core adds to it.
type eventLog struct {
	mu           sync.Mutex
	last         uint64 // the ID of the newest event
	table, other eventRing
	more         chan struct{}
}

func newEventLog() *eventLog { return &eventLog{more: make(chan struct{})} }

func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.ID = l.last
	switch e.Kind {
	case EventVerdict, EventWeight, EventService, EventDrift:
		l.table.add(e)
	default:
		l.other.add(e)
	}
	close(l.more)
	l.more = make(chan struct{})
}

// after returns the events after an ID that are kept, how many are not, and a channel that is
// closed by the next event.
func (l *eventLog) after(id uint64) (events []Event, missed uint64, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	events = l.other.after(l.table.after(nil, id), id)
	slices.SortFunc(events, func(a, b Event) int { return cmp.Compare(a.ID, b.ID) })
	return events, l.last - min(id, l.last) - uint64(len(events)), l.more
}

// eventRing is one part of the log.
type eventRing struct {
	kept   []Event
	oldest int // its index in kept, once that is full
}

func (r *eventRing) add(e Event) {
	if len(r.kept) < mostEvents {
		r.kept = append(r.kept, e)
		return
	}
	r.kept[r.oldest] = e
	r.oldest = (r.oldest + 1) % mostEvents
}

// after appends the events after an ID to out.
func (r *eventRing) after(out []Event, id uint64) []Event {
	for i := range r.kept {
		if r.kept[i].ID > id {
			out = append(out, r.kept[i])
		}
	}
	return out
}
