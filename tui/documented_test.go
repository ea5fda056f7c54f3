package tui

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/schedule/sim"
)

// manual is the document of the dashboard.
const manual = "../docs/top.md"

// documents may show screens. Each screen is in a block below a mark with its
// name.
var documents = []string{manual, "../README.md"}

var documented = regexp.MustCompile("(?s)<!-- screen ([a-z-]+) -->\n```text\n(.*?)```\n")

// tour is the way of lvs top --demo through the documented screens.
var tour = []struct {
	name string
	play func(s *stage)
}{
	{"overview", func(s *stage) { s.pass(60) }},
	{"servers", func(s *stage) { s.press("down", "down", "enter"); s.pass(2) }},
	{"machines", func(s *stage) {
		s.press("3")
		for !strings.Contains(s.screenText(), "▼ACTIVE") {
			s.press("right")
		}
		s.pass(1)
	}},
	{"drain", func(s *stage) { s.press("d") }},
	{"draining", func(s *stage) { s.press("y"); s.pass(45) }},
}

// The screens in the documents are those of the demo, whose traffic is the same
// every time. The manual shows all of the tour.
func TestDocumentedScreens(t *testing.T) {
	screens := map[string]string{}
	s := demoStage(t)
	for _, stop := range tour {
		stop.play(s)
		screens[stop.name] = s.screenText()
	}
	for _, path := range documents {
		t.Run(filepath.Base(path), func(t *testing.T) {
			shown := map[string]bool{}
			text := readDocument(t, path)
			now := documented.ReplaceAllStringFunc(text, func(block string) string {
				m := documented.FindStringSubmatch(block)
				name, was := m[1], m[2]
				shown[name] = true
				screen, ok := screens[name]
				if !ok {
					t.Errorf("it shows a screen %q that is not on the tour", name)
				} else if d := cmp.Diff(was, screen); d != "" && !*update {
					t.Errorf("the screen %s is different (-document +demo)\n%s", name, d)
				}
				return "<!-- screen " + name + " -->\n```text\n" + screen + "```\n"
			})
			for _, stop := range tour {
				if path == manual && !shown[stop.name] {
					t.Errorf("it does not show the screen %s", stop.name)
				}
			}
			updateDocument(t, path, text, now)
		})
	}
}

// The tables of keys and columns in the manual are those of the program.
func TestDocumentedTables(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"columns", columnsMarkdown(newStage(t, nil).m)},
		{"keys", keysMarkdown()},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := readDocument(t, manual)
			begin := "<!-- " + c.name + ", written by: go test ./tui -run TestDocumentedTables -update -->\n"
			end := "<!-- end of " + c.name + " -->"
			before, rest, begins := strings.Cut(text, begin)
			table, after, ends := strings.Cut(rest, end)
			if !begins || !ends || strings.Contains(after, begin) {
				t.Fatalf("there is not exactly one place for the %s", c.name)
			}
			if d := cmp.Diff(c.want, table); d != "" && !*update {
				t.Errorf("the %s are different (-program +document)\n%s", c.name, d)
			}
			updateDocument(t, manual, text, before+begin+c.want+end+after)
		})
	}
}

// Each key that the text of the manual mentions is in the table of keys.
func TestDocumentedKeysExist(t *testing.T) {
	names := map[string]bool{}
	for _, g := range KeyTable() {
		for _, k := range g.Keys {
			for name := range strings.SplitSeq(k.Name, ", ") {
				names[name] = true
			}
		}
	}
	text, _, _ := strings.Cut(readDocument(t, manual), "<!-- columns")
	text = documented.ReplaceAllString(text, "")
	key := regexp.MustCompile("`([A-Za-z0-9]|Enter|Esc|Tab|Left|Right|Up|Down|Space|F[0-9]+)`")
	mentioned := key.FindAllStringSubmatch(text, -1)
	if len(mentioned) < 10 {
		t.Errorf("only %d keys are mentioned", len(mentioned))
	}
	for _, m := range mentioned {
		if !names[m[1]] {
			t.Errorf("there is no key %s", m[1])
		}
	}
}

func readDocument(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func updateDocument(t *testing.T, path, was, now string) {
	t.Helper()
	if !*update || was == now {
		return
	}
	if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}

// keysMarkdown returns a table of keys for each place where they work.
func keysMarkdown() string {
	var b strings.Builder
	for _, g := range KeyTable() {
		fmt.Fprintf(&b, "\n### %s\n\n| key | action |\n|---|---|\n", g.Title)
		for _, k := range g.Keys {
			fmt.Fprintf(&b, "| %s | %s |\n", code(strings.Split(k.Name, ", ")...), cell(k.Help))
		}
	}
	return b.String() + "\n"
}

// documentedColumn is a column and the names of the screens that have it.
type documentedColumn struct {
	title, short, key, help string
	screens                 string
}

// columnsMarkdown returns the columns of all screens: a table for each set of
// screens that have the same columns.
func columnsMarkdown(m *Model) string {
	var columns []documentedColumn
	for _, x := range []struct {
		screen string
		grid   grid
	}{
		{"services", newServices(m).grid()}, {"servers", newServers(m, kernel.ServiceID{}).grid()},
		{"real servers", newMachines(m).grid()}, {"connections", newConnections(m, scope{}, "").grid()},
		{"connections of a group", newEntries(m, scope{}, groupings[0], groupKey{}).grid()}, {"commands", newLog(m).grid()},
	} {
		for _, c := range x.grid.choices() {
			i := slices.IndexFunc(columns, func(d documentedColumn) bool { return d.key == c.key && d.help == c.help })
			if i < 0 {
				columns = append(columns, documentedColumn{c.title, c.short, c.key, c.help, x.screen})
			} else {
				columns[i].screens += ", " + x.screen
			}
		}
	}
	var b strings.Builder
	for len(columns) > 0 {
		screens := columns[0].screens
		fmt.Fprintf(&b, "\n### %s\n\n| heading | key | meaning |\n|---|---|---|\n",
			strings.ToUpper(screens[:1])+screens[1:])
		columns = slices.DeleteFunc(columns, func(c documentedColumn) bool {
			if c.screens != screens {
				return false
			}
			heading := cell(c.title)
			if c.short != "" {
				heading += ", " + cell(c.short)
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", heading, code(c.key), cell(c.help))
			return true
		})
	}
	return b.String() + "\n"
}

// code returns words as code in a cell of a Markdown table. Backquotes are not
// possible in it.
func code(words ...string) string {
	for i, w := range words {
		words[i] = "`" + cell(w) + "`"
	}
	return strings.Join(words, ", ")
}

// cell returns text for a cell of a Markdown table: a bar would end the cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// demoStage is lvs top --demo at 80×24. It knows only the command lines of the
// tour.
func demoStage(t *testing.T) *stage {
	var s *stage
	var k *sim.Kernel
	s = newStage(t, func(o *Options) {
		o.Host = "demo"
		o.Open = func() (kernel.Kernel, error) { return k, nil }
		o.Run = func(ctx context.Context, args []string) Result {
			if args[0] != "drain" {
				t.Errorf("a command that is not on the tour: %q", args)
			}
			var changes []kernel.Change
			snap, err := k.Snapshot(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range places(snap, func(_ *kernel.ServiceEntry, v *kernel.ServerEntry) bool {
				return v.Addr.Addr() == netip.MustParseAddr(args[1])
			}) {
				to := r.v.Server
				to.Weight = 0
				changes = append(changes, kernel.Change{Op: kernel.EditServer, Service: r.e.Service, Server: to})
			}
			if err := k.Apply(ctx, changes); err != nil {
				t.Fatal(err)
			}
			return Result{}
		}
	})
	k = sim.New(sim.Seed, func() time.Time { return s.clock })
	s.size(80, 24)
	return s.start()
}
