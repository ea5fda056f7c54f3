package health

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// world is a clock and all servers, for tests of the engine without waiting. It is the engine's
// poller: time goes on while the engine waits.
type world struct {
	t      *testing.T
	now    time.Time
	engine *Engine
	cancel func()
	end    time.Time
	// reply is what a server answers, and after which time.
	reply func(f *flight) (Result, time.Duration)
	// oversleep is how much longer a wait takes. Nil is no longer.
	oversleep func() time.Duration
	// react is called for each report.
	react func(Report)

	coming []coming
	begun  map[Key][]time.Time
	open   int
	most   int // the most questions under way at a time
	woken  atomic.Bool
	slept  int
}

type coming struct {
	at time.Time
	answer
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, now: time.Unix(1_800_000_000, 0), begun: map[Key][]time.Time{},
		reply: func(*flight) (Result, time.Duration) { return pass(), time.Millisecond },
		react: func(Report) {},
	}
	w.engine = NewEngine(Options{Now: func() time.Time { return w.now }, Report: func(r Report) { w.react(r) }})
	w.engine.makePoller = func() (poller, error) { return w, nil }
	return w
}

// run lets time go on.
func (w *world) run(d time.Duration) {
	w.t.Helper()
	w.end = w.now.Add(d)
	var ctx context.Context
	ctx, w.cancel = context.WithCancel(context.Background())
	if err := w.engine.Run(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// since returns the time since a moment.
func (w *world) since(begin time.Time) time.Duration { return w.now.Sub(begin) }

func (w *world) start(f *flight) bool {
	key := f.entry.key
	w.begun[key] = append(w.begun[key], w.now)
	w.open++
	w.most = max(w.most, w.open)
	r, delay := w.reply(f)
	if delay >= f.q.Timeout {
		r, delay = fail(Silent, ""), f.deadline.Sub(w.now)
	}
	f.stop = func() {}
	w.coming = append(w.coming, coming{w.now.Add(delay), answer{f, r}})
	return true
}

func (w *world) wait(longest time.Duration, _ func() time.Time) []answer {
	w.slept++
	until := w.now.Add(longest)
	for _, c := range w.coming {
		if c.at.Before(until) {
			until = c.at
		}
	}
	if w.woken.Swap(false) {
		until = w.now
	}
	w.now = until
	if w.oversleep != nil {
		w.now = w.now.Add(w.oversleep())
	}
	var now []answer
	var later []coming
	for _, c := range w.coming {
		if c.at.After(w.now) {
			later = append(later, c)
		} else {
			w.open--
			now = append(now, c.answer)
		}
	}
	w.coming = later
	if !w.now.Before(w.end) {
		w.cancel()
	}
	return now
}

func (w *world) wake()  { w.woken.Store(true) }
func (w *world) close() {}

// many returns different TCP probes at the default times.
func many(n int) []Probe {
	probes := make([]Probe, n)
	for i := range probes {
		probes[i].Kind = TCP
		probes[i].Addr = netip.MustParseAddrPort(fmt.Sprintf("192.0.%d.%d:80", i/256, i%256))
	}
	return probes
}
