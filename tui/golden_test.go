package tui

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/output"
)

var update = flag.Bool("update", false, "write the golden screens and the generated parts of docs/top.md")

// sizes are the sizes of the terminal for every screen.
var sizes = [][2]int{{40, 10}, {80, 24}, {120, 40}, {200, 50}}

// scenes are screens with the keys that lead to them.
var scenes = []struct {
	name    string
	options func(*Options)
	play    func(s *stage)
}{
	{"overview", nil, func(s *stage) {}},
	{"overview-since", nil, func(s *stage) { s.press("z"); s.traffic(2); s.pass(11) }},
	{"services-sorted", nil, func(s *stage) { s.press("2", "right", "right", "right") }},
	{"servers", nil, func(s *stage) { s.open(webID); s.shares() }},
	{"servers-direct", nil, func(s *stage) { s.open(mailID) }},
	{"servers-drained", drained, func(s *stage) { s.open(webID) }},
	{"server-drained", drained, func(s *stage) { s.open(webID); s.press("down", "down", "i") }},
	{"directed", directed, func(s *stage) {}},
	{"directed-servers", directed, func(s *stage) { s.open(webID) }},
	{"directed-server-masked", directed, func(s *stage) { s.open(webID); s.press("down", "down", "i") }},
	{"directed-server-drained", directed, func(s *stage) { s.open(sixID); s.press("i") }},
	{"directed-service", directed, func(s *stage) { s.press("2", "home"); s.to(mailID); s.press("i") }},
	{"directed-machines", directed, func(s *stage) { s.press("3") }},
	{"directed-undrain", directed, func(s *stage) { s.open(sixID); s.press("u") }},
	{"directed-drain", directed, func(s *stage) { s.open(webID); s.press("down", "down", "d") }},
	{"directed-hangs", hanging, func(s *stage) { s.open(webID) }},
	{"machines", nil, func(s *stage) { s.press("3") }},
	{"machine", nil, func(s *stage) { s.press("3", "end", "up", "enter") }},
	{"connections", nil, func(s *stage) { s.open(webID); s.press("enter"); s.pass(3) }},
	{"connections-by-server", nil, func(s *stage) { s.press("4", "b", "b", "b"); s.pass(12) }},
	{"entries", nil, func(s *stage) { s.press("4", "enter"); s.pass(3) }},
	{"detail", nil, func(s *stage) { s.open(webID); s.press("i", "left") }},
	{"detail-of-all", nil, func(s *stage) { s.press("I", "m", "m", "m") }},
	{"commands", nil, func(s *stage) {
		s.open(webID)
		s.press("f7", "y")
		s.refuse = "lvs: no\nhint: do\n"
		s.press("f8", "y", "5")
	}},
	{"help", nil, func(s *stage) { s.press("?") }},
	{"help-end", nil, func(s *stage) { s.open(webID); s.press("?", "end") }},
	{"columns", nil, func(s *stage) { s.press("C", "down", "down", "space", "s") }},
	{"filter-typed", nil, func(s *stage) { s.press("2", "/"); s.typed("192[.]0") }},
	{"filter-wrong", nil, func(s *stage) { s.press("2", "/"); s.typed("192(") }},
	{"filtered", nil, func(s *stage) { s.press("2", "/"); s.typed("!:80"); s.press("enter") }},
	{"paused", nil, func(s *stage) { s.press("p"); s.clock = s.clock.Add(95e9) }},
	{"vanished", nil, func(s *stage) { s.drop(mailID); s.pass(2) }},
	{"gone-service", nil, func(s *stage) { s.open(mailID); s.drop(mailID); s.pass(7) }},
	{"weight", nil, func(s *stage) { s.open(webID); s.press("f6", "f6", "tab") }},
	{"weight-bound", nil, func(s *stage) {
		s.open(markID)
		s.press(strings.Fields(strings.Repeat("f5 ", 10))...)
	}},
	{"weight-none-left", nil, func(s *stage) { s.open(mailID); s.press("f6", "y"); s.pass(1); s.press("down", "f6") }},
	{"drain", nil, func(s *stage) { s.open(webID); s.press("d", "m") }},
	{"drain-persistent", nil, func(s *stage) { s.open(markID); s.press("d") }},
	{"cockpit", nil, func(s *stage) { s.open(webID); s.press("down", "down", "d"); s.emptying() }},
	{"cockpit-returning", nil, func(s *stage) { s.open(webID); s.press("down", "down", "d"); s.returning(7) }},
	{"cockpit-persistent", nil, func(s *stage) { s.open(markID); s.press("d", "y"); s.pass(5) }},
	{"cockpit-templates", nil, func(s *stage) { s.open(markID); s.press("d", "y"); s.pass(5); s.press("t") }},
	{"undrain", nil, func(s *stage) { s.open(webID); s.press("down", "u") }},
	{"undo", nil, func(s *stage) { s.press("U") }},
	{"delete-server", nil, func(s *stage) { s.open(webID); s.press("x") }},
	{"delete-service", nil, func(s *stage) { s.to(webID); s.press("x") }},
	{"zero", nil, func(s *stage) { s.to(webID); s.press("Z") }},
	{"add-service", nil, func(s *stage) {
		s.press("a")
		s.typed("tcp://192.0.2.99:80")
		s.press("down", "right", "down")
	}},
	{"add-service-refused", nil, func(s *stage) {
		s.refuse = "lvs: invalid service \"x\": want an address and port such as 192.0.2.10:80 or [2001:db8::10]:80\n"
		s.press("a")
		s.typed("x")
		s.press("enter")
	}},
	{"add-server-confirm", nil, func(s *stage) {
		s.open(webID)
		s.press("a")
		s.typed("10.0.0.99")
		s.press("down", "right", "down", "backspace", "4", "enter")
	}},
	{"edit-server", nil, func(s *stage) { s.open(webID); s.press("e") }},
	{"edit-service-confirm", nil, func(s *stage) { s.to(markID); s.press("e", "right", "enter") }},
	{"read-only", func(o *Options) { o.ReadOnly = "--read-only was given" }, func(s *stage) {
		s.open(webID)
		s.press("f7")
	}},
	{"counters-stopped", nil, func(s *stage) { s.sysctl(kernel.RunEstimation, "0"); s.pass(3) }},
	{"counters-stopped-detail", nil, func(s *stage) { s.sysctl(kernel.EstCPUList, ""); s.pass(3); s.press("i") }},
	{"table-full", nil, func(s *stage) { s.sysctl(kernel.ConnMax, "2000000"); s.pass(6) }},
	{"old-kernel", nil, func(s *stage) { s.k.Age(); s.pass(6) }},
	{"unprivileged", nil, func(s *stage) { s.k.Deny(); s.pass(1) }},
	{"ipvs-gone", func(o *Options) { o.Hint = func(error) string { return "modprobe ip_vs" } }, func(s *stage) {
		s.k.Unload()
		s.pass(5)
	}},
	{"ascii", func(o *Options) { o.ASCII = true }, func(s *stage) { s.open(webID); s.press("f7") }},
}

// drained remembers one drained server, one that has a weight nevertheless, and a
// temporary weight.
func drained(o *Options) {
	since := o.Now().Add(-time.Hour)
	o.Outages = func() (map[kernel.ServerKey]output.Outage, string) {
		return map[kernel.ServerKey]output.Outage{
			{Service: webID, Server: serverOf(11, 80)}: {Before: 7, Set: 5, Since: since, Until: since.Add(2 * time.Hour)},
			{Service: webID, Server: serverOf(12, 80)}: {Before: 3, Since: since},
			{Service: webID, Server: serverOf(13, 80)}: {Before: 4, Since: since, Until: since.Add(2 * time.Hour),
				User: "root", SudoUser: "alice", Reason: "new disk"},
		}, "the previous apply is undone in 30s unless confirmed: lvs confirm"
	}
}

// open shows the servers of a service.
func (s *stage) open(id kernel.ServiceID) {
	s.to(id)
	s.press("enter")
}

// to moves the cursor to a service.
func (s *stage) to(id kernel.ServiceID) {
	s.press("2")
	for range 10 {
		if t, ok := s.m.top().(targeted).target(); ok && t.e.ServiceID == id {
			return
		}
		s.press("down")
	}
	s.t.Fatalf("there is no service %v", id)
}

// shares distributes connections differently from the weights.
func (s *stage) shares() {
	for range 20 {
		s.traffic(1)
		s.k.Traffic(webID, serverOf(12, 80), memory.Traffic{
			Add: kernel.Counters{Connections: 15}, Active: 1180, Inactive: 200,
		})
		s.pass(2)
	}
}

// emptying ends the connections of a server, one per second.
func (s *stage) emptying() {
	list := []kernel.Connection{}
	for i := range 12 {
		list = append(list, kernel.Connection{Protocol: kernel.TCP,
			Client: serverOf(200+i, 5000), Virtual: webID.AddrPort(), Server: serverOf(13, 80),
			State: []string{"ESTABLISHED", "FIN_WAIT"}[i/8], Expires: 1e9 * 60})
	}
	s.k.SetConnections(list...)
	for i := range 9 {
		s.k.Traffic(webID, serverOf(13, 80), trafficOf(uint32(16-i)))
		s.pass(1)
	}
}

// returning lets clients come back to a server with the weight 0 for some seconds: the
// connections that they open have ended when the table is read.
func (s *stage) returning(seconds int) {
	for range seconds {
		s.k.Traffic(webID, serverOf(13, 80), memory.Traffic{Inactive: 3, Add: kernel.Counters{PacketsIn: 20}})
		s.pass(1)
	}
}

func (s *stage) drop(id kernel.ServiceID) {
	change := kernel.Change{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: id}}
	if err := s.k.Apply(s.t.Context(), []kernel.Change{change}); err != nil {
		s.t.Fatal(err)
	}
}

func TestScreens(t *testing.T) {
	for _, c := range scenes {
		t.Run(c.name, func(t *testing.T) {
			var got strings.Builder
			for _, size := range sizes {
				s := newStage(t, c.options).table().connections()
				s.size(size[0], size[1])
				s.start()
				for range 4 {
					s.traffic(1)
					s.pass(2)
				}
				c.play(s)
				fmt.Fprintf(&got, "== %d×%d\n%s", size[0], size[1], s.screenText())
				checkScreen(t, s.m, size[0], size[1])
			}
			golden(t, c.name, got.String())
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "screens", name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

var looks = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// checkScreen checks what is true of every screen: it has the size of the terminal
// and no control sequences but those of the looks.
func checkScreen(t testing.TB, m *Model, w, h int) {
	t.Helper()
	lines := m.lines()
	if len(lines) != max(h, 1) {
		t.Errorf("%d lines on a screen of %d", len(lines), h)
	}
	for i, l := range lines {
		if l.width() != max(w, 1) {
			t.Errorf("line %d is %d cells wide on a screen of %d: %q", i, l.width(), w, l)
		}
	}
	text := looks.ReplaceAllString(m.View().Content, "")
	if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("the screen has an unprintable character: %q", text[i:min(i+20, len(text))])
	}
}

// The colours and characters are those of the options.
func TestLooks(t *testing.T) {
	for _, c := range []struct {
		name    string
		options func(*Options)
		light   bool
		never   string
	}{
		{"no colour", func(o *Options) { o.NoColor = true }, false, `\x1b\[[0-9;]*3[0-9]`},
		{"light", nil, true, `\x1b\[[0-9;]*33`},
		{"sixteen", nil, false, `\x1b\[[0-9;]*[34]8;`},
		{"ascii", func(o *Options) { o.ASCII = true }, false, `[^\x00-\x7f]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, scene := range scenes {
				s := newStage(t, c.options).table().connections().start()
				if c.light {
					s.m.pal.light = true
				}
				scene.play(s)
				if found := regexp.MustCompile(c.never).FindString(s.m.View().Content); found != "" {
					t.Errorf("%s: it has %q", scene.name, found)
				}
			}
		})
	}
}

func TestTooSmall(t *testing.T) {
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			s := newStage(t, scene.options).table().connections().start()
			s.pass(3)
			scene.play(s)
			for w := range 30 {
				for h := range 12 {
					s.send(tea.WindowSizeMsg{Width: w, Height: h})
					checkScreen(t, s.m, w, h)
				}
			}
		})
	}
}
