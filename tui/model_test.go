package tui

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
)

// IPVS goes and comes: it is said, what is known stays, and the kernel is opened
// anew.
func TestIPVSGoesAndComes(t *testing.T) {
	opened := 0
	s := newStage(t, nil).table()
	open := s.m.o.Open
	s.m.reader.open = func() (kernel.Kernel, error) { opened++; return open() }
	s.k.Unload()
	s.start()
	s.shows("IPVS is not loaded; asking again", "nothing to show yet")
	s.k.Heal()
	s.pass(1)
	s.shows("tcp://192.0.2.10:80")
	if strings.Contains(s.screenText(), "not loaded") {
		t.Error("what is over is still said")
	}
	s.k.Unload()
	s.pass(3)
	s.shows("IPVS is not loaded", "3s OLD", "tcp://192.0.2.10:80")
	before := opened
	s.k.Heal()
	s.pass(1)
	if strings.Contains(s.screenText(), "OLD") || opened <= before {
		t.Errorf("it does not come back (opened %d times):\n%s", opened, s.screenText())
	}
}

// A look that takes long is not overtaken by another, and keys do not wait.
func TestSlowKernel(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.pass(1)
	s.held = true // from here on looks do not end
	s.pass(5)
	if len(s.waiting) != 1 {
		t.Fatalf("%d looks are under way, want 1", len(s.waiting))
	}
	s.shows("5s OLD")
	s.press("down", "2")
	if s.m.top().crumb() != "services" || cursor(s) != 1 {
		t.Error("keys wait for the look")
	}
	s.held = false
	s.exec(s.waiting[0])
	s.waiting = nil
	s.pass(1)
	if s.m.reading {
		t.Error("there are no looks any more")
	}
}

// A change is seen at once, also when a look was under way that began before it.
func TestChangeIsSeenAtOnce(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.open(webID)
	s.press("f7", "y")
	s.shows("10.0.0.11:80   nat         6")
	old, err := s.m.reader.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.m.reading = true // a look begins
	s.press("f8", "y")
	s.send(sampleMsg{s: old})
	s.shows("10.0.0.11:80   nat        16")
}

// The connection table is walked by a kernel of its own, beside the loop, and
// the walk ends when nobody waits for it.
func TestLeavingEndsTheWalk(t *testing.T) {
	s := newStage(t, nil).table()
	var walking context.Context
	s.m.o.Open = func() (kernel.Kernel, error) { return &endless{s.k, &walking}, nil }
	s.start()
	s.held = true
	s.press("4")
	if len(s.waiting) != 1 {
		t.Fatalf("%d walks, want 1", len(s.waiting))
	}
	s.pass(30)
	if n := len(s.waiting); n > 2 { // the walk, and one look
		t.Fatalf("%d commands are under way: walks pile up", n)
	}
	s.press("1")
	s.held = false
	s.exec(s.waiting[0]) // would not end if it had not been ended
	if walking == nil || walking.Err() == nil {
		t.Error("the walk was not ended")
	}
}

// endless has a connection table without end.
type endless struct {
	kernel.Kernel
	ctx *context.Context
}

func (e *endless) Connections(ctx context.Context, _ kernel.ConnectionSource) iter.Seq2[*kernel.Connection, error] {
	*e.ctx = ctx
	return func(yield func(*kernel.Connection, error) bool) {
		for ctx.Err() == nil {
			if !yield(&kernel.Connection{State: "NONE"}, nil) {
				return
			}
		}
		yield(nil, ctx.Err())
	}
}

// However many connections and networks there are, a bounded number is kept.
func TestWalkIsBounded(t *testing.T) {
	s := newStage(t, nil).table()
	const n = 100000
	s.k.SetConnectionSource(func(yield func(kernel.Connection) bool) {
		for i := range n {
			client := serverOf(i%250, 1000)
			if i%2 == 0 { // each in a network of its own
				client = clientOf(i)
			}
			if !yield(kernel.Connection{Protocol: kernel.TCP, Client: client, Virtual: webID.AddrPort(), Server: serverOf(11, 80), State: "ESTABLISHED", Expires: time.Minute}) {
				return
			}
		}
	})
	w := walker{open: s.m.o.Open, now: s.m.o.Now, by: groupings[0]}
	found, err := w.walk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if found.all != n || len(found.groups) != maxGroups || found.others == 0 || found.groups[1].all != n/2 {
		t.Errorf("%d entries, %d groups, %d others; the great one has %d", found.all, len(found.groups), found.others, found.groups[1].all)
	}
	w.only = &groupKey{network: found.groups[1].key.network}
	if found, err = w.walk(t.Context()); err != nil || len(found.entries) != maxEntries || found.all != n/2 {
		t.Errorf("%v: %d entries kept of %d", err, len(found.entries), found.all)
	}
}

// A walk through 200,000 connections, in memory.
func BenchmarkWalk(b *testing.B) {
	s := newStage(b, nil).table()
	s.k.SetConnectionSource(func(yield func(kernel.Connection) bool) {
		c := kernel.Connection{Protocol: kernel.TCP, Virtual: webID.AddrPort(), Server: serverOf(11, 80), State: "ESTABLISHED", Expires: time.Minute}
		for i := range 200000 {
			if c.Client = clientOf(i * 7); !yield(c) {
				return
			}
		}
	})
	w := walker{open: s.m.o.Open, now: s.m.o.Now, by: groupings[1]}
	b.ReportAllocs()
	for b.Loop() {
		if found, err := w.walk(b.Context()); err != nil || found.all != 200000 {
			b.Fatal(found, err)
		}
	}
}

// Columns are remembered from one day to the next; a spoilt file is told and
// does no harm.
func TestColumnsAreRemembered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lvs")
	with := func(o *Options) { o.ConfigDir = dir }
	s := newStage(t, with).table().start()
	s.press("2", "C", "down", "space", "down", "s", "enter")
	first := s.screenText()
	s = newStage(t, with).table().start()
	s.press("2")
	if s.screenText() != first || strings.Contains(first, "SCHED") || !strings.Contains(first, "UP") {
		t.Errorf("on the first day\n%s\non the next\n%s", first, s.screenText())
	}
	for _, spoilt := range []string{"{", `{"tables":{"services":{"columns":["gone","never"],"sort":"x"}}}`, `{"tables":[]}`} {
		if err := os.WriteFile(filepath.Join(dir, configFile), []byte(spoilt), 0o600); err != nil {
			t.Fatal(err)
		}
		s = newStage(t, with).table().start()
		s.press("2")
		s.shows("SERVICE▲", "tcp://192.0.2.10:80")
	}
	if err := os.Remove(filepath.Join(dir, configFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, configFile), 0o700); err != nil {
		t.Fatal(err)
	}
	s = newStage(t, with).table().start()
	s.press("C", "space", "enter")
	s.shows("the columns are not remembered")
}

// The mouse chooses and scrolls, and does nothing below a dialog.
func TestMouse(t *testing.T) {
	s := newStage(t, func(o *Options) { o.Mouse = true }).table().start()
	if s.m.View().MouseMode == tea.MouseModeNone || newStage(t, nil).m.View().MouseMode != tea.MouseModeNone {
		t.Error("the mouse is taken when it was not asked for, or left when it was")
	}
	lines := strings.Split(s.screenText(), "\n")
	for y, l := range lines {
		if strings.Contains(l, "fwmark:7") {
			s.send(tea.MouseClickMsg{X: 5, Y: y})
		}
	}
	s.shows("▸ fwmark:7")
	s.send(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	if cursor(s) != 1 {
		t.Errorf("the wheel leaves the cursor on row %d", cursor(s))
	}
	s.press("enter")
	s.press("1", "C")
	s.send(tea.MouseClickMsg{X: 5, Y: 9})
	s.send(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	s.press("esc")
	if cursor(s) != 1 {
		t.Error("the mouse works through a dialog")
	}
	s.send(tea.MouseClickMsg{X: 5, Y: 0})
	s.send(tea.MouseClickMsg{X: 5, Y: 23})
}

// A change that is under way is not left behind by quitting, unless asked twice.
func TestQuittingWaitsForTheChange(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.open(webID)
	s.press("f7")
	s.held = true
	s.press("y", "q")
	if s.quit {
		t.Fatal("it quit in the middle of a change")
	}
	s.shows("quitting when the change is done")
	s.held = false
	s.exec(s.waiting[len(s.waiting)-1])
	if !s.quit || len(s.runs) != 1 {
		t.Errorf("quit %v after %q", s.quit, s.runs)
	}
}

// Somebody else's change between question and answer is not overwritten.
func TestWeightThatChangedMeanwhile(t *testing.T) {
	for _, paused := range []bool{false, true} {
		s := newStage(t, nil).table().start()
		s.open(webID)
		if paused {
			s.press("p")
		} else {
			s.press("f7") // 5 to 6
		}
		other := kernel.Server{Addr: serverOf(11, 80), Forward: kernel.NAT, Weight: 0}
		if err := s.k.Apply(t.Context(), []kernel.Change{{Op: kernel.EditServer, Service: kernel.Service{ServiceID: webID}, Server: other}}); err != nil {
			t.Fatal(err)
		}
		if paused {
			s.press("f7") // looks
		} else {
			s.pass(1)
		}
		s.press("y")
		s.shows("nothing was changed: somebody made the weight 0 meanwhile")
		if len(s.runs) > 0 {
			t.Errorf("paused %v: it ran %q", paused, s.runs)
		}
	}
}

// What is drained already is only watched: there is nothing to ask.
func TestDrainOfTheDrained(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.open(webID)
	s.press("end", "d")
	s.shows("draining 10.0.0.13", "takes no new connections already")
	if len(s.runs) > 0 || s.m.over != nil {
		t.Errorf("it asks, or ran %q", s.runs)
	}
}

// What failed is said, stays in the log, and is copied like what succeeded.
func TestFailures(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.m.o.LastChange = func(context.Context) Change { return Change{Err: errors.New("there is nothing to undo")} }
	s.press("U")
	s.shows("there is nothing to undo")
	s.refuse = "lvs: undrain: nothing is remembered of 10.0.0.11:80\nhint: --weight\n"
	s.open(webID)
	s.press("u")
	s.shows("nothing is remembered of 10.0.0.11:80")
	s.press("x", "y")
	s.shows("failed (3): lvs: undrain: nothing")
	s.press("5")
	s.shows("failed 3", "lvs server delete tcp://192.0.2.10:80 10.0.0.11:80 --yes", "hint: --weight")
}

// Options that belong to every command are run and shown.
func TestGlobals(t *testing.T) {
	s := newStage(t, func(o *Options) { o.Globals = []string{"--netns", "blue"} }).table().start()
	s.open(webID)
	s.press("f7")
	s.shows("$ lvs weight tcp://192.0.2.10:80 10.0.0.11:80 6 --netns blue")
	s.press("y")
	if len(s.runs) != 1 || s.runs[0] != "weight tcp://192.0.2.10:80 10.0.0.11:80 6 --netns blue" {
		t.Errorf("%q", s.runs)
	}
}
