package commands

import (
	"context"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/operate"
	"lvs/operate/state"
)

// A job runs when it is due, unless it was canceled.
func TestLater(t *testing.T) {
	for _, c := range []struct {
		name    string
		meant   func(a *App, j state.Job) // done while the job waits
		weight  int
		waiting int // after it
	}{
		{"due", nil, 9, 0},
		{"canceled", func(a *App, j state.Job) {
			if !a.state().CallOff(j.ID) {
				t.Error("there was nothing to cancel")
			}
		}, 5, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(state.Variable, t.TempDir())
			k := tableWithServer(t)
			app, _, _ := testApp(k)
			var started []string
			app.Detach = func(args []string, _ []*os.File, _ state.Folder) error { started = args; return nil }
			j, err := laterOf(t, app).Later("test", 90*time.Second, "weight", "tcp://192.0.2.10:80", "10.0.0.11", "9")
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(started, []string{"later", j.ID, "--ready"}) {
				t.Errorf("started %q", started)
			}
			app, _, errs := testApp(k)
			var slept time.Duration
			app.Sleep = func(ctx context.Context, d time.Duration) error {
				if slept == 0 {
					jobs := app.state().Jobs("boot/1", "test")
					if len(jobs) != 1 || jobs[0].ID != j.ID {
						t.Errorf("pending are %v", jobs)
					}
					if c.meant != nil {
						c.meant(app, j)
					}
				}
				slept += d
				return nil
			}
			if status := app.Run(t.Context(), started[:2]); status != exitDone {
				t.Fatalf("status %d: %s", status, errs)
			}
			if got := weightOf(t, k); got != c.weight {
				t.Errorf("the weight is %d, want %d", got, c.weight)
			}
			if c.meant == nil && slept != 90*time.Second {
				t.Errorf("it slept %s", slept)
			}
			if jobs := app.state().Jobs("boot/1", "test"); len(jobs) != 0 {
				t.Errorf("pending are %v", jobs)
			}
		})
	}
}

// A job changes only the table that it was made for.
func TestLaterOnAnotherTable(t *testing.T) {
	k := stand(t)
	app, _, _ := testApp(k)
	app.Detach = func([]string, []*os.File, state.Folder) error { return nil }
	j, err := laterOf(t, app).Later("test", time.Second, "weight", "tcp://192.0.2.10:80", "10.0.0.11", "9")
	if err != nil {
		t.Fatal(err)
	}
	app, _, errs := testApp(k)
	app.Identity = func(string) (string, error) { return "boot/2", nil }
	if status := app.Run(t.Context(), []string{"later", j.ID}); status != exitFailed ||
		!strings.Contains(errs.String(), "not the table that it was made for") {
		t.Errorf("status %d: %s", status, errs)
	}
	if got := weightOf(t, k); got != 5 {
		t.Errorf("the weight is %d", got)
	}
}

// laterOf returns the operator of an App, which makes its jobs.
func laterOf(t *testing.T, a *App) *operate.Operator {
	t.Helper()
	op, err := a.operator()
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// tableWithServer has one service with one server of weight 5.
func tableWithServer(t *testing.T) *memory.Kernel {
	t.Helper()
	k := memory.New()
	for _, line := range []string{"service add tcp://192.0.2.10:80", "server add tcp://192.0.2.10:80 10.0.0.11 -w 5"} {
		app, _, errs := testApp(k)
		if status := app.Run(t.Context(), strings.Fields(line)); status != exitDone {
			t.Fatalf("%s: %s", line, errs)
		}
	}
	return k
}

func weightOf(t *testing.T, k kernel.Kernel) int {
	t.Helper()
	snap, err := k.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snap.Services[0].Server(netip.MustParseAddrPort("10.0.0.11:80")).Weight
}
