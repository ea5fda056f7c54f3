package director

import "testing"

// TestEventsOfManyServers keeps what people did and what is wrong, while a server of many
// services comes and goes.
func TestEventsOfManyServers(t *testing.T) {
	l := newEventLog()
	l.add(Event{Kind: EventAdmin})
	for range 10 * mostEvents {
		l.add(Event{Kind: EventVerdict})
	}
	l.add(Event{Kind: EventAlarm})
	events, missed, _ := l.after(0)
	last := uint64(10*mostEvents + 2)
	if n := len(events); n != mostEvents+2 || missed != 9*mostEvents {
		t.Fatalf("%d events, %d missed", n, missed)
	}
	first, end := events[0], events[mostEvents+1]
	if first.Kind != EventAdmin || end.Kind != EventAlarm || end.ID != last {
		t.Errorf("the first is %+v, the last %+v", first, end)
	}
	for i := 1; i < len(events); i++ {
		if events[i].ID <= events[i-1].ID {
			t.Fatalf("%d comes after %d", events[i].ID, events[i-1].ID)
		}
	}
	for _, id := range []uint64{last, last + 1, 1 << 62} {
		if events, missed, _ := l.after(id); len(events) > 0 || missed > 0 {
			t.Errorf("after %d: %d events, %d missed", id, len(events), missed)
		}
	}
}
