package director

import "sync"

// mostEvents is how many events are kept.
const mostEvents = 2048

// eventLog keeps the newest events. Everyone may read it, the core adds to it.
type eventLog struct {
	mu   sync.Mutex
	last uint64 // the ID of the newest event
	ring []Event
	more chan struct{}
}

func newEventLog() *eventLog { return &eventLog{more: make(chan struct{})} }

func (l *eventLog) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.ID = l.last
	if len(l.ring) < mostEvents {
		l.ring = append(l.ring, e)
	} else {
		l.ring[(e.ID-1)%mostEvents] = e
	}
	close(l.more)
	l.more = make(chan struct{})
}

// after returns the events after an ID, the oldest ID that is kept, and a channel that is
// closed by the next event.
func (l *eventLog) after(id uint64) (events []Event, first uint64, more <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first = l.last - uint64(len(l.ring)) + 1
	for n := max(id+1, first); n <= l.last; n++ {
		events = append(events, l.ring[(n-1)%mostEvents])
	}
	return events, first, l.more
}
