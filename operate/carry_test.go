package operate

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/plan"
	"lvs/plan/journal"
)

// carry plans the way to a service web with servers of some weights (-1: none).
func (w *world) carry(patience time.Duration, weights ...int) (*Carry, *plan.Table, plan.Steps) {
	w.t.Helper()
	want := []plan.Service{{Service: kernel.Service{ServiceID: serviceID(web), Scheduler: "wlc"}}}
	for i, weight := range weights {
		if weight >= 0 {
			want[0].Servers = append(want[0].Servers, kernel.Server{Addr: addr(i + 1), Weight: weight, Forward: kernel.NAT})
		}
	}
	steps := func(now *plan.Table) plan.Steps {
		return plan.Steps{Changes: plan.Between(now.Snapshot, want, plan.Options{Prune: true})}
	}
	before, err := plan.ReadTable(context.Background(), w.kernel)
	if err != nil {
		w.t.Fatal(err)
	}
	return &Carry{Operator: w.Operator, Patience: patience, Again: steps}, before, steps(before)
}

func TestCarryAtOnce(t *testing.T) {
	w := newWorld(t)
	w.add(web, 1, 1)
	w.busy(web, 1, memory.Traffic{Active: 3})
	c, before, steps := w.carry(0, -1, 1, 1)
	if err := c.Run(t.Context(), before, steps); err != nil {
		t.Fatal(err)
	}
	if now := w.weights(web, 3); !slices.Equal(now, []int{-1, 1, 1}) || len(w.slept) > 0 {
		t.Errorf("the weights are %v after %d pauses", now, len(w.slept))
	}
	if !slices.Equal(w.eventTypes(), []string{"Progress"}) {
		t.Errorf("the events are %+v", w.events)
	}
	if e := w.entries(); len(e) != 1 || e[0].Outcome != journal.Done {
		t.Errorf("recorded %+v", e)
	}
}

// The table changes between reading and writing: the steps are undone and planned again
// by Anew, and the entry in the journal is what was made.
func TestCarryAnew(t *testing.T) {
	w := newWorld(t)
	w.add(web, 1, 1)
	c, before, steps := w.carry(0, -1, 1, 1)
	w.change(kernel.Change{Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: serviceID(web)},
		Server: kernel.Server{Addr: addr(1)}})
	again := c.Again
	planned := 0
	c.Again = func(*plan.Table) plan.Steps { t.Error("Again is for steps that were made"); return plan.Steps{} }
	c.Anew = func(now *plan.Table) plan.Steps { planned++; return again(now) }
	if err := c.Run(t.Context(), before, steps); err != nil {
		t.Fatal(err)
	}
	if now := w.weights(web, 3); !slices.Equal(now, []int{-1, 1, 1}) || planned != 1 {
		t.Errorf("the weights are %v, planned again %d times", now, planned)
	}
	e := w.entries()
	if len(e) != 1 || e[0].Outcome != journal.Done || e[0].Error != "" {
		t.Fatalf("recorded %+v", e)
	}
	if made := e[0].Made(); len(made) != 1 || made[0].Server != addr(3) {
		t.Errorf("recorded as made: %+v", made)
	}
}

// With patience the server that goes keeps its connections until they end; then it is
// deleted, and both halves are one entry.
func TestCarryWaits(t *testing.T) {
	w := newWorld(t)
	w.add(web, 1, 1)
	w.busy(web, 1, memory.Traffic{Active: 3})
	w.onSleep = func(n int) {
		if now := w.weights(web, 3); !slices.Equal(now, []int{0, 1, 1}) {
			t.Errorf("the weights are %v during the wait", now)
		}
		if e := w.entries()[0]; e.Outcome != journal.Unknown || e.Error == "" {
			t.Errorf("during the wait the entry is %s, %q", e.Outcome, e.Error)
		}
		if n == 4 {
			w.busy(web, 1, memory.Traffic{})
		}
	}
	c, before, steps := w.carry(time.Minute, -1, 1, 1)
	if err := c.Run(t.Context(), before, steps); err != nil {
		t.Fatal(err)
	}
	if now := w.weights(web, 3); !slices.Equal(now, []int{-1, 1, 1}) || len(w.slept) != 4 {
		t.Errorf("the weights are %v after %d pauses", now, len(w.slept))
	}
	i := slices.IndexFunc(w.events, func(e Event) bool { _, ok := e.(WaitEnded); return ok })
	if i < 0 || len(w.events[i].(WaitEnded).Cut) != 0 {
		t.Errorf("the events are %+v", w.events)
	}
	if e := w.entries(); len(e) != 1 || e[0].Outcome != journal.Done || e[0].Error != "" {
		t.Errorf("recorded %+v", e)
	}
}

func TestCarryEndsItsPatience(t *testing.T) {
	w := newWorld(t)
	w.add(web, 1, 1)
	w.busy(web, 1, memory.Traffic{Active: 3})
	begun := w.now
	c, before, steps := w.carry(10*time.Second, -1, 1)
	if err := c.Run(t.Context(), before, steps); err != nil {
		t.Fatal(err)
	}
	if took := w.now.Sub(begun); took != 10*time.Second || w.weights(web, 1)[0] != -1 {
		t.Errorf("after %s the weight is %d", took, w.weights(web, 1)[0])
	}
	i := slices.IndexFunc(w.events, func(e Event) bool { _, ok := e.(WaitEnded); return ok })
	if i < 0 || w.events[i].(WaitEnded).After != 10*time.Second || len(w.events[i].(WaitEnded).Cut) != 1 ||
		w.events[i].(WaitEnded).Cut[0].Active != 3 {
		t.Errorf("the events are %+v", w.events)
	}
	i = slices.IndexFunc(w.events, func(e Event) bool { _, ok := e.(Deleting); return ok })
	if want := (plan.Cost{Established: 3, Fates: plan.Fates{plan.Dropped: 3}, Within: 15 * time.Minute,
		Timeout: plan.TCPTimeout}); i < 0 || w.events[i].(Deleting).Cost != want {
		t.Errorf("the events are %+v", w.events)
	}
}

// A server that another process adds during the wait had no time to finish: it stays.
func TestCarryLeavesOthersAlone(t *testing.T) {
	w := newWorld(t)
	w.add(web, 1, 1)
	w.busy(web, 1, memory.Traffic{Active: 3})
	w.onSleep = func(n int) {
		if n == 1 {
			w.change(kernel.Change{Op: kernel.AddServer, Service: kernel.Service{ServiceID: serviceID(web)},
				Server: kernel.Server{Addr: addr(3), Weight: 1}})
		}
		w.busy(web, 1, memory.Traffic{})
	}
	c, before, steps := w.carry(time.Minute, -1, 1)
	if err := c.Run(t.Context(), before, steps); err != nil {
		t.Fatal(err)
	}
	if now := w.weights(web, 3); !slices.Equal(now, []int{-1, 1, 1}) || !slices.Contains(w.eventTypes(), "LeftAlone") {
		t.Errorf("the weights are %v, the events %v", now, w.eventTypes())
	}
}

// What goes has the weight 0 if the wait is interrupted, or the kernel refuses to
// delete it.
func TestCarryQuiesced(t *testing.T) {
	for _, c := range []struct {
		name string
		stop func(w *world, cancel func())
		want error
	}{
		{"interrupted", func(_ *world, cancel func()) { cancel() }, context.Canceled},
		{"refused", func(w *world, _ func()) {
			w.busy(web, 1, memory.Traffic{})
			w.kernel.Refuse(func(kernel.Change) error { return kernel.ErrNoMemory })
		}, kernel.ErrNoMemory},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(web, 1, 1)
			w.busy(web, 1, memory.Traffic{Active: 3})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w.onSleep = func(int) { c.stop(w, cancel) }
			carry, before, steps := w.carry(time.Minute, -1, 1)
			if err := carry.Run(ctx, before, steps); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if now := w.weights(web, 2); !slices.Equal(now, []int{0, 1}) {
				t.Errorf("the weights are %v", now)
			}
			if told := w.eventTypes(); told[len(told)-1] != "Quiesced" {
				t.Errorf("the events are %v", told)
			}
			if e := w.entries()[0]; e.Outcome != journal.Unknown || e.Error == "" {
				t.Errorf("the entry is %s, %q", e.Outcome, e.Error)
			}
		})
	}
}

// A refusal undoes everything, and calls what Ready returned.
func TestCarryRefused(t *testing.T) {
	w := newWorld(t)
	w.add(web, 1, 1)
	c, before, steps := w.carry(0, -1, 1, 1)
	ready, forgotten := 0, 0
	c.Ready = func() (func(), error) {
		if ready++; len(w.entries()) != 1 || w.weights(web, 3)[2] != -1 {
			t.Error("Ready was not called between journal and kernel")
		}
		return func() { forgotten++ }, nil
	}
	w.kernel.Refuse(func(kernel.Change) error { return kernel.ErrNoMemory })
	err := c.Run(t.Context(), before, steps)
	var failure *plan.Failure
	if !errors.As(err, &failure) || failure.Undo != nil || ready != 1 || forgotten != 1 {
		t.Errorf("%v; ready %d, forgotten %d times", err, ready, forgotten)
	}
	if e := w.entries(); w.weights(web, 1)[0] != 1 || e[0].Outcome != journal.Refused {
		t.Errorf("the weight is %d, recorded %+v", w.weights(web, 1)[0], e)
	}
}

// If Ready fails nothing is changed.
func TestCarryNotReady(t *testing.T) {
	w := newWorld(t)
	w.add(web, 1, 1)
	c, before, steps := w.carry(0, -1, 1)
	notReady := errors.New("not ready")
	c.Ready = func() (func(), error) { return nil, notReady }
	if err := c.Run(t.Context(), before, steps); !errors.Is(err, notReady) || w.weights(web, 1)[0] != 1 {
		t.Errorf("%v, the weight is %d", err, w.weights(web, 1)[0])
	}
	if e := w.entries()[0]; e.Outcome != journal.Refused {
		t.Errorf("the entry is %s", e.Outcome)
	}
}
