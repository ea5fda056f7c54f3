package operate

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// The pauses of Poll grow from 0.2 s to a second; with an interval all are equal.
func TestPollPace(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		every time.Duration
		want  []time.Duration
	}{
		{"growing", 0, []time.Duration{200 * ms, 250 * ms, 312500 * time.Microsecond}},
		{"every 5 s", 5 * time.Second, []time.Duration{5 * time.Second, 5 * time.Second, 5 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			looks := 0
			err := w.Poll(t.Context(), c.every, func() (bool, error) { looks++; return looks > 20, nil })
			if err != nil || len(w.slept) != 20 || !slices.Equal(w.slept[:3], c.want) {
				t.Errorf("%v, the pauses are %v", err, w.slept)
			}
			if last := w.slept[19]; c.every == 0 && last != time.Second {
				t.Errorf("the last pause is %s", last)
			}
		})
	}
}

func TestPollEnds(t *testing.T) {
	w := newWorld(t)
	broken := errors.New("broken")
	if err := w.Poll(t.Context(), 0, func() (bool, error) { return false, broken }); err != broken || len(w.slept) > 0 {
		t.Errorf("%v after %d pauses", err, len(w.slept))
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.onSleep = func(int) { cancel() }
	err := w.Poll(ctx, 0, func() (bool, error) { return false, nil })
	if !errors.Is(err, context.Canceled) || len(w.slept) != 1 {
		t.Errorf("%v after %d pauses", err, len(w.slept))
	}
}

func TestAwaitDrained(t *testing.T) {
	w := newWorld(t)
	w.add(web, 5, 3)
	servers := w.members(web, 2)
	w.busy(web, 1, memory.Traffic{Active: 2})
	remembered, err := w.Drain(t.Context(), servers, 0)
	if err != nil {
		t.Fatal(err)
	}
	watch, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.onSleep = func(n int) {
		switch n {
		case 1:
			w.change(kernel.Change{Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: serviceID(web)},
				Server: kernel.Server{Addr: addr(2)}})
		case 2:
			w.busy(web, 1, memory.Traffic{})
		}
	}
	seen := 0
	last, err := w.AwaitDrained(t.Context(), watch, servers, remembered, func([]Drain) error { seen++; return nil })
	if err != nil || seen != 3 {
		t.Fatalf("%v after %d readings", err, seen)
	}
	if last[0].State != Drained || last[0].Before != 5 || last[1].State != Gone || last[1].Before != 3 {
		t.Errorf("%+v", last)
	}
	if !slices.Equal(w.eventTypes(), []string{"DrainProgress"}) || Active(w.events[0].(DrainProgress).Servers) != 2 {
		t.Errorf("the events are %+v", w.events)
	}
}

// A server that gets a weight ends the wait.
func TestAwaitDrainedServing(t *testing.T) {
	w := newWorld(t)
	w.add(web, 0)
	w.busy(web, 1, memory.Traffic{Active: 2})
	watch, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.onSleep = func(int) { w.setWeight(web, 1, 4) }
	last, err := w.AwaitDrained(t.Context(), watch, w.members(web, 1), nil, nil)
	var serving *ServingError
	if !errors.As(err, &serving) || serving.Weight != 4 || last[0].State != Serving || last[0].Before != -1 {
		t.Errorf("%v, %+v", err, last)
	}
}
