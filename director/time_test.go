package director

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lvs/director/health"
	"lvs/kernel"
	"lvs/operate/state"
)

// TestFreeze believes no failures while its own way is broken.
func TestFreeze(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2, 3, 4))
	net := newFakeNetwork()
	net.link("eth1", "10.0.0.254")
	for _, a := range []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"} {
		net.way(a, "10.0.0.254", "eth1")
	}
	w.begin()
	w.d.doubt.reach = NewReach(net)
	w.up(1, 2, 3, 4)
	w.turn(4, health.Down)
	w.pass(30 * time.Second)
	w.turn(1, health.Down)
	w.turn(2, health.Down)
	w.want("failures are believed", w.weights(1, 1, 2, 3, 4), "0 0 10 0")
	w.up(1, 2)
	net.defaults = []Way{{Lost: true}}
	w.turn(1, health.Down)
	w.turn(2, health.Down)
	w.turn(3, health.Down)
	w.want("frozen", w.weights(1, 1, 2, 3, 4), "10 10 10 0")
	if f := w.d.snapshot().Frozen; f == nil || f.Why == "" {
		t.Errorf("frozen %+v", f)
	}
	w.pass(time.Minute)
	w.want("as long as it lasts", w.weights(1, 1, 2, 3, 4), "10 10 10 0")
	net.defaults = nil
	w.pass(5 * time.Second)
	w.up(1, 2)
	w.pass(10 * time.Second)
	w.want("thawed", w.weights(1, 1, 2, 3, 4), "10 10 0 0")
	w.want("events", strings.Join(w.events(EventFrozen, EventThawed), ", "), "frozen > , thawed > ")
}

// TestDay flaps for a day: nothing grows.
func TestDay(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2, 3), serviceOf(2, 3, 4))
	resets(t, w)
	w.o.Journal = nil
	w.begin()
	w.up(1, 2, 3, 4)
	verdicts := []health.Verdict{health.Down, health.Up}
	size := 0
	for n := range 24 * 60 {
		w.turn(n%4+1, verdicts[n/4%2])
		w.pass(time.Minute)
		if n == 60 {
			size = w.stateSize()
		}
	}
	if now := w.stateSize(); now > size*3/2 {
		t.Errorf("the state file grew from %d to %d bytes", size, now)
	}
	if len(w.d.urgent) > 0 || len(w.d.jobs) > 0 || len(w.d.events.table.kept) > mostEvents || len(w.d.alarms) > 3 {
		t.Errorf("%d urgent, %d jobs, %d events, %d alarms", len(w.d.urgent), len(w.d.jobs), len(w.d.events.table.kept),
			len(w.d.alarms))
	}
	if flaps := w.d.snapshot().Services[0].Servers[0].Health.Flaps; flaps < 13 || flaps > 16 {
		t.Errorf("%d flaps in an hour", flaps)
	}
}

func (w *world) stateSize() int {
	w.t.Helper()
	w.rest()
	info, err := os.Stat(filepath.Join(w.o.State.Dir, stateName(w.o.Table, stateSuffix)))
	if err != nil {
		w.t.Fatal(err)
	}
	return int(info.Size())
}

// TestJobs runs a job of the state folder when it is due, unless it was canceled, and takes
// over those that another director waited for.
func TestJobs(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1))
	ran := make(chan string, 3)
	w.o.RunJob = func(_ context.Context, j state.Job) error {
		ran <- strings.Join(j.Args, " ")
		return nil
	}
	job := func(name string) string {
		t.Helper()
		h, err := w.o.State.NewJob(w.now, state.Job{Kind: "undrain", Table: w.o.Table, Wait: time.Minute,
			Args: []string{name}}, false)
		if err != nil {
			t.Fatal(err)
		}
		h.File.Close()
		return h.ID
	}
	w.begin()
	first, second := job("first"), job("second")
	for _, id := range []string{first, second} {
		if err := w.d.takeJob(id); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.o.State.Broken()) > 0 {
		t.Error("nobody waits for the jobs")
	}
	w.o.State.CallOff(second)
	w.pass(50 * time.Second)
	if len(ran) > 0 {
		t.Error("ran too early")
	}
	w.pass(20 * time.Second)
	w.want("ran", <-ran, "first")
	job("third")
	w.again()
	w.pass(time.Minute + time.Second)
	w.want("ran", <-ran, "third")
	if len(ran) > 0 {
		t.Error("more ran")
	}
}

// TestOnStop removes the services at the end only if that is asked for.
func TestOnStop(t *testing.T) {
	for _, c := range []struct{ onStop, want string }{{"keep", "10, "}, {"remove", "no service, "}} {
		t.Run(c.onStop, func(t *testing.T) {
			w := newWorld(t, serviceOf(1, 1))
			w.model.Settings.OnStop = c.onStop
			w.put(kernel.Change{Op: kernel.AddService, Service: serviceOf(9).Service.Service})
			w.begin()
			w.up(1)
			if err := w.d.stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.want("afterwards", w.weights(1, 1)+", "+w.weights(9), c.want)
		})
	}
}

// TestLockedTable waits for a command that changes the table, but not for long.
func TestLockedTable(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2))
	w.begin()
	w.up(1, 2)
	unlock, err := w.o.State.LockTable(t.Context(), w.o.Table, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	began := time.Now()
	w.turn(1, health.Down)
	w.want("masked", w.weights(1, 1, 2), "0 10")
	if took := time.Since(began); took < lockTime || took > 5*lockTime {
		t.Errorf("after %v", took)
	}
}
