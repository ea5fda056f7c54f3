package commands

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/operate/state"
)

// What the dashboard runs in a demo is seen by the demo's table and by nothing
// else: neither the kernel nor the folder of what is remembered.
func TestDemoIsOnItsOwn(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	own := t.TempDir()
	a := &App{
		Name: "lvs", Now: func() time.Time { return now },
		Env: func(name string) string {
			if name == state.Variable {
				return own
			}
			return ""
		},
		OpenKernel: func(kernel.Options) (kernel.Kernel, error) { return nil, errors.New("the real kernel was opened") },
	}
	end, err := a.demo()
	if err != nil {
		t.Fatal(err)
	}
	dir := a.state().Dir
	const service, server = "tcp://192.0.2.10:443", "10.0.0.11:8443"
	weight := func() string {
		r := a.within(t.Context(), []string{"list", service, "-o", "csv", "--columns", "server,weight,active"})
		if r.Status != 0 {
			t.Fatalf("%+v", r)
		}
		for line := range strings.Lines(r.Out) {
			if rest, ok := strings.CutPrefix(line, server+","); ok {
				return strings.TrimSpace(rest)
			}
		}
		t.Fatalf("no %s in %s", server, r.Out)
		return ""
	}
	if got := weight(); !strings.HasPrefix(got, "100,") || got == "100,0" {
		t.Errorf("weight and active connections are %s at first, want 100 and some", got)
	}
	if r := a.within(t.Context(), []string{"weight", service, server, "0"}); r.Status != 0 {
		t.Errorf("%+v", r)
	}
	now = now.Add(4 * time.Minute)
	if got := weight(); got != "0,0" {
		t.Errorf("weight and active connections are %s, want 0,0: it was drained", got)
	}
	if r := a.within(t.Context(), []string{"undo", "--yes"}); r.Status != 0 {
		t.Errorf("%+v", r)
	}
	if got := weight(); !strings.HasPrefix(got, "100,") {
		t.Errorf("the weight is %s after undo, want 100", got)
	}
	end()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	if left, err := os.ReadDir(own); err != nil || len(left) > 0 {
		t.Errorf("the user's own folder has %v, %v", left, err)
	}
}
