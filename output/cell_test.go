package output

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/plan"
	"lvs/plan/journal"
)

func TestScaled(t *testing.T) {
	for in, want := range map[uint64]string{
		0: "0", 999: "999", 1000: "1.0K", 1234: "1.2K", 99_999: "99.9K", 100_000: "100K", 999_999: "999K",
		1_000_000: "1.0M", 12_345_678: "12.3M", 1 << 40: "1.0T", 1<<64 - 1: "18.4E",
	} {
		t.Run(want, func(t *testing.T) {
			if got := Scaled(in); got != want {
				t.Errorf("%d is %s", in, got)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	for in, want := range map[time.Duration]string{
		0: "0s", 999 * time.Millisecond: "0s", 45 * time.Second: "45s", 6 * time.Minute: "6m",
		90 * time.Minute: "1h30m", 26*time.Hour + 5*time.Second: "26h5s", -90 * time.Second: "-1m30s",
		31 * 24 * time.Hour: "744h",
	} {
		t.Run(want, func(t *testing.T) {
			if got := Duration(in); got != want {
				t.Errorf("%v is %s", in, got)
			}
		})
	}
}

func TestPaint(t *testing.T) {
	if got := NoStyle.Paint("a") + Red.Paint("b") + Dim.Paint("c"); got != "a\x1b[31mb\x1b[0m\x1b[2mc\x1b[0m" {
		t.Errorf("%q", got)
	}
}

// Text of others cannot change how a line is read: not in tables and names, and not in
// JSON, which keeps the text itself.
func TestDirection(t *testing.T) {
	const name, tag = "eth\u202e0\u2066\u061c", "\U000e0041"
	for _, format := range Formats() {
		for _, terminal := range []bool{false, true} {
			t.Run(format, func(t *testing.T) {
				var out bytes.Buffer
				print := func(o Options, do func(*Printer) error) {
					p, err := New(&out, o)
					if err == nil {
						err = do(p)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				o := Options{Format: format, Terminal: terminal}
				print(o, func(p *Printer) error {
					return p.Daemons([]kernel.Daemon{{Role: kernel.Master, Interface: name + tag}})
				})
				text := out.String()
				print(o, func(p *Printer) error { return p.Plan([]Change{{AfterDaemon: &kernel.Daemon{Interface: name}}}) })
				print(o, func(p *Printer) error {
					return p.History([]journal.Entry{{Command: "lvs " + name, User: name}}, "")
				})
				print(o, func(p *Printer) error {
					c := sampleConnections()[0]
					c.State, c.Engine, c.EngineData, c.Origin = name, name, name, name
					return stream(p, []kernel.Connection{c})
				})
				if s := strings.ReplaceAll(out.String(), "\n", ""); strings.ContainsFunc(s, plan.Invisible) {
					t.Errorf("it prints\n%+q", s)
				}
				if format == "json" && strings.Count(text, `eth\u202e0\u2066\u061c\udb40\udc41`) != 1 {
					t.Errorf("it prints\n%s", text)
				}
				var doc struct{ Items []DaemonRow }
				if format == "json" && (json.Unmarshal([]byte(text), &doc) != nil || doc.Items[0].Interface != name+tag) {
					t.Errorf("the text of the JSON is %+v, want %+q", doc, name+tag)
				}
			})
		}
	}
}
