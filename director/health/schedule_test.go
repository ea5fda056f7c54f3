package health

import (
	"slices"
	"testing"
	"time"
)

func TestFirstQuestionsAreSpread(t *testing.T) {
	w := newWorld(t)
	w.engine.Set(many(400), nil)
	w.run(DefaultEvery - slotLength/2)
	bySlot := map[slotNumber]int{}
	for _, begun := range w.begun {
		bySlot[w.engine.slots.now(begun[0])]++
	}
	for slot := range slotNumber(DefaultEvery / slotLength) {
		if n := bySlot[slot]; n != 10 {
			t.Errorf("slot %d begins %d of 400 probes, want 10", slot, n)
		}
	}
}

func TestIntervals(t *testing.T) {
	w := newWorld(t)
	w.engine.Set(many(20), nil)
	w.run(10 * time.Minute)
	var sum time.Duration
	var n int
	for key, begun := range w.begun {
		for i := 3; i < len(begun); i++ { // the first are fast
			gap := begun[i].Sub(begun[i-1])
			if gap < 1800*time.Millisecond || gap > 2200*time.Millisecond {
				t.Errorf("%s is asked %v after the last time", key, gap)
			}
			sum, n = sum+gap, n+1
		}
	}
	if mean := sum / time.Duration(n); mean < 1980*time.Millisecond || mean > 2020*time.Millisecond {
		t.Errorf("the mean of %d intervals is %v", n, mean)
	}
	if done, late, local := w.engine.Stats(); late != 0 || local != 0 || int(done) < n {
		t.Errorf("%d done, %d late, %d local", done, late, local)
	}
	// One waking begins all probes of a slot, another one has their answers.
	if most := 2 * int(10*time.Minute/slotLength); w.slept > most {
		t.Errorf("the engine woke up %d times, want at most %d", w.slept, most)
	}
}

// TestTimeToVerdict fails servers at 500 moments and looks when they are down, and up again.
func TestTimeToVerdict(t *testing.T) {
	const runs = 500
	tests := []struct {
		name       string
		broken     func(*flight) (Result, time.Duration)
		down, back time.Duration
	}{
		{"refused", func(*flight) (Result, time.Duration) { return fail(Refused, ""), 0 },
			3300 * time.Millisecond, 2800 * time.Millisecond},
		{"silent", func(*flight) (Result, time.Duration) { return Result{}, time.Hour },
			6300 * time.Millisecond, 3800 * time.Millisecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			begin := w.now
			fails := func(p *Probe) time.Time { // at another moment for each
				number := int(p.Addr.Addr().As4()[2])*256 + int(p.Addr.Addr().As4()[3])
				return begin.Add(10*time.Second + time.Duration(number)*7*time.Millisecond)
			}
			probes := many(runs)
			byKey := map[Key]*Probe{}
			for i := range probes {
				byKey[probes[i].Key()] = &probes[i]
			}
			w.reply = func(f *flight) (Result, time.Duration) {
				at := fails(&f.q.Probe)
				if !w.now.Before(at) && w.now.Before(at.Add(10*time.Second)) {
					return test.broken(f)
				}
				return pass(), time.Millisecond
			}
			var down, back []time.Duration
			w.react = func(r Report) {
				at := fails(byKey[r.Key])
				switch {
				case !r.Changed || w.now.Before(at):
				case r.State.Verdict == Down:
					down = append(down, w.since(at))
				default:
					back = append(back, w.since(at.Add(10*time.Second)))
				}
			}
			w.engine.Set(probes, nil)
			w.run(40 * time.Second)
			if len(down) != runs || len(back) != runs {
				t.Fatalf("%d became down and %d up again, of %d", len(down), len(back), runs)
			}
			t.Logf("down after at most %v, up again after at most %v", slices.Max(down), slices.Max(back))
			if slices.Max(down) > test.down || slices.Max(back) > test.back {
				t.Errorf("want at most %v and %v", test.down, test.back)
			}
		})
	}
}

func TestFastWhileTurning(t *testing.T) {
	w := newWorld(t)
	n := 0
	w.reply = func(*flight) (Result, time.Duration) {
		n++
		if n == 4 { // one failure between
			return fail(Refused, ""), 0
		}
		return pass(), 0
	}
	probe := many(1)[0]
	w.engine.Set([]Probe{probe}, nil)
	w.run(12 * time.Second)
	begun := w.begun[probe.Key()]
	for i, fast := range []bool{true, false, false, true, false} {
		if gap := begun[i+1].Sub(begun[i]); (gap < time.Second) != fast {
			t.Errorf("question %d came after %v, fast %v", i+2, gap, fast)
		}
	}
}

func TestNoOverlap(t *testing.T) {
	w := newWorld(t)
	probes := many(3)
	for i := range probes {
		probes[i].Timeout = 10 * time.Second
	}
	w.reply = func(*flight) (Result, time.Duration) { return pass(), 5 * time.Second }
	w.engine.Set(probes, nil)
	w.react = func(r Report) { w.engine.Ask(probes[0].Key(), probes[1].Key()) }
	w.run(time.Minute)
	if w.most > len(probes) {
		t.Errorf("%d questions of %d probes were under way together", w.most, len(probes))
	}
	if _, late, _ := w.engine.Stats(); late != 0 {
		t.Errorf("%d are counted as late, because their servers are slow", late)
	}
}

func TestMaxOpen(t *testing.T) {
	w := newWorld(t)
	w.engine.maxOpen = 5
	w.reply = func(*flight) (Result, time.Duration) { return Result{}, time.Hour }
	w.engine.Set(many(100), nil)
	w.run(time.Minute)
	if w.most != 5 {
		t.Errorf("%d questions were under way together, want 5", w.most)
	}
	done, late, _ := w.engine.Stats()
	if done < 250 || late == 0 {
		t.Errorf("%d done in a minute, %d late; want some 290, and most of them late", done, late)
	}
	if len(w.begun) != 100 {
		t.Errorf("only %d of 100 probes were asked", len(w.begun))
	}
}

func TestLate(t *testing.T) {
	w := newWorld(t)
	w.oversleep = func() time.Duration { return 150 * time.Millisecond }
	probe := many(1)[0]
	w.engine.Set([]Probe{probe}, nil)
	w.run(10 * time.Second)
	asked := len(w.begun[probe.Key()])
	if _, late, local := w.engine.Stats(); int(late) != asked-1 || asked < 4 || local != 0 {
		t.Errorf("%d of %d are late, want all but the first; %d local", late, asked, local)
	}
}

// TestStall stops the process for ten seconds, in which all answers time out. That says
// nothing about the servers.
func TestStall(t *testing.T) {
	w := newWorld(t)
	w.reply = func(*flight) (Result, time.Duration) { return pass(), 600 * time.Millisecond }
	begin, stalls := w.now, 0
	w.oversleep = func() time.Duration {
		if stalls < 3 && w.since(begin) > time.Duration(stalls+1)*15*time.Second {
			stalls++
			for i := range w.coming {
				w.coming[i].Result = fail(Silent, "")
			}
			return 10 * time.Second
		}
		return 0
	}
	w.engine.Set(many(50), nil)
	w.react = func(r Report) {
		if r.State.Fail > 0 {
			t.Fatalf("%v: a failure is counted: %+v", w.since(begin), r.State)
		}
	}
	w.run(time.Minute)
	if _, _, local := w.engine.Stats(); stalls != 3 || local == 0 {
		t.Errorf("%d stalls, %d local results", stalls, local)
	}
}
