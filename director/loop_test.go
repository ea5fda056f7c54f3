package director

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"lvs/director/health"
)

// TestFirstVerdicts brings a new service into an empty table: it waits for its first
// server, and each server for its own verdict.
func TestFirstVerdicts(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2))
	w.begin()
	w.want("at first", w.weights(1, 1, 2), "no service")
	w.up(1)
	w.want("one is up", w.weights(1, 1, 2), "10 0")
	w.up(2)
	w.want("both are up", w.weights(1, 1, 2), "10 10")
	w.turn(1, health.Down)
	w.want("one is down", w.weights(1, 1, 2), "0 10")
	w.up(1)
	w.want("up again", w.weights(1, 1, 2), "10 10")
	got := strings.Join(w.events(EventVerdict, EventWeight, EventService), "\n")
	w.want("events", got, strings.Join([]string{
		"verdict unknown>up ", "service unknown>up ", "weight >10 file", "weight >0 start",
		"verdict unknown>up ", "weight 0>10 file",
		"verdict up>down ", "weight 10>0 check",
		"verdict down>up ", "weight 0>10 file"}, "\n"))
	s := w.d.snapshot().Services[0]
	if s.State != ServiceUp || s.Healthy != 2 || s.All != 2 || s.Weight != 20 || s.Declared != 20 {
		t.Errorf("status %+v", s)
	}
}

// TestRun starts the director as a process does, and stops it.
func TestRun(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2))
	w.o.Kernel = w.k
	w.o.Now = nil
	ready := make(chan struct{})
	w.o.Ready = func() { close(ready) }
	d := New(w.o)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	<-ready
	_, _, more := d.Events(0)
	w.prober.mu.Lock()
	for key := range w.prober.probes {
		w.prober.report(health.Report{Key: key, State: health.State{Verdict: health.Up, Since: time.Now()}})
	}
	w.prober.mu.Unlock()
	<-more
	for d.Status().Services[0].Weight != 20 {
		_, _, more = d.Events(0)
		if d.Status().Services[0].Weight == 20 {
			break
		}
		<-more
	}
	if s := d.Status(); s.Services[0].Servers[0].InForce != 10 || s.Checks.Done != 7 || s.Checks.Probes != 2 {
		t.Errorf("status %+v", s)
	}
	if err := New(w.o).Run(ctx); err == nil || !strings.Contains(err.Error(), "another director runs") {
		t.Errorf("a second director: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	w.want("afterwards", w.weights(1, 1, 2), "10 10")
	if _, err := d.Decide(t.Context(), Decision{}); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a decision afterwards: %v", err)
	}
}
