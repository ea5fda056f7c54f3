package tui

import (
	"context"
	"encoding/json"
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

// When IPVS disappears, the dashboard shows the error and keeps the last data. When
// IPVS is back, it opens the kernel again.
func TestIPVSGoesAndComes(t *testing.T) {
	opened := 0
	s := newStage(t, nil).table()
	open := s.m.o.Open
	s.m.reader.open = func() (kernel.Kernel, error) { opened++; return open() }
	s.k.Unload()
	s.start()
	s.shows("IPVS is not loaded; retrying", "no data yet")
	s.k.Heal()
	s.pass(1)
	s.shows("tcp://192.0.2.10:80")
	if strings.Contains(s.screenText(), "not loaded") {
		t.Error("the error is still shown")
	}
	s.k.Unload()
	s.pass(3)
	s.shows("IPVS is not loaded", "3s OLD", "tcp://192.0.2.10:80")
	before := opened
	s.k.Heal()
	s.pass(1)
	if strings.Contains(s.screenText(), "OLD") || opened <= before {
		t.Errorf("the table is not read again (opened %d times):\n%s", opened, s.screenText())
	}
}

// During a slow reading no other one begins, and keys work.
func TestSlowKernel(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.pass(1)
	s.held = true // from here on readings do not end
	s.pass(5)
	if len(s.waiting) != 1 {
		t.Fatalf("%d readings are running, want 1", len(s.waiting))
	}
	s.shows("5s OLD")
	s.press("down", "2")
	if s.m.top().crumb() != "services" || cursor(s) != 1 {
		t.Error("keys wait for the reading")
	}
	s.held = false
	s.exec(s.waiting[0])
	s.waiting = nil
	s.pass(1)
	if s.m.reading {
		t.Error("the table is no longer read")
	}
}

// A change is visible at once, even if a reading that began before it is running.
func TestChangeIsSeenAtOnce(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.open(webID)
	s.press("f7", "y")
	s.shows("10.0.0.11:80   nat         6")
	old, err := s.m.reader.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.m.reading = true // a reading begins
	s.press("f8", "y")
	s.send(sampleMsg{s: old})
	s.shows("10.0.0.11:80   nat        16")
}

// The connection table is read outside the event loop with its own kernel, and the
// reading ends when the screen is closed.
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
	if n := len(s.waiting); n > 2 { // the walk and one reading of the table
		t.Fatalf("%d commands are running: walks pile up", n)
	}
	s.press("1")
	s.held = false
	s.exec(s.waiting[0]) // never ends if it was not cancelled
	if walking == nil || walking.Err() == nil {
		t.Error("the walk was not cancelled")
	}
}

// endless has an endless connection table.
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

// A walk keeps a limited number of groups and entries, however many there are.
func TestWalkIsBounded(t *testing.T) {
	s := newStage(t, nil).table()
	const n = 100000
	s.k.SetConnectionSource(func(yield func(kernel.Connection) bool) {
		for i := range n {
			client := serverOf(i%250, 1000+i/250)
			if i%2 == 0 { // each in its own network
				client = clientOf(i)
			}
			c := kernel.Connection{Protocol: kernel.TCP, Client: client, Virtual: webID.AddrPort(),
				Server: serverOf(11, 80), State: "ESTABLISHED", Expires: time.Minute}
			if !yield(c) {
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
		t.Errorf("%d entries, %d groups, %d others; the large one has %d",
			found.all, len(found.groups), found.others, found.groups[1].all)
	}
	w.only = &groupKey{network: found.groups[1].key.network}
	if found, err = w.walk(t.Context()); err != nil || len(found.entries) != maxEntries || found.all != n/2 {
		t.Errorf("%v: %d entries kept of %d", err, len(found.entries), found.all)
	}
}

// BenchmarkWalk measures a walk through 200,000 connections in memory.
func BenchmarkWalk(b *testing.B) {
	s := newStage(b, nil).table()
	s.k.SetConnectionSource(func(yield func(kernel.Connection) bool) {
		c := kernel.Connection{Protocol: kernel.TCP, Virtual: webID.AddrPort(),
			Server: serverOf(11, 80), State: "ESTABLISHED", Expires: time.Minute}
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

// The chosen columns are saved. A damaged file is ignored.
func TestColumnsAreRemembered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lvs")
	with := func(o *Options) { o.ConfigDir = dir }
	s := newStage(t, with).table().start()
	s.press("2", "C", "down", "space", "down", "s", "enter")
	first := s.screenText()
	s = newStage(t, with).table().start()
	s.press("2")
	if s.screenText() != first || strings.Contains(first, "SCHED") || !strings.Contains(first, "UP") {
		t.Errorf("in the first session\n%s\nin the second\n%s", first, s.screenText())
	}
	for _, damaged := range []string{
		"{", `{"tables":{"services":{"columns":["gone","never"],"sort":"x"}}}`, `{"tables":[]}`,
	} {
		t.Run(damaged, func(t *testing.T) {
			writeConfig(t, dir, damaged)
			s := newStage(t, with).table().start()
			s.press("2")
			s.shows("SERVICE▲", "tcp://192.0.2.10:80")
		})
	}
	if err := os.Remove(filepath.Join(dir, configFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, configFile), 0o700); err != nil {
		t.Fatal(err)
	}
	s = newStage(t, with).table().start()
	s.press("C", "space", "enter")
	s.shows("cannot save the columns")
}

func writeConfig(t *testing.T, dir, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A configuration of an earlier version, with the old keys of the columns, still
// selects the same columns. Headings and any case are accepted, too.
func TestOldColumnKeys(t *testing.T) {
	for _, c := range []struct {
		table   string
		config  tableConfig
		play    []string
		heading string
	}{
		{"services", tableConfig{[]string{"service", "cps", "inpps", "outpps", "inbps", "outbps"}, "cps", true},
			[]string{"2"}, "  SERVICE                 ▼CONNS/S IN-PKTS/S OUT-PKTS/S IN-BYTES/S OUT-BYTES/S"},
		{"services", tableConfig{[]string{"service", "conns", "inpkts", "outpkts", "inbytes", "outbytes"}, "inpkts", false},
			[]string{"2"}, "  SERVICE                   CONNS▲IN-PKTS OUT-PKTS IN-BYTES OUT-BYTES"},
		{"services", tableConfig{[]string{"Service", "CONNS/S", "sched", "CONNECTIONSPERSECOND", "cps"}, "Sched", false},
			[]string{"2"}, "  SERVICE                  CONNS/S SCHEDULER▲"},
		{"machines", tableConfig{[]string{"machine", "up", "clients"}, "machine", true}, []string{"3"},
			"  SERVER▼        UP CLIENTS"},
		{"connections", tableConfig{[]string{"group", "all", "left"}, "left", false}, []string{"4"},
			"  GROUP                 TOTAL ▲EXPIRES"},
		{"entries", tableConfig{[]string{"client", "left"}, "left", false}, []string{"4", "enter"},
			"  CLIENT             ▲EXPIRES"},
		{"log", tableConfig{[]string{"command", "result"}, "result", false}, []string{"5"},
			"  COMMAND              OUTCOME▲"},
	} {
		t.Run(c.table+" "+c.config.Columns[1], func(t *testing.T) {
			dir := t.TempDir()
			b, err := json.Marshal(config{map[string]tableConfig{c.table: c.config}})
			if err != nil {
				t.Fatal(err)
			}
			writeConfig(t, dir, string(b))
			s := newStage(t, func(o *Options) { o.ConfigDir = dir }).table().connections().start()
			s.pass(3)
			s.press(c.play...)
			s.pass(3)
			s.shows("\n" + c.heading + "\n")
			s.press("C", "enter") // saves the choice with the present keys
			saved, err := s.m.readConfig()
			if err != nil {
				t.Fatal(err)
			}
			keys := map[string]bool{}
			for _, col := range s.m.top().grid().choices() {
				keys[col.key] = true
			}
			for _, key := range append(saved.Tables[c.table].Columns, saved.Tables[c.table].Sort) {
				if !keys[key] {
					t.Errorf("the saved configuration has %q, which is not the key of a column", key)
				}
			}
		})
	}
}

// Every column has its own key, headings and old key, so a name means one column.
func TestColumnNames(t *testing.T) {
	m := newStage(t, nil).m
	log := newLog(m)
	checkNames(t, "services", newServices(m).table.columns)
	checkNames(t, "servers", serverColumns(m, false))
	checkNames(t, "machines", newMachines(m).table.columns)
	checkNames(t, "connections", groupColumns(m, newConnections(m, scope{}, "")))
	checkNames(t, "entries", entryColumns(m))
	checkNames(t, "log", log.table.columns)
}

func checkNames[R any](t *testing.T, table string, columns []column[R]) {
	t.Run(table, func(t *testing.T) {
		for i := range columns {
			c := &columns[i]
			if c.key == "" || c.title == "" || c.help == "" {
				t.Errorf("column %q has the heading %q and the help %q", c.key, c.title, c.help)
			}
			for j := range columns {
				if o := &columns[j]; i != j && (o.is(c.key) || o.is(c.title) || c.short != "" && o.is(c.short) ||
					c.was != "" && o.is(c.was)) {
					t.Errorf("a name of %q also means %q", c.key, o.key)
				}
			}
		}
	})
}

// The mouse selects and scrolls, and does nothing while a dialog is open.
func TestMouse(t *testing.T) {
	s := newStage(t, func(o *Options) { o.Mouse = true }).table().start()
	if s.m.View().MouseMode == tea.MouseModeNone || newStage(t, nil).m.View().MouseMode != tea.MouseModeNone {
		t.Error("the mouse is enabled without the option, or not with it")
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

// Quitting waits for a running change.
func TestQuittingWaitsForTheChange(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.open(webID)
	s.press("f7")
	s.held = true
	s.press("y", "q")
	if s.quit {
		t.Fatal("it quit in the middle of a change")
	}
	s.shows("a change is running: quitting when it ends")
	s.held = false
	s.exec(s.waiting[len(s.waiting)-1])
	if !s.quit || len(s.runs) != 1 {
		t.Errorf("quit %v after %q", s.quit, s.runs)
	}
}

// A change by another process while the dialog is open is not overwritten.
func TestWeightThatChangedMeanwhile(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after func(s *stage)
	}{
		{"running", func(s *stage) { s.press("f7") }, func(s *stage) { s.pass(1) }},
		{"paused", func(s *stage) { s.press("p") }, func(s *stage) { s.press("f7") }}, // f7 reads the table
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, nil).table().start()
			s.open(webID)
			c.before(s)
			other := kernel.Server{Addr: serverOf(11, 80), Forward: kernel.NAT, Weight: 0}
			change := kernel.Change{Op: kernel.EditServer, Service: kernel.Service{ServiceID: webID}, Server: other}
			if err := s.k.Apply(t.Context(), []kernel.Change{change}); err != nil {
				t.Fatal(err)
			}
			c.after(s)
			s.press("y")
			s.shows("nothing was changed: another process set the weight to 0")
			if len(s.runs) > 0 {
				t.Errorf("it ran %q", s.runs)
			}
		})
	}
}

// For a drained server, d opens the drain screen without a dialog.
func TestDrainOfTheDrained(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.open(webID)
	s.press("end", "d")
	s.shows("draining 10.0.0.13", "is already drained: it gets no new connections")
	if len(s.runs) > 0 || s.m.over != nil {
		t.Errorf("it asks, or ran %q", s.runs)
	}
}

// A server of weight 0 is not shown as drained while packets come, and the reason names
// the setting.
func TestDrainOfReusedPorts(t *testing.T) {
	s := newStage(t, nil).table().start()
	if err := s.k.SetSysctl(t.Context(), kernel.ConnReuseMode, "0"); err != nil {
		t.Fatal(err)
	}
	s.open(webID)
	s.press("end", "d")
	s.returning(8)
	s.shows("unknown: packets still come", "3 inactive connections, the last packet less than 5s ago",
		"net.ipv4.vs.conn_reuse_mode is 0: clients that reuse a port come back",
		"hint: sysctl -w net.ipv4.vs.conn_reuse_mode=1")
	s.pass(6)
	s.shows("drained: no packets come any more")
}

// A failed command is shown and stays in the log.
func TestFailures(t *testing.T) {
	s := newStage(t, nil).table().start()
	s.m.o.LastChange = func(context.Context) Change { return Change{Err: errors.New("there is nothing to undo")} }
	s.press("U")
	s.shows("there is nothing to undo")
	s.refuse = "lvs: undrain: nothing is remembered of 10.0.0.11:80\nhint: --weight\n"
	s.open(webID)
	s.press("u")
	s.shows("nothing is remembered of 10.0.0.11:80")
	refusal := s.refuse
	s.refuse = ""
	s.press("x")
	s.refuse = refusal
	s.press("y")
	s.shows("failed (3): lvs: undrain: nothing")
	s.press("5")
	s.shows("failed 3", "lvs server delete tcp://192.0.2.10:80 10.0.0.11:80 --yes", "hint: --weight")
}

// Options of every command line are shown and used.
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
