package commands

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
)

func TestShift(t *testing.T) {
	const refused = -1
	for _, c := range []struct {
		now  int
		by   string
		want int
	}{
		{5, "0", 0}, {5, "7", 7}, {0, "2147483647", kernel.MaxWeight}, {5, "2147483648", refused},
		{5, "+2", 7}, {5, "+0", 5}, {kernel.MaxWeight, "+1", refused},
		{5, "-2", 3}, {5, "-5", 0}, {5, "-6", refused},
		{4, "50%", 2}, {5, "50%", 3}, {5, "49%", 2}, {3, "150%", 5}, {0, "50%", 0}, {5, "0%", 0},
		{3, "10%", refused}, {kernel.MaxWeight, "101%", refused}, {kernel.MaxWeight, "100%", kernel.MaxWeight},
		{kernel.MaxWeight, "2147483647%", refused},
		{5, "", refused}, {5, "+", refused}, {5, "%", refused}, {5, "+10%", refused}, {5, "-10%", refused},
		{5, "++1", refused}, {5, "+-1", refused}, {5, "1.5", refused}, {5, "0x10", refused}, {5, "1_0", refused},
		{5, " 1", refused},
	} {
		t.Run(fmt.Sprintf("%d by %s", c.now, c.by), func(t *testing.T) {
			got := refused
			if by, err := parseShift(c.by); err == nil {
				if to, err := by.from(c.now); err == nil {
					got = to
				}
			}
			if got != c.want {
				t.Errorf("%d by %q: %d, want %d", c.now, c.by, got, c.want)
			}
		})
	}
}

func FuzzShift(f *testing.F) {
	for _, s := range []string{"1", "+1", "-1", "50%", "", "%", "+%"} {
		f.Add(5, s)
	}
	f.Fuzz(func(t *testing.T, now int, s string) {
		if now < 0 || now > kernel.MaxWeight {
			return
		}
		by, err := parseShift(s)
		if err != nil {
			return
		}
		if to, err := by.from(now); err == nil && (to < 0 || to > kernel.MaxWeight) {
			t.Errorf("%d by %q is %d", now, s, to)
		}
	})
}

// Each step changes only the weight, at most four times a second.
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
	status := app.Run(t.Context(), strings.Fields("weight tcp://192.0.2.10:80 10.0.0.11 1005 --over 10s"))
	if status != exitDone {
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
		{"weight tcp://192.0.2.10:80 10.0.0.11 1", exitFailed,
			"weight of 10.0.0.11:80 in tcp://192.0.2.10:80: stopped at 1: it was changed by someone else, " +
				"the ramp had reached ", 1},
		{"server delete -y tcp://192.0.2.10:80 10.0.0.11", exitNotFound, "no such server", -1},
		{"", exitInterrupted,
			"lvs: interrupted: the weight stays 35, on the way to 105\n" +
				"hint: lvs weight tcp://192.0.2.10:80 10.0.0.11:80 105 sets it at once\n", 35},
	} {
		t.Run(cmp.Or(c.line, "interrupt"), func(t *testing.T) {
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
		})
	}
}
