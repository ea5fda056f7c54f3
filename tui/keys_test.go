package tui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
)

// keyTests test every key of the dashboard, by the name of its group and its first
// keystroke.
var keyTests = map[string]struct {
	play func(s *stage)
	does func(s *stage) bool
}{
	"All screens 1": {func(s *stage) { s.press("3", "1") }, on("overview")},
	"All screens 2": {func(s *stage) { s.press("2") }, on("services")},
	"All screens 3": {func(s *stage) { s.press("3") }, on("real servers")},
	"All screens 4": {func(s *stage) { s.press("4") }, on("connections")},
	"All screens 5": {func(s *stage) { s.press("5") }, on("commands")},
	"All screens c": {func(s *stage) { s.open(webID); s.press("f7", "y", "c") }, func(s *stage) bool {
		return slices.Equal(s.copied, []string{"lvs weight tcp://192.0.2.10:80 10.0.0.11:80 6"})
	}},
	"All screens esc": {func(s *stage) { s.open(webID); s.press("esc") }, on("services")},
	"All screens p":   {func(s *stage) { s.press("p"); s.pass(5) }, shown("PAUSED, 5s old")},
	"All screens +":   {func(s *stage) { s.press("+") }, interval(500 * time.Millisecond)},
	"All screens -":   {func(s *stage) { s.press("-", "-") }, interval(5 * time.Second)},
	"All screens z": {func(s *stage) { s.press("z", "i") }, func(s *stage) bool {
		o := s.m.hist.objects[kernel.ServerKey{}]
		return o.counted() == kernel.Counters{} && o.Last.Connections > 0
	}},
	"All screens S": {func(s *stage) { s.press("S") }, saved(".txt", "SERVICE▲")},
	"All screens J": {func(s *stage) { s.open(webID); s.press("J") }, func(s *stage) bool {
		return saved(".json", `"id": "10.0.0.12:80"`)(s) && !saved(".json", "192.0.2.20")(s) &&
			saved(".json", `"kind": "ServiceList"`)(s)
	}},
	"All screens ctrl+l": {func(s *stage) { s.press("ctrl+l") }, nil},
	"All screens ctrl+z": {func(s *stage) { s.press("ctrl+z") }, nil},
	"All screens ?":      {func(s *stage) { s.press("?") }, shown(" Help\nServices")},
	"All screens q":      {func(s *stage) { s.press("q") }, func(s *stage) bool { return s.quit }},

	"Tables up":   {func(s *stage) { s.press("down", "down", "up") }, row(1)},
	"Tables down": {func(s *stage) { s.press("j", "down") }, row(2)},
	"Tables pgup": {func(s *stage) { s.screenText(); s.press("end", "pgup") }, row(0)},
	"Tables pgdown": {
		func(s *stage) { s.size(80, 7); s.screenText(); s.press("pgdown") },
		func(s *stage) bool { return cursor(s) == 3 },
	},
	"Tables home":  {func(s *stage) { s.press("end", "home") }, row(0)},
	"Tables end":   {func(s *stage) { s.press("end") }, row(4)},
	"Tables /":     {func(s *stage) { s.press("/"); s.typed("mark"); s.press("enter") }, shown("1 of 5 rows")},
	"Tables left":  {func(s *stage) { s.press("right", "right", "left") }, sorted("scheduler", false)},
	"Tables right": {func(s *stage) { s.press("right", "right", "right") }, sorted("active", true)},
	"Tables r":     {func(s *stage) { s.press("r") }, sorted("service", true)},
	"Tables C":     {func(s *stage) { s.press("C") }, shown("Columns")},

	"Selected row i": {func(s *stage) { s.open(webID); s.press("i") }, on("detail of 10.0.0.11:80")},
	"Selected row I": {func(s *stage) { s.open(webID); s.press("I") }, on("detail of all services")},
	"Selected row o": {func(s *stage) { s.to(webID); s.press("o") }, on("connections of tcp://192.0.2.10:80")},

	"Changes d": {
		func(s *stage) { s.open(webID); s.press("d", "y") },
		ran1("drain 10.0.0.11:80 --service tcp://192.0.2.10:80 --yes"),
	},
	"Changes u": {
		func(s *stage) { s.open(webID); s.press("u", "y") },
		ran1("undrain 10.0.0.11:80 --service tcp://192.0.2.10:80"),
	},
	"Changes f5": {func(s *stage) { s.open(markID); s.press("f5", "y") }, ran1("weight fwmark:7 10.0.0.13:0 90")},
	"Changes f6": {func(s *stage) { s.open(markID); s.press("f6", "y") }, ran1("weight fwmark:7 10.0.0.13:0 99")},
	"Changes f7": {
		func(s *stage) { s.open(markID); s.press("f7", "tab", "enter") },
		ran1("weight fwmark:7 10.0.0.13:0 101"),
	},
	"Changes f8": {func(s *stage) { s.open(markID); s.press("f8", "y") }, ran1("weight fwmark:7 10.0.0.13:0 110")},
	"Changes f4": {
		func(s *stage) { s.open(markID); s.press("f8", "y"); s.pass(1); s.press("f4", "y") },
		ran1("weight fwmark:7 10.0.0.13:0 100"),
	},
	"Changes a": {
		func(s *stage) { s.press("a"); s.typed("fwmark:9"); s.press("enter", "y") },
		ran1("service add fwmark:9"),
	},
	"Changes e": {
		func(s *stage) { s.open(webID); s.press("e", "backspace", "8", "enter", "y") },
		ran1("server edit tcp://192.0.2.10:80 10.0.0.11:80 --weight=8"),
	},
	"Changes x": {
		func(s *stage) { s.to(webID); s.press("x", "y") },
		ran1("service delete tcp://192.0.2.10:80 --yes"),
	},
	"Changes Z":     {func(s *stage) { s.to(webID); s.press("Z", "y") }, ran1("zero tcp://192.0.2.10:80")},
	"All screens U": {func(s *stage) { s.press("U", "y") }, ran1("undo 7 --yes")},

	"Services enter":     {func(s *stage) { s.open(webID) }, on("tcp://192.0.2.10:80")},
	"Servers enter":      {func(s *stage) { s.open(webID); s.press("enter") }, on("connections of 10.0.0.11:80")},
	"Real servers enter": {func(s *stage) { s.press("3", "home", "enter") }, on("10.0.0.11")},
	"Connections enter":  {func(s *stage) { s.press("4"); s.pass(3); s.press("enter") }, shown("CLIENT")},
	"Connections b":      {func(s *stage) { s.press("4"); s.pass(3); s.press("b") }, shown("198.51.100.0 ")},
	"Detail right":       {func(s *stage) { s.press("I", "left", "left", "right") }, shown("  last 2m")},
	"Detail left":        {func(s *stage) { s.press("I", "left", "left", "left", "left") }, shown("  last 1h")},
	"Detail m":           {func(s *stage) { s.press("I", "m") }, shown("active connections")},
	"Commands c": {func(s *stage) { s.open(webID); s.press("f7", "y", "f7", "y", "5", "down", "c") }, func(s *stage) bool {
		return slices.Equal(s.copied, []string{"lvs weight tcp://192.0.2.10:80 10.0.0.11:80 6"})
	}},

	"Drain t": {func(s *stage) { s.open(markID); s.press("d", "y"); s.pass(3); s.press("t", "y") },
		ran1("drain 10.0.0.13:0 --service fwmark:7 --expire-templates --yes")},

	"Confirmation tab": {
		func(s *stage) { s.open(webID); s.press("f7", "tab", "left", "right", "enter") },
		ran1("weight tcp://192.0.2.10:80 10.0.0.11:80 6"),
	},
	"Confirmation enter": {func(s *stage) { s.open(webID); s.press("f7", "enter") }, nothing},
	"Confirmation y": {
		func(s *stage) { s.open(webID); s.press("f7", "y") },
		ran1("weight tcp://192.0.2.10:80 10.0.0.11:80 6"),
	},
	"Confirmation n": {func(s *stage) { s.open(webID); s.press("f7", "tab", "n") }, nothing},

	"Form up":    {func(s *stage) { s.press("a", "up") }, field1("one packet")},
	"Form down":  {func(s *stage) { s.press("a", "down", "tab") }, field1("flags")},
	"Form left":  {func(s *stage) { s.press("a", "down", "right", "right", "left") }, value("scheduler", "wrr")},
	"Form right": {func(s *stage) { s.press("a", "down", "right") }, value("scheduler", "wrr")},
	"Form enter": {func(s *stage) { s.press("a"); s.typed("fwmark:9"); s.press("enter") }, func(s *stage) bool {
		_, asks := s.m.over.(*confirm)
		return asks && nothing(s) && slices.Equal(s.tries, []string{"service add fwmark:9 --dry-run " + countItems})
	}},
	"Form esc": {func(s *stage) { s.press("a", "esc") }, nothing},

	"Filter line enter": {func(s *stage) { s.press("/", "7", "enter") }, shown("1 of 5 rows")},
	"Filter line esc": {
		func(s *stage) { s.press("/", "7", "esc") },
		func(s *stage) bool { return s.m.top().grid().filterText() == "" },
	},
	"Filter line up":   {func(s *stage) { s.press("end", "/", "up") }, row(3)},
	"Filter line down": {func(s *stage) { s.press("/", "down") }, row(1)},

	"Column chooser up": {
		func(s *stage) { s.press("C", "down", "down", "up", "s", "enter") },
		sorted("scheduler", false),
	},
	"Column chooser down":  {func(s *stage) { s.press("C", "down", "s", "enter") }, sorted("scheduler", false)},
	"Column chooser space": {func(s *stage) { s.press("C", "down", "space", "enter") }, hidden("SCHED")},
	"Column chooser K":     {func(s *stage) { s.press("C", "down", "K", "enter") }, shown("  SCHED SERVICE")},
	"Column chooser J":     {func(s *stage) { s.press("C", "J", "enter") }, shown("  SCHED SERVICE")},
	"Column chooser s":     {func(s *stage) { s.press("C", "s", "enter") }, sorted("service", true)},
	"Column chooser enter": {func(s *stage) { s.press("C", "space", "enter") }, hidden("SERVICE")},
	"Column chooser esc":   {func(s *stage) { s.press("C", "space", "esc") }, shown("SERVICE")},
}

func on(crumb string) func(*stage) bool {
	return func(s *stage) bool { return s.m.top().crumb() == crumb }
}
func shown(text string) func(*stage) bool {
	return func(s *stage) bool { return strings.Contains(s.screenText(), text) }
}
func hidden(text string) func(*stage) bool { return func(s *stage) bool { return !shown(text)(s) } }
func interval(d time.Duration) func(*stage) bool {
	return func(s *stage) bool { return s.m.o.Interval == d }
}
func row(n int) func(*stage) bool { return func(s *stage) bool { return cursor(s) == n } }
func sorted(key string, down bool) func(*stage) bool {
	return func(s *stage) bool {
		k, d := s.m.top().grid().sorted()
		return k == key && d == down && s.m.over == nil
	}
}
func ran1(line string) func(*stage) bool {
	return func(s *stage) bool {
		return len(s.runs) > 0 && s.runs[len(s.runs)-1] == line && s.m.log[len(s.m.log)-1].line == "lvs "+line
	}
}
func nothing(s *stage) bool { return len(s.runs) == 0 && s.k.Calls().Applies == 1 } // the table itself
func field1(label string) func(*stage) bool {
	return func(s *stage) bool { f, ok := s.m.over.(*form); return ok && f.fields[f.at].label == label }
}
func value(label, want string) func(*stage) bool {
	return func(s *stage) bool { f, ok := s.m.over.(*form); return ok && f.get(label) == want }
}

func cursor(s *stage) int { return s.m.roots[1].(*services).table.at }

// Every key in the help, the manual page and docs/top.md has a test in keyTests.
func TestEveryKey(t *testing.T) {
	tested := map[string]bool{}
	for _, g := range everyKey(newStage(t, nil).m) {
		for i := range g.keys {
			b := &g.keys[i]
			name := g.title + " " + b.keys[0]
			tested[name] = true
			t.Run(name, func(t *testing.T) {
				if b.help == "" || b.do == nil {
					t.Error("it is not explained, or it does nothing")
				}
				c, ok := keyTests[name]
				if !ok {
					t.Fatal("it has no test")
				}
				s := newStage(t, nil).table().connections().start()
				s.pass(3)
				c.play(s)
				if c.does != nil && !c.does(s) {
					t.Errorf("it does not do what it should; commands %q; the screen:\n%s", s.runs, s.screenText())
				}
				checkScreen(t, s.m, s.m.w, s.m.h)
			})
		}
	}
	for name := range keyTests {
		if !tested[name] {
			t.Errorf("%s: there is no such key", name)
		}
	}
}

// A keystroke has one meaning on a screen.
func TestKeysDoNotHideOneAnother(t *testing.T) {
	for _, play := range [][]string{
		{"1"}, {"2"}, {"3"}, {"4"}, {"5"}, {"2", "end", "enter"}, {"2", "end", "enter", "i"}, {"4", "enter"},
	} {
		t.Run(strings.Join(play, " "), func(t *testing.T) {
			s := newStage(t, nil).table().connections().start()
			s.pass(2)
			s.press(play...)
			seen := map[string]string{}
			for _, g := range s.m.bindings() {
				for _, b := range g.keys {
					for _, k := range b.keys {
						// The c of the command log copies the selected command instead of the last one.
						if other, ok := seen[k]; ok && !(k == "c" && g.title == globalTitle) {
							t.Errorf("%s on %s: %s, and %s", k, s.m.top().crumb(), other, b.help)
						}
						seen[k] = b.help
					}
				}
			}
		})
	}
}

// saved reports whether a file with the suffix was written and contains a text.
func saved(suffix, text string) func(*stage) bool {
	return func(s *stage) bool {
		b, err := os.ReadFile(filepath.Join(s.m.o.SaveDir, "lvs-top-20260301-120003"+suffix))
		return err == nil && strings.Contains(string(b), text)
	}
}
