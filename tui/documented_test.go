package tui

import (
	"context"
	"net/netip"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/schedule/sim"
)

// documents are those that show screens: each stands in a block below a mark
// with its name.
var documents = []string{"../docs/top.md", "../README.md"}

var documented = regexp.MustCompile("(?s)<!-- screen ([a-z-]+) -->\n```text\n(.*?)```\n")

// tour is how the demo of lvs top comes to the documents' screens.
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

// TestDocumentedScreens holds the screens in the documents against those that
// the demo shows. Its traffic is the same every time.
func TestDocumentedScreens(t *testing.T) {
	screens := map[string]string{}
	s := demoStage(t)
	for _, stop := range tour {
		stop.play(s)
		screens[stop.name] = s.screenText()
	}
	shown := 0
	for _, path := range documents {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		now := documented.ReplaceAllStringFunc(string(b), func(block string) string {
			shown++
			m := documented.FindStringSubmatch(block)
			screen, ok := screens[m[1]]
			if !ok {
				t.Errorf("%s shows a screen %q that is not on the tour", path, m[1])
			} else if d := cmp.Diff(m[2], screen); d != "" && !*update {
				t.Errorf("%s: the screen %s is another now (-document +demo)\n%s", path, m[1], d)
			}
			return "<!-- screen " + m[1] + " -->\n```text\n" + screen + "```\n"
		})
		if *update {
			if err := os.WriteFile(path, []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if shown < 4 {
		t.Errorf("the documents show %d screens only", shown)
	}
}

// demoStage is lvs top --demo at 80×24. Of command lines it knows those of the
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
