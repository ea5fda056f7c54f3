package director

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/director/health"
	"lvs/kernel"
	"lvs/operate/state"
	"lvs/plan/journal"
)

func resets(t *testing.T, w *world) {
	t.Helper()
	if err := w.mem.SetSysctl(t.Context(), kernel.ExpireNodestConn, "1"); err != nil {
		t.Fatal(err)
	}
}

// TestAdoption starts a director on a table that serves.
func TestAdoption(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2, 3))
	s := serviceOf(1).Service.Service
	add := func(n, weight int) kernel.Change {
		c := weightOf(1, n, weight)
		c.Op = kernel.AddServer
		return c
	}
	w.put(kernel.Change{Op: kernel.AddService, Service: s}, add(1, 7), add(2, 0), add(4, 5),
		kernel.Change{Op: kernel.AddService, Service: serviceOf(9).Service.Service})
	resets(t, w)
	w.begin()
	w.want("before the verdicts", w.weights(1, 1, 2, 3, 4), "7 0 0 0")
	w.up(1, 2)
	w.want("after some", w.weights(1, 1, 2, 3, 4), "10 10 0 0")
	w.pass(21 * time.Second)
	w.want("later", w.weights(1, 1, 2, 3, 4), "10 10 0 -1")
	w.want("the service of others", w.weights(9), "")
}

// TestRestart keeps what was so: verdicts, a removed server, the state of the service.
func TestRestart(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2, 3), serviceOf(2, 4))
	resets(t, w)
	w.begin()
	w.up(1, 2, 3, 4)
	w.turn(1, health.Down)
	w.pass(15 * time.Second)
	w.turn(2, health.Down)
	w.pass(10 * time.Second)
	w.want("before", w.weights(1, 1, 2, 3), "-1 0 10")
	changes := w.mem.Calls().Changes
	w.prober.states = nil
	w.again()
	w.want("after", w.weights(1, 1, 2, 3), "-1 0 10")
	if n := w.mem.Calls().Changes; n != changes {
		t.Errorf("%d changes", n-changes)
	}
	v := w.d.snapshot().Services[0]
	if v.State != ServiceUp || v.Servers[0].Why != ByQuiesced || v.Servers[0].Health.Verdict != health.Down {
		t.Errorf("status %+v", v)
	}
	w.pass(11 * time.Second)
	w.want("the quiesce time goes on", w.weights(1, 1, 2, 3), "-1 -1 10")
	w.prober.states, w.model = nil, testModel(serviceOf(1, 1, 2, 3))
	w.again()
	w.want("a service that was removed meanwhile", w.weights(2, 4), "no service")
}

// TestSharesAreGathered: agents report their load with each answer, and each weight that is
// written disturbs wrr. So new shares are written together; what takes a server out is not late.
func TestSharesAreGathered(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2, 3))
	w.begin()
	w.up(1, 2, 3)
	share := func(percent int) health.AgentWords { return health.AgentWords{Percent: percent, Weight: -1} }
	w.say(1, share(50))
	w.want("the first share", w.weights(1, 1, 2, 3), "5 10 10")
	w.say(2, share(80))
	calls := w.mem.Calls().Changes
	w.say(1, share(60))
	w.pass(500 * time.Millisecond)
	w.say(2, share(70))
	w.pass(500 * time.Millisecond)
	w.want("gathered", w.weights(1, 1, 2, 3), "5 8 10")
	if n := w.mem.Calls().Changes; n != calls {
		t.Errorf("%d changes", n-calls)
	}
	w.pass(time.Second)
	w.want("written", w.weights(1, 1, 2, 3), "6 7 10")
	w.say(1, share(40))
	w.say(2, health.AgentWords{Percent: -1, Weight: -1, Admin: "drain"})
	w.want("a drain is not late", w.weights(1, 1, 2, 3), "4 0 10")
	w.say(1, share(0))
	w.want("nor is no share", w.weights(1, 1, 2, 3), "0 0 10")
	w.say(1, share(30))
	w.want("nor the first one after it", w.weights(1, 1, 2, 3), "3 0 10")
}

// TestRestartKeepsWords: what an agent said is in force until it says something else, also
// after a restart before it has answered.
func TestRestartKeepsWords(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2))
	w.begin()
	w.up(1, 2)
	w.say(1, health.AgentWords{Percent: 50, Weight: -1})
	w.say(2, health.AgentWords{Percent: -1, Weight: -1, Admin: "drain"})
	w.pass(5 * time.Second)
	w.want("before", w.weights(1, 1, 2), "5 0")
	changes := w.mem.Calls().Changes
	w.prober.states = nil
	w.again()
	w.pass(5 * time.Second)
	w.want("after", w.weights(1, 1, 2), "5 0")
	if n := w.mem.Calls().Changes; n != changes {
		t.Errorf("%d changes", n-changes)
	}
}

// TestNothingIsWritten leaves a table alone that is as wanted.
func TestNothingIsWritten(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2), serviceOf(2, 3))
	w.begin()
	w.up(1, 2, 3)
	changes := w.mem.Calls().Changes
	w.pass(5 * time.Minute)
	if n := w.mem.Calls().Changes - changes; n > 0 {
		t.Errorf("%d changes", n)
	}
}

// countingReads counts the readings of the table.
type countingReads struct {
	kernel.Kernel
	n int
}

func (c *countingReads) Snapshot(ctx context.Context, ids ...kernel.ServiceID) (*kernel.Snapshot, error) {
	c.n++
	return c.Kernel.Snapshot(ctx, ids...)
}

// TestDrift finds what others changed.
func TestDrift(t *testing.T) {
	others := func(w *world) {
		extra := weightOf(1, 7, 1)
		extra.Op = kernel.AddServer
		gone := weightOf(1, 3, 0)
		gone.Op = kernel.DeleteServer
		rr := serviceOf(1).Service.Service
		rr.Scheduler = "rr"
		w.put(weightOf(1, 1, 3), extra, gone, kernel.Change{Op: kernel.EditService, Service: rr},
			kernel.Change{Op: kernel.DeleteService, Service: serviceOf(2).Service.Service})
	}
	t.Run("repaired", func(t *testing.T) {
		w := newWorld(t, serviceOf(1, 1, 2, 3), serviceOf(2, 4))
		w.begin()
		w.up(1, 2, 3, 4)
		others(w)
		w.pass(11 * time.Second)
		w.want("repaired", w.weights(1, 1, 2, 3, 7)+", "+w.weights(2, 4), "10 10 10 -1, 10")
		if n := len(w.events(EventDrift)); n != 5 || len(w.d.drift) != 0 {
			t.Errorf("%d events, drift %+v", n, w.d.drift)
		}
		table, _ := w.mem.Snapshot(t.Context())
		w.want("the scheduler", table.Services[0].Scheduler, "wlc")
	})
	emptied := func(w *world) {
		w.put(kernel.Change{Op: kernel.DeleteService, Service: serviceOf(1).Service.Service},
			kernel.Change{Op: kernel.DeleteService, Service: serviceOf(2).Service.Service})
	}
	t.Run("emptied", func(t *testing.T) {
		w := newWorld(t, serviceOf(1, 1), serviceOf(2, 4))
		w.begin()
		w.up(1, 4)
		emptied(w)
		w.pass(time.Second)
		w.want("refilled within a second", w.weights(1, 1)+", "+w.weights(2, 4), "10, 10")
	})
	t.Run("emptied and reported", func(t *testing.T) {
		w := newWorld(t, serviceOf(1, 1), serviceOf(2, 4))
		w.model.Settings.Drift = ReportDrift
		reads := &countingReads{Kernel: w.mem}
		w.k = reads
		w.begin()
		w.up(1, 4)
		emptied(w)
		reads.n = 0
		w.pass(30 * time.Second)
		w.want("left", w.weights(1, 1)+", "+w.weights(2, 4), "no service, no service")
		if reads.n > 9 { // 30 more if it looked every second
			t.Errorf("the table was read %d times", reads.n)
		}
	})
	t.Run("reported", func(t *testing.T) {
		w := newWorld(t, serviceOf(1, 1, 2, 3), serviceOf(2, 4))
		w.model.Settings.Drift = ReportDrift
		w.begin()
		w.up(1, 2, 3, 4)
		others(w)
		w.pass(time.Minute)
		w.want("left", w.weights(1, 1, 2, 3, 7)+", "+w.weights(2, 4), "3 10 -1 1, no service")
		if n := len(w.events(EventDrift)); n != 5 || len(w.d.drift) != 5 {
			t.Errorf("%d events, drift %+v", n, w.d.drift)
		}
		if why := w.d.snapshot().Services[0].Servers[0].Why; why != ByOverridden {
			t.Errorf("why %s", why)
		}
		w.turn(1, health.Down)
		w.want("a failure counts more", w.weights(1, 1, 2, 3, 7), "0 10 -1 1")
		w.up(1)
		w.want("then it is over", w.weights(1, 1, 2, 3, 7), "10 10 -1 1")
	})
}

// TestDecisions carries out what people want.
func TestDecisions(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2), serviceOf(2, 1))
	w.begin()
	w.up(1, 2)
	do := func(d Decision) {
		t.Helper()
		d.User, d.Command = "ann", "lvs drain"
		if err := w.d.decideFor(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
		w.work()
	}
	one := []kernel.ServerKey{keyOf(1, 1)}
	do(Decision{Action: DoDrain, Servers: one, For: time.Minute, Reason: "disk"})
	w.want("drained", w.weights(1, 1, 2)+", "+w.weights(2, 1), "0 10, 10")
	known, _ := w.o.State.AllWeights(w.o.Table)
	if r := known[keyOf(1, 1)]; r.Weight != 10 || r.Set != 0 || r.User != "ann" || r.Until.IsZero() {
		t.Errorf("remembered %+v", r)
	}
	w.turn(1, health.Down)
	w.up(1)
	w.want("up does not lift a drain", w.weights(1, 1, 2), "0 10")
	w.again()
	w.up(1, 2)
	w.want("a restart does not either", w.weights(1, 1, 2), "0 10")
	w.pass(time.Minute + time.Second)
	w.want("its end does", w.weights(1, 1, 2), "10 10")
	do(Decision{Action: DoMaintain, Servers: one})
	events := len(w.events(EventVerdict))
	w.turn(1, health.Down)
	if a := w.d.snapshot().Services[0].Servers[0].Admin; a.State != Maintenance || a.User != "ann" {
		t.Errorf("admin %+v", a)
	}
	if n := len(w.events(EventVerdict)) - events; n != 1 { // of the service that is not in maintenance
		t.Errorf("%d verdicts", n)
	}
	w.up(1)
	do(Decision{Action: DoUndrain, Servers: one})
	w.want("back", w.weights(1, 1, 2), "10 10")
	do(Decision{Action: DoWeight, Servers: one, Weight: 30, Over: 10 * time.Second})
	w.want("in steps", w.weights(1, 1), "10")
	w.pass(5 * time.Second)
	w.want("half way", w.weights(1, 1), "20")
	w.pass(6 * time.Second)
	w.want("there", w.weights(1, 1), "30")
	var other *NotOwnedError
	err := w.d.decideFor(t.Context(), &Decision{Action: DoDrain, Servers: []kernel.ServerKey{keyOf(1, 2), keyOf(1, 9)}})
	if !errors.As(err, &other) || !errors.Is(err, ErrNotOwned) || len(other.Servers) != 1 {
		t.Errorf("a server of others: %v", err)
	}
	w.want("nothing was done", w.weights(1, 2), "10")
	entries, err := w.o.Journal.Entries(w.o.Table)
	if err != nil {
		t.Fatal(err)
	}
	people := 0
	for i := range entries {
		if entries[i].Source == journal.Command {
			people++
			if entries[i].User != "ann" || entries[i].Command != "lvs drain" {
				t.Errorf("entry %+v", entries[i])
			}
		}
	}
	if people != 3 || len(entries) < 8 {
		t.Errorf("%d entries of people, of %d", people, len(entries))
	}
}

// TestDrainBesideUs honours a drain that lvs drain has recorded, at once when it has to
// touch the service.
func TestDrainBesideUs(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2))
	w.begin()
	w.up(1, 2)
	change := func(f func(*state.Weights)) {
		t.Helper()
		if _, err := w.o.State.ChangeWeights(t.Context(), w.o.Table, func(s *state.Weights) error {
			f(s)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	change(func(s *state.Weights) { s.Put(keyOf(1, 1), state.Weight{Weight: 10, Since: w.now, User: "bob"}) })
	w.put(weightOf(1, 1, 0))
	w.turn(2, health.Down)
	w.want("drained", w.weights(1, 1, 2), "0 0")
	w.pass(time.Minute)
	w.want("still", w.weights(1, 1, 2), "0 0")
	if n := len(w.events(EventDrift)); n > 0 {
		t.Errorf("%d drift", n)
	}
	change(func(s *state.Weights) { s.Drop(keyOf(1, 1)) })
	w.pass(2 * time.Second)
	w.want("ended", w.weights(1, 1, 2), "10 0")
	w.want("events", strings.Join(w.events(EventAdmin), ", "), "admin ready>drain , admin drain>ready ")
}

// TestReload takes a new file over: servers that are gone keep the weight 0 for a time,
// and a bad file changes nothing.
func TestReload(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2))
	resets(t, w)
	w.begin()
	w.up(1, 2)
	w.d.refuse(errors.New("cluster.yaml:3: no such key"))
	w.work()
	w.want("refused", w.weights(1, 1, 2), "10 10")
	if s := w.d.snapshot(); s.Refused == "" || !s.RefusedAt.Equal(w.now) {
		t.Errorf("status %+v", s)
	}
	w.load(testModel(serviceOf(1, 2, 3)))
	w.work()
	w.want("at first", w.weights(1, 1, 2, 3), "0 10 0")
	if s := w.d.snapshot(); s.Refused != "" {
		t.Errorf("status %+v", s)
	}
	w.up(3)
	w.pass(21 * time.Second)
	w.want("later", w.weights(1, 1, 2, 3), "-1 10 10")
	s := serviceOf(1, 2, 3)
	s.Members[0].Check.Fall = 9
	w.load(testModel(s))
	w.work()
	w.want("a new check", w.weights(1, 2, 3), "10 10")
}

// TestDamagedState sets a damaged file aside and goes on.
func TestDamagedState(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1))
	name := filepath.Join(w.o.State.Dir, stateName(w.o.Table, stateSuffix))
	if err := os.WriteFile(name, []byte(`{"format":`), 0o600); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(w.o.State.Dir, stateName("earlier/netns-1", stateSuffix))
	socket := filepath.Join(w.o.State.Dir, statePrefix+"netns-1.sock") // of a machine with one folder for both
	for _, file := range []string{old, socket} {
		if err := os.WriteFile(file, []byte(`{}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.begin()
	w.up(1)
	w.want("it serves", w.weights(1, 1), "10")
	codes := ""
	for _, a := range w.d.alarms.list() {
		codes += a.Code + " "
	}
	w.want("alarms", codes, "damaged expire-nodest-conn ")
	if b, err := os.ReadFile(name + ".bad"); string(b) != `{"format":` {
		t.Errorf("set aside: %q, %v", b, err)
	}
	if _, err := os.Stat(old); !os.IsNotExist(err) {
		t.Errorf("the file of an earlier boot: %v", err)
	}
	if _, err := os.Stat(socket); err != nil {
		t.Errorf("a socket in the same folder: %v", err)
	}
}

// TestUnreadableState sets what cannot be a file of its own aside, instead of writing over it.
func TestUnreadableState(t *testing.T) {
	for _, test := range []struct {
		name string
		put  func(name string) error
	}{
		{"too large", func(name string) error {
			return errors.Join(os.WriteFile(name, nil, 0o600), os.Truncate(name, mostState+1))
		}},
		{"a folder", func(name string) error { return os.Mkdir(name, 0o700) }},
		{"a pipe", func(name string) error { return syscall.Mkfifo(name, 0o600) }},
		{"a link", func(name string) error { return os.Symlink("/nonexistent", name) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, serviceOf(1, 1))
			name := filepath.Join(w.o.State.Dir, stateName(w.o.Table, stateSuffix))
			if err := test.put(name); err != nil {
				t.Fatal(err)
			}
			w.begin()
			w.up(1)
			w.rest()
			if a := w.d.alarms[AlarmDamaged]; a == nil || a.ended {
				t.Errorf("no alarm: %+v", w.d.alarms.list())
			}
			if _, err := os.Lstat(name + ".bad"); err != nil {
				t.Errorf("it was not set aside: %v", err)
			}
			if info, err := os.Lstat(name); err != nil || !info.Mode().IsRegular() {
				t.Errorf("no new file: %v", err)
			}
		})
	}
}

// TestNoStateFolder serves without one.
func TestNoStateFolder(t *testing.T) {
	for _, dir := range []string{"", "file"} {
		w := newWorld(t, serviceOf(1, 1))
		if dir != "" {
			dir = filepath.Join(t.TempDir(), dir)
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w.o.State.Dir = dir
		w.o.Journal.Dir = dir
		w.begin()
		w.up(1)
		w.rest()
		w.want("it serves", w.weights(1, 1), "10")
		if a := w.d.alarms[AlarmState]; a == nil || a.ended {
			t.Errorf("no alarm, folder %q: %+v", dir, w.d.alarms.list())
		}
	}
}
