package tui

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/output"
)

// directorOf returns what a director says about the table of the stage: of the web service a
// good server, one that is not judged yet and a masked one, and one that is out of the
// table; mail is down with its fallback in use; of the IPv6 service a drained server. The
// other services are not its own.
func directorOf(now time.Time) *output.DirectorRow {
	stamp := func(d time.Duration) *string { return new(now.Add(d).Format(time.RFC3339Nano)) }
	server := func(id kernel.ServiceID, addr, health, why string, declared, wanted int) output.DirectedServerRow {
		r := output.DirectedServerRow{Service: id.String(), Server: addr, Admin: "ready", Health: health, Checked: true,
			Since: stamp(-time.Minute), Declared: declared, WeightWanted: &wanted, Weight: &wanted, Why: why}
		last := output.CheckResultRow{At: *stamp(-time.Second), Outcome: "pass", Text: "passed in 1ms"}
		if health == "down" {
			last.Outcome, last.Text = "fail", "answer: 503 \x1b[2J"
		}
		r.Checks = []output.DirectedCheckRow{{Kind: "http", Target: addr, Verdict: health, Last: &last}}
		return r
	}
	gone := server(webID, "10.0.0.19:80", "down", "quiesced", 2, 0)
	gone.WeightWanted, gone.Weight = nil, nil
	masked := server(webID, "10.0.0.13:80", "down", "check", 4, 0)
	masked.Flaps, masked.Changes = 3, stamp(20*time.Second)
	drained := server(sixID, "[2001:db8::1:1]:443", "up", "drain", 1, 0)
	drained.Admin, drained.By, drained.AdminReason = "drain", new("alice"), new("new \x1bdisk")
	drained.AdminUntil = stamp(time.Hour)
	fallback := server(mailID, "10.0.0.12:25", "unknown", "fallback", 1, 1)
	fallback.Fallback, fallback.Checked = true, false
	return &output.DirectorRow{
		At: *stamp(0),
		Services: []output.DirectedServiceRow{
			{Service: webID.String(), State: "up", Since: stamp(-time.Hour), Healthy: 1, All: 4, UpFrom: 1,
				Servers: []output.DirectedServerRow{
					server(webID, "10.0.0.11:80", "up", "file", 5, 5), server(webID, "10.0.0.12:80", "unknown", "adoption", 3, 3),
					masked, gone}},
			{Service: mailID.String(), State: "down", Since: stamp(-time.Minute), All: 1, UpFrom: 1, FallbackInUse: true,
				Servers: []output.DirectedServerRow{server(mailID, "10.0.0.11:25", "down", "spared", 1, 1), fallback}},
			{Service: sixID.String(), State: "up", Healthy: 1, All: 1, UpFrom: 1,
				Servers: []output.DirectedServerRow{drained}},
			{Service: "of another version"},
		},
		Frozen: &output.FrozenRow{Since: *stamp(0), Why: "the gateway \x1bdoes not answer"},
		Alarms: []output.AlarmRow{{Since: *stamp(0), Code: "journal", What: "the journal cannot be written"}},
	}
}

// directed has a director that runs.
func directed(o *Options) {
	at := o.Now()
	o.Director = func(context.Context) (*output.DirectorRow, error) { return directorOf(at), nil }
	o.Run = func(context.Context, []string) Result { // a dry run: the director decides
		return Result{Out: `{"items": []}`, Err: "lvs: the director would decide about the weight of it\n"}
	}
}

// hanging has a director that answers once, and then no longer.
func hanging(o *Options) {
	at, asked := o.Now(), 0
	o.Director = func(context.Context) (*output.DirectorRow, error) {
		if asked++; asked > 1 {
			return nil, errors.New("the director hangs: no answer within 2s")
		}
		return directorOf(at), nil
	}
}

// A director comes, goes and comes again while the dashboard runs. Without one there is
// nothing about health.
func TestDirectorComesAndGoes(t *testing.T) {
	var row *output.DirectorRow
	s := newStage(t, func(o *Options) {
		o.Director = func(context.Context) (*output.DirectorRow, error) { return row, nil }
	}).table()
	s.size(120, 40)
	s.start()
	without := func() {
		t.Helper()
		s.pass(1)
		if screen := s.screenText(); strings.Contains(screen, "HEALTH") || strings.Contains(screen, "MASKED") {
			t.Errorf("no director runs:\n%s", screen)
		}
	}
	s.open(webID)
	without()
	row = directorOf(s.clock)
	s.pass(1)
	s.shows("HEALTH", "0 MASKED", "frozen: the gateway")
	row = nil
	without()
	row = directorOf(s.clock)
	s.pass(1)
	s.shows("0 MASKED")
}

// A director that cannot be asked from the beginning is named, and takes no column.
func TestDirectorNeverAnswers(t *testing.T) {
	s := newStage(t, func(o *Options) {
		o.Director = func(context.Context) (*output.DirectorRow, error) { return nil, errors.New("it hangs") }
	}).table().start()
	s.shows("it hangs")
	if strings.Contains(s.screenText(), "HEALTH") {
		t.Errorf("nothing is known:\n%s", s.screenText())
	}
}

// The table is read on while the director does not answer, and it is not asked again
// meanwhile. One that answers slowly is asked less often.
func TestDirectorDoesNotBlock(t *testing.T) {
	asked := 0
	s := newStage(t, func(o *Options) {
		o.Director = func(context.Context) (*output.DirectorRow, error) { asked++; return nil, nil }
	}).table()
	waiting := s.m.ask() // nothing runs it yet
	s.exec(s.m.look())
	s.pass(5)
	if age := s.clock.Sub(s.m.sample.Time); age != 0 || asked != 0 {
		t.Errorf("the sample is %v old, the director was asked %d times", age, asked)
	}
	s.send(waiting()) // after five seconds
	for range 15 {
		s.pass(1)
	}
	if asked != 2 {
		t.Errorf("it was asked %d times, want 2: now, and after four times its time", asked)
	}
	s.pass(4)
	if asked != 6 {
		t.Errorf("it was asked %d times, want 6: each second again", asked)
	}
}

// The saved JSON has what the director says, as lvs list has it.
func TestSavedDirected(t *testing.T) {
	s := newStage(t, directed).table().start()
	s.open(webID)
	s.press("J")
	files, _ := filepath.Glob(filepath.Join(s.m.o.SaveDir, "*.json"))
	if len(files) != 1 {
		t.Fatalf("saved %q", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"health": "down"`, `"why": "check"`, `"why": "adoption"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}

// A block of the batch mode has the health, the state of the services and the worst fault.
func TestBatchDirected(t *testing.T) {
	s := newStage(t, directed).table()
	var b strings.Builder
	s.m.o.Out = &b
	err := Batch(t.Context(), s.m.o, Batches{Count: 1, Sleep: func(_ context.Context, d time.Duration) error {
		s.clock = s.clock.Add(d)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	out := b.String()
	for _, want := range []string{"HEALTH", "0 MASKED           down", "down FALLBACK", "director: frozen: the gateway"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}

// Rows can be sorted by their health: the worst come first.
func TestSortByHealth(t *testing.T) {
	s := newStage(t, directed).table().start()
	s.open(webID)
	s.m.top().grid().setChoices([]string{"server", "health"}, "health", false, s.clock)
	var got []string
	for _, r := range s.m.top().(*servers).table.rows {
		got = append(got, r.o.name)
	}
	if strings.Join(got, " ") != "10.0.0.13:80 10.0.0.12:80 10.0.0.11:80" {
		t.Errorf("%q", got)
	}
}

// HEALTH stays chosen when columns are chosen while no director runs. A table of that
// column alone is then empty, and works.
func TestHealthStaysChosen(t *testing.T) {
	var row *output.DirectorRow
	s := newStage(t, func(o *Options) {
		o.Director = func(context.Context) (*output.DirectorRow, error) { return row, nil }
	}).table().start()
	s.open(webID)
	s.press("C", "down", "space", "enter") // without the second column
	row = directorOf(s.clock)
	s.pass(1)
	s.shows("HEALTH")
	s.m.top().grid().setChoices([]string{"health"}, "health", false, s.clock)
	row = nil
	s.pass(1)
	s.press("left", "right", "r")
	checkScreen(t, s.m, 80, 24)
}
