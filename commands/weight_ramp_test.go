package commands

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
)

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
	got := snap.Find(id).Server(netip.MustParseAddrPort("10.0.0.11:80"))
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
		{"weight tcp://192.0.2.10:80 10.0.0.11 1", exitFailed, "weight of 10.0.0.11:80 in tcp://192.0.2.10:80: stopped at 1: it was changed by someone else, the ramp had reached ", 1},
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
