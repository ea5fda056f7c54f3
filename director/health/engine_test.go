package health

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// running runs an engine until the test ends, and returns it with its reports.
func running(t testing.TB) (*Engine, chan Report) {
	t.Helper()
	reports := make(chan Report, 10_000)
	e := NewEngine(Options{Report: func(r Report) { reports <- r }})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return e, reports
}

// TestEngineVerdicts lets a server on loopback become up, and down after it is gone.
func TestEngineVerdicts(t *testing.T) {
	e, reports := running(t)
	var gone atomic.Bool
	p := Probe{Timing: Timing{Every: 100 * time.Millisecond, FastEvery: 50 * time.Millisecond}}
	p.Kind, p.Expect = TCP, "ready"
	p.Addr = serve(t, func(c net.Conn) {
		if !gone.Load() {
			c.Write([]byte("ready"))
		}
	})
	e.Set([]Probe{p, p}, nil)
	var verdicts []Verdict
	for r := range reports {
		if r.Key != p.Key() {
			t.Fatalf("a report of %q", r.Key)
		}
		if !r.Changed {
			continue
		}
		verdicts = append(verdicts, r.State.Verdict)
		gone.Store(true)
		if len(verdicts) == 2 {
			break
		}
	}
	if verdicts[0] != Up || verdicts[1] != Down {
		t.Errorf("verdicts %v, want up and down", verdicts)
	}
}
