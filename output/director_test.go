package output

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestResultText(t *testing.T) {
	for _, test := range []struct{ outcome, reason, detail, want string }{
		{"pass", "", "", "passed in 1.2ms"},
		{"fail", "refused", "", "connection refused"},
		{"fail", "refused", "connect: refused", "connection refused (connect: refused)"},
		{"fail", "unreachable", "no route to host", "unreachable: no route to host"},
		{"fail", "timeout", "", "no connection in time"},
		{"fail", "silent", "", "no complete answer in time"},
		{"fail", "status", "503", "answer: 503"},
		{"fail", "status", "", "answer"},
		{"busy", "busy", "421 too many", "busy: 421 too many"},
		{"fail", "answer", "\x1b[31mred\r\n", `unexpected answer: \x1b[31mred\r\n`},
		{"fail", "new", "x", "new: x"},
	} {
		t.Run(test.reason+" "+test.detail, func(t *testing.T) {
			if got := ResultText(test.outcome, test.reason, test.detail, 1234*time.Microsecond); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestEventText(t *testing.T) {
	row := func(event, from, to string, more func(*DirectorEventRow)) *DirectorEventRow {
		e := &DirectorEventRow{Event: event, From: textOrNull(from), To: textOrNull(to)}
		if more != nil {
			more(e)
		}
		return e
	}
	for _, test := range []struct {
		e    *DirectorEventRow
		want string
	}{
		{row("started", "", "", nil), "director started"},
		{row("refused", "", "", func(e *DirectorEventRow) { e.Text = "a.yaml: line 3: no such key" }),
			"files refused, the old ones stay in force: a.yaml: line 3: no such key"},
		{row("verdict", "up", "down", func(e *DirectorEventRow) {
			e.Check, e.Result = new("http"), &CheckResultRow{Text: "answer: 503"}
		}), "down: http answer: 503"},
		{row("weight", "10", "0", func(e *DirectorEventRow) { e.Why = new("check") }), "weight 10 → 0: its checks fail"},
		{row("weight", "0", "", func(e *DirectorEventRow) { e.Why = new("quiesced") }),
			"removed from the table: its checks fail"},
		{row("weight", "", "3", func(e *DirectorEventRow) { e.Why = new("file") }), "added with weight 3: as in the file"},
		{row("admin", "ready", "drain", func(e *DirectorEventRow) { e.By, e.Reason = new("root"), new("new\ndisk") }),
			`drained by root: new\ndisk`},
		{row("admin", "drain", "ready", nil), "back in service (was: drain)"},
		{row("service", "up", "down", nil), "service is down"},
		{row("frozen", "", "", func(e *DirectorEventRow) { e.Text = "most checks fail" }),
			"frozen, nothing is changed: most checks fail"},
		{row("sysctl", "0", "1", func(e *DirectorEventRow) { e.Text = "net.ipv4.ip_forward" }),
			"net.ipv4.ip_forward changed from 0 to 1"},
	} {
		t.Run(test.want, func(t *testing.T) {
			if got := EventText(test.e); got != test.want {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestEventSchema: the schema has each event that has words.
func TestEventSchema(t *testing.T) {
	if all := directorEnum("directorEvent"); !slices.Contains(all, "sysctl") {
		t.Errorf("no sysctl in %v", all)
	}
}

func TestFallbackText(t *testing.T) {
	for want, row := range map[string]*DirectedServerRow{
		"fallback":               {Fallback: true, WeightWanted: new(1)},
		"fallback, not needed":   {Fallback: true, WeightWanted: new(0)},
		"the fallback is in use": {WeightWanted: new(0)},
	} {
		row.Why = "fallback"
		if got := row.WhyText(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// sampleDirector has a service that is up with a failed, a drained and a good server, and
// one that is down.
func sampleDirector() *DirectorRow {
	stamp := func(d time.Duration) string { return at().Add(d).Format(time.RFC3339Nano) }
	web, mail := "tcp://192.0.2.10:80", "tcp://192.0.2.10:25"
	result := func(outcome, reason, detail string) *CheckResultRow {
		return &CheckResultRow{At: stamp(-time.Second), Took: 0.0012, Outcome: outcome, Reason: textOrNull(reason),
			Detail: textOrNull(detail), Text: ResultText(outcome, reason, detail, 1200*time.Microsecond)}
	}
	check := func(target, verdict string, last *CheckResultRow) []DirectedCheckRow {
		return []DirectedCheckRow{{Kind: "http", Target: target, Verdict: verdict, Since: new(stamp(-time.Hour)),
			Passed: 100, Failed: 3, Next: new(stamp(time.Second)), Last: last}}
	}
	return &DirectorRow{
		PID: 42, Version: "1.0.0", Started: stamp(-2 * time.Hour), At: stamp(0), Cluster: new("shanghai"),
		Files: []string{"/etc/lvs/cluster.yaml"}, Loaded: stamp(-time.Hour),
		Services: []DirectedServiceRow{
			{Service: web, Name: new("web"), State: "up", Since: new(stamp(-time.Hour)), Healthy: 1, All: 3, Weight: 10,
				Declared: 30, DownBelow: 1, UpFrom: 1, Servers: []DirectedServerRow{
					{Service: web, Server: "10.0.0.11:80", Admin: "ready", Health: "up", Checked: true, Since: new(stamp(-time.Hour)),
						Declared: 10, WeightWanted: new(10), Weight: new(10), Why: "file",
						Checks: check("10.0.0.11:80", "up", result("pass", "", ""))},
					{Service: web, Server: "10.0.0.12:80", Admin: "drain", AdminSince: new(stamp(-time.Minute)),
						AdminUntil: new(stamp(time.Hour)), By: new("root"), AdminReason: new("new disk"), Health: "up", Checked: true,
						Since: new(stamp(-time.Hour)), Declared: 10, WeightWanted: new(0), Weight: new(0), Why: "drain",
						Checks: check("10.0.0.12:80", "up", result("pass", "", ""))},
					{Service: web, Server: "10.0.0.13:80", Admin: "ready", Health: "down", Checked: true, Flaps: 1,
						Since: new(stamp(-30 * time.Second)), Declared: 10, WeightWanted: new(0), Weight: new(0), Why: "check",
						Changes: new(stamp(20 * time.Second)),
						Checks:  check("10.0.0.13:80", "down", result("fail", "answer", "\x1b[2J"))},
				}},
			{Service: mail, State: "down", Since: new(stamp(-26 * time.Hour)), All: 1, Declared: 1, DownBelow: 1, UpFrom: 1,
				FallbackInUse: true, Servers: []DirectedServerRow{
					{Service: mail, Server: "10.0.0.21:25", Admin: "ready", Health: "down", Checked: true,
						Since: new(stamp(-26 * time.Hour)), Declared: 1, Why: "quiesced", Suspect: true,
						Checks: check("10.0.0.21:25", "down", result("fail", "refused", ""))},
					{Service: mail, Server: "10.0.0.99:25", Fallback: true, Admin: "ready", Health: "unknown", Declared: 1,
						WeightWanted: new(1), Weight: new(1), Why: "fallback", Checks: []DirectedCheckRow{}},
				}},
		},
		Drift: []DriftRow{{Since: stamp(0), Service: web, Server: new("10.0.0.11:80"), What: "weight", Have: new("7"),
			Want: new("10")}},
		Alarms:    []AlarmRow{{Since: stamp(0), Code: "journal", What: "the journal cannot be written", Fix: new("df /var")}},
		Checks:    ChecksRow{Probes: 4, PerSecond: 2, Done: 1000},
		Addresses: []AddressRow{{Address: "192.0.2.10", State: "degraded", Since: new(stamp(-time.Hour)), Up: 1, Down: 1}},
		Resync:    new(0.14),
	}
}

// sampleDirectorEvents are events of each shape.
func sampleDirectorEvents() []DirectorEventRow {
	web, server := new("tcp://192.0.2.10:80"), new("10.0.0.13:80")
	all := []DirectorEventRow{
		{Event: "started"},
		{Event: "verdict", Service: web, Server: server, From: new("up"), To: new("down"), Check: new("http"),
			Result: &CheckResultRow{At: at().Format(time.RFC3339Nano), Outcome: "fail", Reason: new("refused"),
				Text: "connection refused"}},
		{Event: "weight", Service: web, Server: server, From: new("10"), To: new("0"), Why: new("check")},
		{Event: "admin", Service: web, Server: new("10.0.0.12:80"), From: new("ready"), To: new("drain"), By: new("root"),
			Reason: new("new disk")},
	}
	for i := range all {
		all[i].ID, all[i].Time = uint64(i+1), at().Add(time.Duration(i)*time.Second).Format(time.RFC3339Nano)
		all[i].Text = EventText(&all[i])
	}
	return all
}

func directorEvents(p *Printer) error {
	s, err := p.DirectorEvents()
	if err != nil {
		return err
	}
	for _, e := range sampleDirectorEvents() {
		if err := errors.Join(s.Add(&e), s.Flush()); err != nil {
			return err
		}
	}
	return s.Close()
}

// An event of drift says what was found, in place of what.
func TestDriftEvent(t *testing.T) {
	for what, want := range map[string]string{
		"weight": "drift: has the weight 9 instead of 4", "missing": "drift: is missing in the table",
		"unexpected": "drift: is in the table, but not in the file",
	} {
		if got := EventText(&DirectorEventRow{Event: "drift", Text: what, From: new("4"), To: new("9")}); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
}
