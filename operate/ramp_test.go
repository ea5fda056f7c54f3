package operate

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/plan/journal"
)

// A ramp goes one way, ends exactly, and is on time.
func TestRampAt(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		from, to := random.IntN(kernel.MaxWeight), random.IntN(kernel.MaxWeight)
		if random.IntN(2) == 0 {
			from, to = random.IntN(20), random.IntN(20)
		}
		over := time.Duration(1 + random.Int64N(int64(time.Hour)))
		if from == to {
			continue
		}
		last := from
		for gone := time.Duration(0); ; {
			now := rampAt(from, to, gone, over)
			if (to > from) != (now >= last) && now != last {
				t.Fatalf("%d to %d over %s: %d after %d", from, to, over, now, last)
			}
			if last = now; now == to {
				if gone > over {
					t.Fatalf("%d to %d over %s: only after %s", from, to, over, gone)
				}
				break
			}
			next := max(rampNext(from, to, now, over), gone+over/100+1)
			if rampAt(from, to, next, over) == now && next == rampNext(from, to, now, over) {
				t.Fatalf("%d to %d over %s: at %s it is still %d", from, to, over, next, now)
			}
			gone = min(next, over)
		}
	}
}

func TestRamp(t *testing.T) {
	w := newWorld(t)
	w.add(web, 0)
	begun := w.now
	var weights []int
	reached, err := w.Ramp(t.Context(), key(web, 1), 0, 4, 8*time.Second, func(now int, left time.Duration) {
		weights = append(weights, now)
		if got := w.weights(web, 1)[0]; got != now || left != max(8*time.Second-w.now.Sub(begun), 0) {
			t.Errorf("told %d with %s left, the weight is %d", now, left, got)
		}
	})
	if err != nil || reached != 4 || !slices.Equal(weights, []int{1, 2, 3, 4}) {
		t.Errorf("%d, %v; the weights were %v", reached, err, weights)
	}
	if took := w.now.Sub(begun); took < 8*time.Second || took > 8*time.Second+rampStep {
		t.Errorf("it took %s", took)
	}
	if e := w.entries(); len(e) != 1 || e[0].Outcome != journal.Done || e[0].Reached != nil {
		t.Errorf("recorded %+v", e)
	}
	if e := w.entries(); len(e) != 1 || e[0].Made()[0].BeforeServer.Weight != 0 || e[0].Made()[0].AfterServer.Weight != 4 {
		t.Errorf("recorded %+v", e)
	}
}

// A large ramp has at most four steps a second.
func TestRampPace(t *testing.T) {
	w := newWorld(t)
	w.add(web, 0)
	if _, err := w.Ramp(t.Context(), key(web, 1), 0, 10_000, 5*time.Second, nil); err != nil {
		t.Fatal(err)
	}
	if len(w.slept) > 21 || slices.Min(w.slept) < rampStep {
		t.Errorf("the pauses are %v", w.slept)
	}
}

func TestRampStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	for _, c := range []struct {
		name   string
		onStep func(w *world)
		check  func(error) bool
		weight int
	}{
		{"changed by someone else", func(w *world) { w.setWeight(web, 1, 50) }, func(err error) bool {
			var changed *ChangedError
			return errors.As(err, &changed) && changed.Found == 50 && changed.Expected == 2 && changed.ServerKey == key(web, 1)
		}, 50},
		{"deleted", func(w *world) {
			w.change(kernel.Change{Op: kernel.DeleteServer, Service: kernel.Service{ServiceID: serviceID(web)},
				Server: kernel.Server{Addr: addr(1)}})
		}, func(err error) bool { return errors.Is(err, kernel.ErrNoServer) }, -1},
		{"interrupted", func(*world) { cancel() }, func(err error) bool { return errors.Is(err, context.Canceled) }, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.add(web, 0)
			reached, err := w.Ramp(ctx, key(web, 1), 0, 4, 8*time.Second, func(now int, _ time.Duration) {
				if e := w.entries()[0]; e.Outcome != journal.Unknown || e.Reached == nil || *e.Reached != now {
					t.Errorf("at %d it is recorded as %+v", now, e.End)
				}
				if now == 2 {
					c.onStep(w)
				}
			})
			if e := w.entries()[0]; e.Outcome != journal.Interrupted || e.Reached == nil || *e.Reached != 2 {
				t.Errorf("recorded %+v", e)
			}
			if reached != 2 || !c.check(err) || w.weights(web, 1)[0] != c.weight {
				t.Errorf("reached %d, %v; the weight is %d", reached, err, w.weights(web, 1)[0])
			}
		})
	}
}

// A step keeps what was changed in the server's other settings.
func TestRampKeepsSettings(t *testing.T) {
	w := newWorld(t)
	w.add(web, 0)
	_, err := w.Ramp(t.Context(), key(web, 1), 0, 2, 2*time.Second, func(now int, _ time.Duration) {
		v := w.member(web, 1).Server
		v.Upper = 100
		w.change(kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: serviceID(web)}, Server: v})
	})
	if v := w.member(web, 1); err != nil || v.Weight != 2 || v.Upper != 100 {
		t.Errorf("%v, the server is %+v", err, v.Server)
	}
}
