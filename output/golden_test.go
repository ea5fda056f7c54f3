package output

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a checked-in file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestEveryFormatOfEveryKind(t *testing.T) {
	for _, k := range prints() {
		for _, format := range Formats() {
			t.Run(k.kind+"/"+format, func(t *testing.T) {
				pipe := render(t, Options{Format: format}, k.print)
				golden(t, k.kind+"."+format, pipe)
				if bytes.IndexByte(pipe, 0x1b) >= 0 {
					t.Error("an escape byte in a pipe")
				}
				if bytes.Contains(pipe, []byte(" \n")) {
					t.Error("trailing blanks")
				}
				plain := render(t, Options{Format: format, Terminal: true, Width: 200}, k.print)
				if bytes.IndexByte(plain, 0x1b) >= 0 {
					t.Error("an escape byte on a terminal without colour")
				}
			})
		}
	}
}

func TestViews(t *testing.T) {
	services := func(s *kernel.Snapshot, v View) func(*Printer) error {
		return func(p *Printer) error { return p.Services(s, v) }
	}
	servers := func(v View) func(*Printer) error {
		s := sample().Services[0]
		return func(p *Printer) error { return p.Servers(&kernel.Snapshot{}, s.ServiceID, s.Servers, v) }
	}
	connections := func(p *Printer) error { return stream(p, sampleConnections()) }
	withRates := func(p *Printer) error { return events(p, true) }
	for _, test := range []struct {
		name  string
		print func(*Printer) error
		o     Options
	}{
		{"stats-pipe", services(sample(), Stats), Options{}},
		{"drained-wide", services(sample(), Plain), Options{Format: "wide", Outages: outages()}},
		{"drained-color", services(sample(), Plain), Options{Terminal: true, Color: true, Outages: outages()}},
		{"drained-json", services(sample(), Plain), Options{Format: "jsonl", Outages: outages(),
			JQ: ".servers[] | [.id, .weight, .drained, .temporaryWeight] | tojson"}},
		{"drained-columns", services(sample(), Plain), Options{Format: "csv", Outages: outages(),
			Columns: []string{"server", "weight", "weightBefore", "since", "until", "by", "sudoUser", "drainReason"}}},
		{"directed-wide", services(sample(), Plain), Options{Format: "wide", Directed: Directed(sampleDirector())}},
		{"directed-json", services(sample(), Plain), Options{Format: "jsonl", Directed: Directed(sampleDirector()),
			JQ: ".servers[] | [.id, .director] | tojson"}},
		{"directed-filter", services(sample(), Plain), Options{Columns: []string{"server", "health", "why"},
			Filter: []string{"health=up"}, Directed: Directed(sampleDirector())}},
		{"drain-list", func(p *Printer) error { return p.DrainList(sampleDrains()) }, Options{}},
		{"stats-terminal", services(sample(), Stats), Options{Terminal: true}},
		{"rates-pipe", services(sample(), Rates), Options{}},
		{"rates-terminal", services(sample(), Rates), Options{Terminal: true}},
		{"terminal", services(sample(), Plain), Options{Terminal: true}},
		{"terminal-color", services(sample(), Plain), Options{Terminal: true, Color: true}},
		{"terminal-narrow", services(sample(), Plain), Options{Terminal: true, Width: 80}},
		{"terminal-wide", services(sample(), Plain), Options{Terminal: true, Format: "wide"}},
		{"terminal-json", services(sample(), Plain), Options{Terminal: true, Format: "json"}},
		{"terminal-json-one", func(p *Printer) error { return p.Timeouts(kernel.Timeouts{}) },
			Options{Terminal: true, Format: "json"}},
		{"color-in-a-pipe", services(sample(), Plain), Options{Color: true}},
		{"servers-stats", servers(Stats), Options{Terminal: true}},
		{"servers-rates", servers(Rates), Options{}},
		{"servers-service-column", servers(Plain), Options{Columns: []string{"service", "SERVER", "weight"}}},
		{"public", services(publicSample(), Plain), Options{Format: "wide"}},
		{"public-servers", func(p *Printer) error {
			s := publicSample().Services[2]
			return p.Servers(&kernel.Snapshot{Public: true}, s.ServiceID, s.Servers, Plain)
		}, Options{Format: "wide"}},
		{"public-csv", services(publicSample(), Plain),
			Options{Format: "csv", Columns: []string{"server", "upper", "clients", "flags"}}},
		{"public-stats", services(publicSample(), Stats), Options{}},
		{"public-json", services(publicSample(), Plain), Options{Format: "json", Terminal: true}},
		{"stopped-stats", services(stoppedSample(), Stats), Options{}},
		{"stopped-rates", services(stoppedSample(), Rates), Options{Terminal: true}},
		{"stopped-csv", services(stoppedSample(), Plain),
			Options{Format: "csv", Columns: []string{"server", "active", "clients", "conns", "inbytes", "cps"}}},
		{"stopped-json", services(stoppedSample(), Plain), Options{Format: "json", Terminal: true}},
		{"stopped-sorted", services(stoppedSample(), Plain), Options{Format: "name", Sort: "-conns"}},
		{"stopped-filtered", services(stoppedSample(), Plain), Options{Format: "name", Filter: []string{"conns=0"}}},
		{"totals-stopped", func(p *Printer) error { return p.Totals(Totals{Stats: stats(7), Stopped: true}) }, Options{}},
		{"totals-stopped-json", func(p *Printer) error {
			return p.Totals(Totals{Stats: stats(7), Stopped: true, Conns: kernel.ConnTable{Used: -1, Max: -1, Buckets: -1}})
		}, Options{Format: "json", Terminal: true}},
		{"empty", services(&kernel.Snapshot{}, Plain), Options{}},
		{"empty-terminal", services(&kernel.Snapshot{}, Plain), Options{Terminal: true, Color: true}},
		{"empty-json", services(&kernel.Snapshot{}, Plain), Options{Format: "json"}},
		{"empty-json-terminal", services(&kernel.Snapshot{}, Plain), Options{Format: "json", Terminal: true}},
		{"empty-yaml", services(&kernel.Snapshot{}, Plain), Options{Format: "yaml"}},
		{"empty-jsonl", services(&kernel.Snapshot{}, Plain), Options{Format: "jsonl"}},
		{"empty-connections", func(p *Printer) error { return p.Connections().Close() }, Options{}},
		{"netns", services(&kernel.Snapshot{}, Plain), Options{Format: "json", Netns: "blue"}},
		{"columns", services(sample(), Plain), Options{Columns: []string{"weight", "server", "inbytes"}}},
		{"no-headers", services(sample(), Plain), Options{NoHeaders: true}},
		{"no-headers-terminal", services(sample(), Plain), Options{NoHeaders: true, Terminal: true}},
		{"no-headers-csv", services(sample(), Plain), Options{NoHeaders: true, Format: "csv"}},
		{"sort-active", services(sample(), Plain), Options{Sort: "-active"}},
		{"sort-server", services(sample(), Plain), Options{Sort: "server"}},
		{"sort-scheduler", services(sample(), Plain), Options{Sort: "scheduler"}},
		{"filter-weight", services(sample(), Plain), Options{Filter: []string{"weight=0"}}},
		{"filter-service", services(sample(), Plain), Options{Filter: []string{"service=192.0.2.10:80"}}},
		{"filter-persistent", services(sample(), Plain), Options{Filter: []string{"persistent>=6m"}}},
		{"filter-no-server", services(sample(), Plain), Options{Filter: []string{"server=-"}}},
		{"filter-json", services(sample(), Plain), Options{Format: "json", Filter: []string{"server~:9$", "forward!=local"}}},
		{"filter-server-address", services(sample(), Plain), Options{Filter: []string{"server=198.51.100.7"}}},
		{"filter-not-server-address", services(sample(), Plain),
			Options{Filter: []string{"server!=2001:db8::11"}, Columns: []string{"server"}}},
		{"filter-service-address", services(sample(), Plain), Options{Filter: []string{"service=192.0.2.10"}}},
		{"filter-outbound", services(sample(), Stats), Options{Filter: []string{"outpkts>0", "forward=direct"}}},
		{"sort-outbound", services(sample(), Stats), Options{Sort: "outbytes"}},
		{"stats-csv", services(sample(), Stats), Options{Format: "csv"}},
		{"stats-narrow", services(sample(), Stats), Options{Terminal: true, Width: 80}},
		{"rates-narrow", services(sample(), Rates), Options{Terminal: true, Width: 80}},
		{"connections-filter-address", connections, Options{Filter: []string{"server=10.0.0.11", "client=198.51.100.9"}}},
		{"jq", services(sample(), Plain), Options{JQ: `.items[] | .id, .stats.connections, .flags`}},
		{"jq-terminal", services(sample(), Plain), Options{JQ: `.items[0].flags`, Terminal: true}},
		{"jq-jsonl", connections, Options{Format: "jsonl", JQ: `select(.protocol == "tcp") | .client`}},
		{"jq-escape-on-terminal", connections, Options{JQ: `.items[2].engineData`, Terminal: true}},
		{"template-escape-on-terminal", connections,
			Options{Template: "{{range .items}}{{.engineData}}\n{{end}}", Terminal: true}},
		{"template", services(sample(), Plain), Options{Template: `{{range .items}}{{.id}} {{join "," .flags}} ` +
			`{{duration .persistent}} {{json .stats.connections}}{{"\n"}}{{end}}`}},
		{"connections-sort", connections, Options{Sort: "-expires", Columns: []string{"client", "expires"}}},
		{"connections-filter", connections, Options{Filter: []string{"client~^198", "expires<6m"}}},
		{"connections-terminal", connections, Options{Terminal: true, Format: "wide"}},
		{"changes-terminal", func(p *Printer) error { return p.Changes(sampleChanges()) },
			Options{Terminal: true, Color: true}},
		{"events", func(p *Printer) error { return events(p, false) }, Options{}},
		{"events-terminal", withRates, Options{Terminal: true, Color: true}},
		{"events-filter", withRates, Options{Filter: []string{"op=rates", "server=10.0.0.11"}}},
		{"events-filter-rate", withRates, Options{Filter: []string{"inbps>6K"}, Format: "csv"}},
		{"events-filter-initial", withRates, Options{Filter: []string{"initial=-", "op~service"}, NoHeaders: true}},
		{"events-jq", withRates, Options{Format: "jsonl", JQ: ".traffic.rates.bytesOutPerSecond"}},
		{"version-columns", func(p *Printer) error { return p.Version(Version{Version: "1.0.0"}) },
			Options{Columns: []string{"version", "kernel"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			golden(t, "view-"+test.name, render(t, test.o, test.print))
		})
	}
}

func TestSchemaIsChecked(t *testing.T) { golden(t, "schema.json", Schema()) }

// A table that tablewriter lays out looks as the plain writer would write it.
func TestTerminalLooksLikePlain(t *testing.T) {
	for name, view := range map[string]View{"plain": Plain, "stats": Stats} {
		t.Run(name, func(t *testing.T) {
			got := string(render(t, Options{Terminal: true}, func(p *Printer) error { return p.Services(sample(), view) }))
			plain := string(render(t, Options{Terminal: true}, func(p *Printer) error { return writePlain(p, view) }))
			if diff := cmp.Diff(plain, got); diff != "" {
				t.Errorf("plain (-) and tablewriter (+) differ:\n%s", diff)
			}
		})
	}
}

// writePlain writes the sample by the plain writer.
func writePlain(p *Printer, view View) error {
	k := serviceKind(view)
	columns, err := k.choose(&p.o)
	if err != nil {
		return err
	}
	w := newTable(p, &k, columns)
	nodes, err := p.nodes(&k, sample().Services, gaps{})
	if err != nil {
		return err
	}
	if err := p.fill(w, nodes, gaps{}, true); err != nil {
		return err
	}
	if err := w.write(); err != nil {
		return err
	}
	return w.close()
}

// The width never cuts a value: it only moves servers below their services.
func TestWidths(t *testing.T) {
	services := func(p *Printer) error { return p.Services(sample(), Plain) }
	at := func(width int) string {
		return string(render(t, Options{Terminal: true, Width: width}, services))
	}
	if at(1) != at(80) || at(0) != at(200) || at(80) == at(200) {
		t.Error("a width changed more than the place of the servers")
	}
	long := sampleConnections()[2]
	long.EngineData = strings.Repeat("0123456789", 20)
	for _, o := range []Options{{Format: "wide"}, {Format: "wide", Terminal: true, Width: 20}} {
		out := string(render(t, o, func(p *Printer) error { return stream(p, append(sampleConnections(), long)) }))
		if !strings.Contains(out, long.EngineData) {
			t.Errorf("%+v: a long value was cut:\n%s", o, out)
		}
	}
}

// Styles have no width: without them a coloured table is the plain one.
func TestColorHasNoWidth(t *testing.T) {
	for name, services := range map[string]int{"tablewriter": 3, "plain writer": 200} {
		t.Run(name, func(t *testing.T) {
			print := func(p *Printer) error { return p.Services(bigSnapshot(services, 10), Plain) }
			stripped := string(render(t, Options{Terminal: true, Color: true}, print))
			for _, s := range []Style{Bold, Dim, Red, Yellow} {
				stripped = strings.ReplaceAll(stripped, s.start(), "")
			}
			stripped = strings.ReplaceAll(stripped, styleEnd, "")
			var lines []string
			for line := range strings.Lines(stripped) {
				lines = append(lines, strings.TrimRight(line, " \n")+"\n")
			}
			want := string(render(t, Options{Terminal: true}, print))
			if diff := cmp.Diff(want, strings.Join(lines, "")); diff != "" {
				t.Errorf("colour changes the layout:\n%s", diff)
			}
		})
	}
}

// A long stream is written in windows; each column lines up or grows.
func TestStreamedTable(t *testing.T) {
	rows := make([]kernel.Connection, 2*streamWindow+10)
	for i := range rows {
		rows[i] = sampleConnections()[0]
	}
	rows[streamWindow+5] = sampleConnections()[3] // wider than all before
	for _, terminal := range []bool{false, true} {
		out := render(t, Options{Terminal: terminal, Color: terminal}, func(p *Printer) error { return stream(p, rows) })
		lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if len(lines) != len(rows)+1 {
			t.Fatalf("%d lines for %d rows and a header", len(lines), len(rows))
		}
		if lines[1] != lines[2] || lines[1] != lines[streamWindow/2] {
			t.Errorf("rows of one window differ: %q %q", lines[1], lines[2])
		}
		if len(lines[len(lines)-1]) <= len(lines[1]) {
			t.Errorf("the last window did not keep the wider columns: %q", lines[len(lines)-1])
		}
	}
}
