package health

import (
	"testing"
	"time"
)

// TestSet replaces the probes while they are asked.
func TestSet(t *testing.T) {
	w := newWorld(t)
	probes := many(4)
	known := State{Verdict: Down, Since: w.now.Add(-time.Hour), Fail: 7}
	last := map[Key]State{}
	replaced := false
	w.reply = func(*flight) (Result, time.Duration) { return pass(), 300 * time.Millisecond }
	w.react = func(r Report) {
		if replaced && (r.Key == probes[0].Key() || r.Key == probes[1].Key()) {
			t.Errorf("a report of %s, which was removed", r.Key)
		}
		last[r.Key] = r.State
		if !replaced && last[probes[2].Key()].Verdict == Up {
			replaced = true
			w.engine.Set(probes[2:], func(k Key) (State, bool) { return known, k == probes[3].Key() })
		}
	}
	w.engine.Set(probes[:3], nil)
	w.run(8 * time.Second)
	if !replaced {
		t.Fatal("no verdict in 8s")
	}
	stayed := last[probes[2].Key()]
	if stayed.Verdict != Up || stayed.Pass < 3 {
		t.Errorf("the probe that stayed has %+v", stayed)
	}
	if seeded := last[probes[3].Key()]; seeded.Fail != 7 || seeded.Pass == 0 {
		t.Errorf("the probe that was known has %+v", seeded)
	}
}

func TestSeededVerdictStays(t *testing.T) {
	w := newWorld(t)
	probe, since := many(1)[0], w.now.Add(-time.Hour)
	w.engine.Set([]Probe{probe}, func(Key) (State, bool) { return State{Verdict: Up, Since: since}, true })
	n := 0
	w.react = func(r Report) {
		n++
		if r.Changed || r.State.Verdict != Up || !r.State.Since.Equal(since) {
			t.Errorf("report %d: %+v", n, r)
		}
		if !r.State.Next.After(w.now) {
			t.Errorf("report %d: next is %v, now %v", n, r.State.Next, w.now)
		}
	}
	w.run(10 * time.Second)
	if n < 4 {
		t.Errorf("%d reports", n)
	}
}

func TestAsk(t *testing.T) {
	w := newWorld(t)
	probe := many(1)[0]
	probe.Every = time.Hour
	key := probe.Key()
	w.engine.Set([]Probe{probe}, nil)
	n := 0
	w.react = func(Report) {
		if n++; n < 10 {
			w.engine.Ask(key, "no such key", key)
		}
	}
	begin := w.now
	w.run(time.Minute)
	if asked := len(w.begun[key]); asked != 10 {
		t.Fatalf("asked %d times, want 10", asked)
	}
	if last := w.begun[key][9].Sub(begin); last > time.Second {
		t.Errorf("the tenth question came after %v", last)
	}
}
