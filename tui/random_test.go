package tui

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// Whatever keys are pressed and whatever happens to the table: the dashboard does
// not panic, the screen stays complete, and only a confirmed dialog changes the
// table, with the command line that it showed.
func TestRandomKeys(t *testing.T) {
	randomKeys(t, 1, "", func(s *stage, c *confirm, stroke string, before int) {
		if len(s.runs) == before {
			return
		}
		if len(s.runs) > before+1 || c == nil || stroke != "y" && stroke != "enter" || stroke == "enter" && !c.yes {
			t.Fatalf("%q ran %q without a confirmed dialog", stroke, s.runs[before:])
		}
		if want := lineOf(c.args); s.runs[before] != want {
			t.Fatalf("the dialog said %q, and %q ran", want, s.runs[before])
		}
	})
}

// A read-only dashboard runs no command line at all.
func TestRandomKeysReadOnly(t *testing.T) {
	randomKeys(t, 2, "--read-only was given", func(s *stage, _ *confirm, stroke string, _ int) {
		if len(s.runs)+len(s.tries) > 0 {
			t.Fatalf("%q ran %q %q", stroke, s.runs, s.tries)
		}
	})
}

func lineOf(args []string) string {
	out := ""
	for i, a := range args {
		if i > 0 {
			out += " "
		}
		out += a
	}
	return out
}

func randomKeys(
	t *testing.T, seed uint64, readOnly string, check func(s *stage, c *confirm, stroke string, before int),
) {
	steps := 100000
	if testing.Short() {
		steps = 5000
	}
	random := rand.New(rand.NewPCG(seed, 99))
	s := newStage(t, func(o *Options) { o.ReadOnly, o.ConfigDir = readOnly, t.TempDir() }).table().connections().start()
	strokes := everyStroke(s)
	for step := range steps {
		var last string
		switch n := random.IntN(100); {
		case n < 70:
			last = strokes[random.IntN(len(strokes))]
			c, _ := s.m.over.(*confirm)
			if c != nil {
				before := *c
				c = &before
			}
			before := len(s.runs)
			s.press(last)
			check(s, c, last, before)
		case n < 80:
			s.clock = s.clock.Add(time.Duration(random.IntN(1500)) * time.Millisecond)
			s.send(tickMsg{s.m.round})
		case n < 95:
			s.meddle(random)
		case n < 97:
			s.size(random.IntN(140), random.IntN(45))
		case n < 98:
			s.send(tea.PasteMsg{Content: "pasted\x1b[31m\n\ttext"})
		default:
			s.send(clockMsg{})
		}
		if step%20 == 0 {
			checkScreen(t, s.m, s.m.w, s.m.h)
		}
		if t.Failed() {
			t.Fatalf("step %d, after %q on %s:\n%s", step, last, s.m.top().crumb(), s.screenText())
		}
		s.quit = false
	}
	if readOnly == "" && len(s.runs) < steps/1000 {
		t.Errorf("only %d commands were run: the test does not open the dialogs", len(s.runs))
	}
}

// everyStroke returns all keys of the dashboard, and some others that are typed.
func everyStroke(s *stage) []string {
	var out []string
	for _, g := range everyKey(s.m) {
		for _, b := range g.keys {
			out = append(out, b.keys...)
		}
	}
	// S and J write a file each, with the same name within a second.
	out = slices.DeleteFunc(out, func(k string) bool { return k == "S" || k == "J" })
	return append(out, "0", "7", ".", "*", "(", "ä", "界", "!", "enter", "enter", "tab", "y", "ctrl+k")
}

// meddle changes the table as another process would.
func (s *stage) meddle(random *rand.Rand) {
	id := kernel.AddressID(kernel.TCP, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(random.IntN(8))}), 80))
	addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(random.IntN(6))}), 80)
	svc := kernel.Service{ServiceID: id, Scheduler: []string{"rr", "wrr", "wlc", "sh"}[random.IntN(4)]}
	forward := []kernel.Forward{kernel.NAT, kernel.Direct, kernel.Tunneling}[random.IntN(3)]
	srv := kernel.Server{Addr: addr, Forward: forward, Weight: random.IntN(4) * 50}
	apply := func(changes ...kernel.Change) { s.k.Apply(context.Background(), changes) }
	addServer := kernel.Change{Op: kernel.AddServer, Service: svc, Server: srv}
	switch random.IntN(12) {
	case 0, 1, 2:
		apply(kernel.Change{Op: kernel.AddService, Service: svc}, addServer)
	case 3, 4:
		apply(addServer)
	case 5:
		apply(kernel.Change{Op: kernel.DeleteService, Service: svc})
	case 6:
		apply(kernel.Change{Op: kernel.DeleteServer, Service: svc, Server: srv})
	case 7:
		apply(kernel.Change{Op: kernel.EditServer, Service: svc, Server: srv})
	case 8, 9:
		s.k.Traffic(id, addr, memory.Traffic{
			Add:    kernel.Counters{Connections: random.Uint64N(1000), BytesIn: random.Uint64N(1 << 40)},
			Active: random.Uint32(), Inactive: random.Uint32N(100), Persistent: random.Uint32N(3),
		})
	case 10:
		s.k.Zero(context.Background())
	case 11:
		switch random.IntN(3) {
		case 0:
			s.k.Unload()
		case 1:
			s.k.Deny()
		}
		s.clock = s.clock.Add(time.Second)
		s.send(tickMsg{s.m.round})
		s.k.Heal()
	}
}
