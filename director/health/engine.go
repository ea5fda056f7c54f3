package health

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what an engine works with.
type Options struct {
	// Now is the clock. Nil is time.Now.
	Now func() time.Time
	// Report gets every result, from one goroutine. It must return soon: no probe begins or
	// ends in the meantime. Nil gets none.
	Report func(Report)
	// MaxOpen is the most probes that are under way at a time. 0 is half of the files that the
	// process may have open, and at most 16,384. Probes that are due beyond it begin late.
	MaxOpen int
}

// lateness is how late a probe may begin without being counted as late.
const lateness = 100 * time.Millisecond

// stall is how long the engine may oversleep. A longer time is a halt of the process or of
// the machine, and what seems silent then says nothing about the servers.
const stall = 500 * time.Millisecond

// Engine asks probes at their times and counts their results. One goroutine, Run, has the
// clock, starts all probes and reports all results. TCP and HTTP are asked on that goroutine
// without blocking, where the system allows it; others get a goroutine for each question.
type Engine struct {
	now     func() time.Time
	report  func(Report)
	maxOpen int
	// makePoller is replaced by tests.
	makePoller func() (poller, error)

	done, late, local atomic.Uint64
	programs          chan struct{} // has a place for each program of exec that may run

	mu      sync.Mutex // guards the rest; not held while Run waits or reports
	entries map[Key]*entry
	slots   slots
	answers []answer // of the goroutines
	open    int
	poller  poller // nil until Run
	stalled time.Time
	asking  sync.WaitGroup
}

// entry is a probe of the engine.
type entry struct {
	key     Key
	q       *question
	state   State
	due     slotNumber // valid if waiting
	waiting bool
	flight  *flight // nil unless it is being asked
}

// flight is one question under way.
type flight struct {
	entry    *entry // nil after the probe was removed
	q        *question
	began    time.Time
	slot     slotNumber
	deadline time.Time
	stop     func() // gives up, if it can
}

// answer is the end of a flight.
type answer struct {
	*flight
	Result
}

// poller asks many questions without blocking and waits for them. It is used by one
// goroutine, but for wake.
type poller interface {
	// start begins a flight and sets its stop, or returns false if it cannot ask this kind.
	start(f *flight) bool
	// wait returns the answers since the last call. It returns at the latest after a time, or
	// when it is woken. It reads the clock for the deadlines of its flights by now.
	wait(longest time.Duration, now func() time.Time) []answer
	// wake ends a wait, the present one or the next.
	wake()
	close()
}

// NewEngine returns an engine without probes. It asks nothing until Run.
func NewEngine(o Options) *Engine {
	e := &Engine{now: o.Now, report: o.Report, maxOpen: o.MaxOpen, makePoller: newPoller, entries: map[Key]*entry{},
		programs: make(chan struct{}, maxPrograms)}
	if e.now == nil {
		e.now = time.Now
	}
	if e.report == nil {
		e.report = func(Report) {}
	}
	if e.maxOpen <= 0 {
		e.maxOpen = openLimit()
	}
	e.slots.zero = e.now()
	return e
}

// Set replaces the probes. Those that stay keep their state and their times. A new one begins
// with the state that known returns, if there is one, and its first questions are spread over
// Every. Of equal probes, one is asked. Set is for one goroutine at a time.
func (e *Engine) Set(probes []Probe, known func(Key) (State, bool)) {
	keys := make([]Key, len(probes))
	for i := range probes {
		keys[i] = probes[i].Key()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	wanted := make(map[Key]bool, len(probes))
	var added []*entry
	for i, key := range keys {
		if wanted[key] {
			continue
		}
		wanted[key] = true
		if e.entries[key] == nil {
			added = append(added, newEntry(key, probes[i], known, e.now()))
			e.entries[key] = added[len(added)-1]
			e.entries[key].q.programs = e.programs
		}
	}
	for key, old := range e.entries {
		if !wanted[key] {
			e.remove(old)
		}
	}
	now := e.now()
	for i, a := range added {
		spread := a.q.Every * time.Duration(i) / time.Duration(len(added))
		e.slots.put(a, e.slots.now(now.Add(spread)))
	}
	e.wake()
}

func newEntry(key Key, p Probe, known func(Key) (State, bool), now time.Time) *entry {
	a := &entry{key: key, q: prepare(p)}
	if known != nil {
		if s, ok := known(key); ok {
			a.state = s
			return a
		}
	}
	a.state.Since = now
	return a
}

// remove ends a probe. The caller has the lock.
func (e *Engine) remove(a *entry) {
	delete(e.entries, a.key)
	a.waiting = false
	if a.flight != nil {
		a.flight.entry = nil
		a.flight.stop()
	}
}

// Ask asks probes now, besides their own times. A probe that is being asked at this moment is
// not asked twice.
func (e *Engine) Ask(keys ...Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.slots.now(e.now())
	for _, key := range keys {
		if a := e.entries[key]; a != nil && a.flight == nil {
			e.slots.put(a, now)
		}
	}
	e.wake()
}

// Stats returns the numbers of results, of probes that began more than 100 ms late, and of
// results that are Local, since the engine was made.
func (e *Engine) Stats() (done, late, local uint64) {
	return e.done.Load(), e.late.Load(), e.local.Load()
}

// wake ends Run's waiting. The caller has the lock: a poller is not woken after it was closed.
func (e *Engine) wake() {
	if e.poller != nil {
		e.poller.wake()
	}
}

// Run asks until the context ends, and then gives up what is under way. It may be called once.
// It fails if the system has no means to wait.
func (e *Engine) Run(ctx context.Context) error {
	p, err := e.makePoller()
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.poller = p
	e.mu.Unlock()
	defer context.AfterFunc(ctx, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.wake()
	})()
	defer e.end()
	for ctx.Err() == nil {
		longest := e.start(ctx)
		expected := e.now().Add(longest)
		answers := p.wait(longest, e.now)
		now := e.now()
		for _, r := range e.finish(answers, now, now.Sub(expected) > stall) {
			e.report(r)
		}
	}
	return nil
}

// start begins what is due, and returns how long to wait for the next.
func (e *Engine) start(ctx context.Context) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	slot := e.slots.now(now)
	for e.open < e.maxOpen {
		a := e.slots.take(slot)
		if a == nil {
			break
		}
		if now.Sub(e.slots.begin(a.due)) > lateness {
			e.late.Add(1)
		}
		e.ask(ctx, a, now, slot)
	}
	next, ok := e.slots.next()
	if !ok || e.open >= e.maxOpen {
		return time.Hour // a new probe, or an answer, ends the waiting
	}
	return max(0, e.slots.begin(next).Sub(now))
}

// ask asks one question. The caller has the lock.
func (e *Engine) ask(ctx context.Context, a *entry, now time.Time, slot slotNumber) {
	f := &flight{entry: a, q: a.q, began: now, slot: slot}
	f.deadline = e.slots.begin(e.slots.now(now.Add(a.q.limit())) + 1) // so that many end together
	a.flight = f
	e.open++
	if a.q.fault == nil && e.poller.start(f) {
		return
	}
	ctx, f.stop = context.WithTimeout(ctx, a.q.limit())
	e.asking.Go(func() {
		r := ask(ctx, f.q)
		f.stop()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.answers = append(e.answers, answer{f, r})
		e.wake()
	})
}

// finish counts answers, those of the poller and those of the goroutines, and returns what is
// to be reported. stalled is set if the engine has slept too long.
func (e *Engine) finish(answers []answer, now time.Time, stalled bool) []Report {
	e.mu.Lock()
	defer e.mu.Unlock()
	if stalled {
		e.stalled = now
	}
	answers = append(answers, e.answers...)
	clear(e.answers)
	e.answers = e.answers[:0]
	var reports []Report
	for _, a := range answers {
		e.open--
		if a.entry == nil {
			continue // removed
		}
		reports = append(reports, e.count(a, now))
	}
	return reports
}

// count counts one answer and plans the next question. The caller has the lock.
func (e *Engine) count(a answer, now time.Time) Report {
	r := a.Result
	if (r.Reason == Silent || r.Reason == Timeout) && a.began.Before(e.stalled) {
		r = local("this program did not run for some time")
	}
	r.At, r.Took = now, now.Sub(a.began)
	e.done.Add(1)
	if r.Outcome == Local {
		e.local.Add(1)
	}
	n := a.entry
	n.flight = nil
	changed := n.state.Add(r, n.q.Timing)
	interval := n.q.Every
	if n.state.Turning() && (r.Outcome == Pass || r.Outcome == Fail) {
		interval = n.q.FastEvery
	}
	e.slots.put(n, max(after(a.slot, interval), e.slots.now(now)))
	return Report{Key: n.key, State: n.state, Changed: changed}
}

// end gives up what is under way and waits for the goroutines.
func (e *Engine) end() {
	e.mu.Lock()
	p := e.poller
	e.poller = nil // nothing wakes it any more
	for _, a := range e.entries {
		if a.flight != nil {
			a.flight.entry = nil
			a.flight.stop()
		}
	}
	e.mu.Unlock()
	e.asking.Wait()
	p.close()
}
