package commands

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
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

// Each step changes the weight alone, no more often than four times a second.
func TestRampKeepsTheRest(t *testing.T) {
	k := drainTable(t)
	app, _, errs := testApp(k)
	before := k.Calls().Applies
	onSleep(app, func(slept time.Duration) {
		if slept > 3*time.Second && slept < 4*time.Second {
			other, _, _ := testApp(k)
			other.Run(t.Context(), strings.Fields("server edit tcp://192.0.2.10:80 10.0.0.11 --upper 300"))
		}
	})
	if status := app.Run(t.Context(), strings.Fields("weight tcp://192.0.2.10:80 10.0.0.11 1005 --over 10s")); status != exitDone {
		t.Fatalf("status %d: %s", status, errs)
	}
	snap, err := k.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	id, _ := kernel.ParseServiceID(theWeb)
	got := findServer(snap.Find(id), netip.MustParseAddrPort("10.0.0.11:80"))
	if got.Weight != 1005 || got.Upper != 300 {
		t.Errorf("it is %+v", got.Server)
	}
	if n := k.Calls().Applies - before; n < 30 || n > 45 {
		t.Errorf("%d steps in 10 seconds", n)
	}
}

func TestRampStops(t *testing.T) {
	for _, c := range []struct {
		line   string // "" is an interrupt
		status int
		says   string
		weight int
	}{
		{"weight tcp://192.0.2.10:80 10.0.0.11 1", exitFailed, "weight of 10.0.0.11:80 in tcp://192.0.2.10:80: stopped at 1: somebody else set it, the ramp had come to ", 1},
		{"server delete -y tcp://192.0.2.10:80 10.0.0.11", exitNotFound, "no such server", -1},
		{"", exitInterrupted, "lvs: interrupted: the weight stays 35, on the way to 105\nhint: lvs weight tcp://192.0.2.10:80 10.0.0.11:80 105 sets it at once\n", 35},
	} {
		k := drainTable(t)
		app, _, errs := testApp(k)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := false
		onSleep(app, func(slept time.Duration) {
			if slept <= 3*time.Second || done {
				return
			}
			done = true
			if c.line == "" {
				cancel()
				return
			}
			other, _, _ := testApp(k)
			other.Run(t.Context(), strings.Fields(c.line))
		})
		status := app.Run(ctx, strings.Fields("weight tcp://192.0.2.10:80 10.0.0.11 105 --over 10s"))
		if status != c.status || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%q: status %d: %q", c.line, status, errs)
		}
		if c.weight >= 0 && weightIn(t, k, theWeb) != c.weight {
			t.Errorf("%q: the weight is %d", c.line, weightIn(t, k, theWeb))
		}
	}
}
