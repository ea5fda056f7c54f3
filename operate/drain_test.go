package operate

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
	"lvs/plan/journal"
)

func TestDrainRemembersAndRecords(t *testing.T) {
	w := newWorld(t)
	w.add(web, 5, 3)
	got, err := w.Drain(t.Context(), w.members(web, 2), 0)
	if err != nil {
		t.Fatal(err)
	}
	if got[key(web, 1)] != 5 || got[key(web, 2)] != 3 || len(got) != 2 {
		t.Errorf("returned %v", got)
	}
	if now := w.weights(web, 2); !slices.Equal(now, []int{0, 0}) {
		t.Errorf("the weights are %v", now)
	}
	if r := w.remembered(key(web, 1))[key(web, 1)]; r.Weight != 5 || r.Set != 0 || !r.Since.Equal(w.now) || r.Job != "" {
		t.Errorf("remembered %+v", r)
	}
	e := w.entries()
	if len(e) != 1 || e[0].Outcome != journal.Done || len(e[0].Objects) != 2 || e[0].Table != boot ||
		e[0].Objects[0].BeforeServer.Weight != 5 {
		t.Errorf("recorded %+v", e)
	}
	if !w.Sent || !w.Recorded() || w.EntryID() != 1 {
		t.Errorf("sent %v, recorded %v as %d", w.Sent, w.Recorded(), w.EntryID())
	}
}

// A second drain keeps the weight that the first one remembered, unless the weight was
// changed by someone else.
func TestDrainTwice(t *testing.T) {
	w := newWorld(t)
	w.add(web, 5, 3)
	if _, err := w.Drain(t.Context(), w.members(web, 2), 0); err != nil {
		t.Fatal(err)
	}
	w.setWeight(web, 2, 7)
	w.now = w.now.Add(time.Hour)
	if _, err := w.again().Drain(t.Context(), w.members(web, 2), 0); err != nil {
		t.Fatal(err)
	}
	known := w.remembered(key(web, 1), key(web, 2))
	if known[key(web, 1)].Weight != 5 || known[key(web, 2)].Weight != 7 {
		t.Errorf("remembered %+v, want the weights 5 and 7", known)
	}
	if known[key(web, 1)].Since.Equal(w.now) || !known[key(web, 2)].Since.Equal(w.now) {
		t.Errorf("drained since %v and %v", known[key(web, 1)].Since, known[key(web, 2)].Since)
	}
}

// A server that has the weight 0 already is put out of service, too: nothing is changed in
// the table.
func TestDrainWithoutAWeight(t *testing.T) {
	w := newWorld(t)
	w.add(web, 0)
	got, err := w.Drain(t.Context(), w.members(web, 1), 0)
	if r, out := w.remembered(key(web, 1))[key(web, 1)]; err != nil || len(got) != 1 || !out || r.Weight != 0 {
		t.Errorf("%v, %v; remembered %v", got, err, r)
	}
	if len(w.entries()) != 0 || w.Sent {
		t.Errorf("recorded %v", w.entries())
	}
}

func TestDrainForAWhile(t *testing.T) {
	w := newWorld(t)
	w.Netns = "director"
	w.add(web, 5)
	if _, err := w.Drain(t.Context(), w.members(web, 1), time.Minute); err != nil {
		t.Fatal(err)
	}
	if len(w.started) != 1 {
		t.Fatalf("%d processes were started", len(w.started))
	}
	j := w.started[0]
	if j.Kind != UndrainJob || j.Table != boot || !j.At.Equal(w.now.Add(time.Minute)) ||
		!slices.Equal(j.Args, []string{"undrain", "--job", j.ID, "--netns", "director"}) {
		t.Errorf("the job is %+v", j)
	}
	if r := w.remembered(key(web, 1))[key(web, 1)]; r.Job != j.ID {
		t.Errorf("remembered %+v, want the job %s", r, j.ID)
	}
	// A longer drain replaces the job.
	if _, err := w.again().Drain(t.Context(), w.members(web, 1), time.Hour); err != nil {
		t.Fatal(err)
	}
	if off, ok := w.events[len(w.events)-1].(CalledOff); !ok || off.ID != j.ID {
		t.Errorf("the events are %+v", w.events)
	}
	if _, err := w.State.Job(j.ID); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the first job: %v", err)
	}
}

// Without a process that undrains, nothing is changed.
func TestDrainNotHeld(t *testing.T) {
	for _, c := range []struct {
		name        string
		fail        func(*world)
		remembering bool
	}{
		{"no process", func(w *world) {
			w.Start = func(*state.HeldJob, *os.File) error { return errors.New("no fork") }
		}, false},
		{"no identity", func(w *world) { w.Table = "" }, false},
		{"a damaged folder", func(w *world) {
			if err := os.Mkdir(w.State.WeightsFile(), 0o700); err != nil {
				w.t.Fatal(err)
			}
		}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(web, 5)
			c.fail(w)
			_, err := w.Drain(t.Context(), w.members(web, 1), time.Minute)
			var held *NotHeldError
			if !errors.As(err, &held) || held.Remembering != c.remembering {
				t.Errorf("%v, want a NotHeldError with remembering %v", err, c.remembering)
			}
			if w.weights(web, 1)[0] != 5 || len(w.entries()) != 0 || w.Sent {
				t.Errorf("the weight is %d, recorded %v", w.weights(web, 1)[0], w.entries())
			}
			for _, j := range w.started {
				if _, err := w.State.Job(j.ID); err == nil {
					t.Errorf("the job %s still waits", j.ID)
				}
			}
		})
	}
}

// Servers are drained even if their weights cannot be remembered.
func TestDrainUnremembered(t *testing.T) {
	w := newWorld(t)
	w.Table, w.NoTable = "", errors.New("no namespace")
	w.add(web, 5)
	if _, err := w.Drain(t.Context(), w.members(web, 1), 0); err != nil {
		t.Fatal(err)
	}
	if w.weights(web, 1)[0] != 0 || !slices.Equal(w.eventTypes(), []string{"Unremembered", "Unrecorded"}) {
		t.Errorf("the weight is %d, the events are %v", w.weights(web, 1)[0], w.eventTypes())
	}
	if e := w.events[0].(Unremembered); !errors.Is(e.Err, w.NoTable) || len(e.Servers) != 1 {
		t.Errorf("%+v", e)
	}
}

// What the kernel refuses is forgotten, and with all of it the job.
func TestDrainRefused(t *testing.T) {
	for _, c := range []struct {
		name         string
		refuse       []int
		outcome      journal.Outcome
		left, jobs   int
		partly, none bool
	}{
		{"all", []int{1, 2}, journal.Refused, 0, 0, false, true},
		{"one", []int{2}, journal.Partly, 1, 1, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(web, 5, 3)
			servers := w.members(web, 2)
			w.kernel.Refuse(func(change kernel.Change) error {
				for _, n := range c.refuse {
					if change.Server.Addr == addr(n) {
						return kernel.ErrNoMemory
					}
				}
				return nil
			})
			_, err := w.Drain(t.Context(), servers, time.Minute)
			var partly *PartlyError
			if !errors.Is(err, kernel.ErrNoMemory) || errors.As(err, &partly) != c.partly {
				t.Errorf("%v", err)
			}
			if c.partly && (partly.Made != 1 || len(partly.Refused) != 1) {
				t.Errorf("%+v", partly)
			}
			if left := w.remembered(Keys(servers)...); len(left) != c.left {
				t.Errorf("remembered %v", left)
			}
			if _, err := w.State.Job(w.started[0].ID); (err == nil) != (c.jobs > 0) {
				t.Errorf("the job: %v", err)
			}
			if e := w.entries(); len(e) != 1 || e[0].Outcome != c.outcome {
				t.Errorf("recorded %+v", e)
			}
		})
	}
}

func TestHold(t *testing.T) {
	w := newWorld(t)
	w.add(web, 5)
	j, known, err := w.Hold(t.Context(), w.member(web, 1), 2, time.Minute)
	if err != nil || !known || len(w.started) != 1 || w.weights(web, 1)[0] != 5 {
		t.Fatalf("known %v, %v; %d jobs, the weight is %d", known, err, len(w.started), w.weights(web, 1)[0])
	}
	if r := w.remembered(key(web, 1))[key(web, 1)]; r.Weight != 5 || r.Set != 2 || r.Job != j.ID {
		t.Errorf("remembered %+v", r)
	}
}

// A server that has the weight already needs no job.
func TestHoldOfTheSameWeight(t *testing.T) {
	w := newWorld(t)
	w.add(web, 5)
	j, known, err := w.Hold(t.Context(), w.member(web, 1), 5, time.Minute)
	if err != nil || known {
		t.Fatalf("known %v, %v", known, err)
	}
	if _, err := w.State.Job(j.ID); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the job: %v", err)
	}
}

func TestUndrain(t *testing.T) {
	at := func(weight int) Member {
		return Member{kernel.Service{ServiceID: serviceID(web)},
			kernel.ServerEntry{Server: kernel.Server{Addr: addr(1), Weight: weight}}}
	}
	drained := map[kernel.ServerKey]state.Weight{key(web, 1): {Weight: 5}}
	for _, c := range []struct {
		name                          string
		server                        Member
		remembered                    map[kernel.ServerKey]state.Weight
		weight                        int
		to, done, changed, unknown, n int
	}{
		{name: "drained", server: at(0), remembered: drained, to: 5, n: 1, done: 1},
		{name: "drained, to another weight", server: at(0), remembered: drained, weight: 9, to: 9, n: 1, done: 1},
		{name: "changed since", server: at(3), remembered: drained, done: 1, changed: 1},
		{name: "changed since, to another weight", server: at(3), remembered: drained, weight: 9, to: 9, n: 1, done: 1},
		{name: "weight 0, not remembered", server: at(0), unknown: 1},
		{name: "weight 0, not remembered, to another weight", server: at(0), weight: 9, to: 9, n: 1, done: 1},
		{name: "not drained", server: at(3)},
		{name: "not drained, to another weight", server: at(3), weight: 9},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := Undrain([]Member{c.server}, c.remembered, c.weight)
			if len(u.Steps) != c.n || len(u.Done) != c.done || len(u.Changed) != c.changed || len(u.Unknown) != c.unknown {
				t.Fatalf("%+v", u)
			}
			if c.n > 0 && u.Steps[0].Server.Weight != c.to {
				t.Errorf("the weight becomes %d, want %d", u.Steps[0].Server.Weight, c.to)
			}
		})
	}
}

// With its last server a job is canceled.
func TestForget(t *testing.T) {
	w := newWorld(t)
	w.add(web, 5, 3)
	servers := w.members(web, 2)
	if _, err := w.Drain(t.Context(), servers, time.Minute); err != nil {
		t.Fatal(err)
	}
	id := w.started[0].ID
	w.Forget(t.Context(), []kernel.ServerKey{key(web, 1)})
	if _, err := w.State.Job(id); err != nil || len(w.events) > 0 {
		t.Fatalf("after one of two: %v, %v", err, w.eventTypes())
	}
	w.Forget(t.Context(), []kernel.ServerKey{key(web, 2)})
	if _, err := w.State.Job(id); !errors.Is(err, os.ErrNotExist) || !slices.Equal(w.eventTypes(), []string{"CalledOff"}) {
		t.Errorf("after both: %v, %v", err, w.eventTypes())
	}
	if left := w.remembered(Keys(servers)...); len(left) > 0 {
		t.Errorf("remembered %v", left)
	}
}

func TestForgetUnlessRefused(t *testing.T) {
	refusal := kernel.Refusals{{Err: &kernel.Error{Service: serviceID(web), Server: addr(2), Err: kernel.ErrRange}}}
	for _, c := range []struct {
		name    string
		failure error
		left    int
	}{
		{"done", nil, 0}, {"one refused", refusal, 1}, {"no connection", errors.New("broken"), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(web, 5, 3)
			servers := w.members(web, 2)
			if _, err := w.Drain(t.Context(), servers, 0); err != nil {
				t.Fatal(err)
			}
			w.ForgetUnlessRefused(t.Context(), servers, c.failure)
			if left := w.remembered(Keys(servers)...); len(left) != c.left {
				t.Errorf("remembered %v, want %d", left, c.left)
			}
		})
	}
}

// Only drained servers are deleted. They stay out of service.
func TestDeleteDrained(t *testing.T) {
	w := newWorld(t)
	w.add(web, 5, 3, 1)
	before := w.members(web, 3)
	if _, err := w.Drain(t.Context(), before, 0); err != nil {
		t.Fatal(err)
	}
	drains := []Drain{
		{ServerKey: key(web, 1), State: Drained}, {ServerKey: key(web, 2), State: Draining},
		{ServerKey: key(web, 3), State: Gone},
	}
	if err := w.DeleteDrained(t.Context(), drains, before); err != nil {
		t.Fatal(err)
	}
	if now := w.weights(web, 3); !slices.Equal(now, []int{-1, 0, 0}) {
		t.Errorf("the weights are %v", now)
	}
	if drains[0].State != Deleted || drains[1].State != Draining || drains[2].State != Gone {
		t.Errorf("%+v", drains)
	}
	if left := w.remembered(Keys(before)...); len(left) != 3 {
		t.Errorf("remembered %v", left)
	}
	// Undo puts it back with the weight that it had before the drain.
	if made := w.entries()[0].Made(); made[0].BeforeServer.Weight != 5 || made[0].AfterServer != nil {
		t.Errorf("recorded %+v", made[0])
	}
}
