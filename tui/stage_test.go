package tui

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/output"
	"lvs/plan"
)

// stage is a dashboard without a terminal, with a clock that only the test moves.
// Commands run at once, and waits never end.
type stage struct {
	t     testing.TB
	m     *Model
	k     *memory.Kernel
	clock time.Time
	// runs are the command lines that were run, tries those with --dry-run.
	runs, tries []string
	// refuse makes every command line fail. same makes a dry run find nothing to change.
	refuse  string
	same    bool
	note    string // of a dry run
	quit    bool
	copied  []string
	waiting []tea.Cmd // commands that wait while held is set
	held    bool
}

func newStage(t testing.TB, change func(*Options)) *stage {
	s := &stage{t: t, k: memory.New(), clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s.k.Clock(func() time.Time { return s.clock })
	o := Options{
		Open: func() (kernel.Kernel, error) { return s.k, nil },
		Run:  s.run, Now: func() time.Time { return s.clock },
		Schedulers: []string{"wlc", "wrr", "rr"}, Host: "director", SaveDir: t.TempDir(),
		LastChange: func(context.Context) Change {
			return Change{Args: []string{"undo", "7", "--yes"}, Command: "lvs weight tcp://192.0.2.10:80 10.0.0.11:80 5"}
		},
	}
	if change != nil {
		change(&o)
	}
	s.m = newModel(t.Context(), o)
	s.m.after = func(time.Duration, tea.Msg) tea.Cmd { return nil }
	return s
}

// run replaces the command line. It sets weights and only records other commands.
func (s *stage) run(_ context.Context, args []string) Result {
	line := strings.Join(args, " ")
	if slices.Contains(args, "--dry-run") {
		s.tries = append(s.tries, line)
		if s.refuse != "" {
			return Result{Err: s.refuse, Status: 2}
		}
		if slices.Contains(args, countItems) {
			if s.same {
				return Result{Out: "0\n", Err: s.note}
			}
			return Result{Out: "1\n", Err: s.note}
		}
		if len(args) > 1 && args[1] == "delete" {
			return Result{Out: s.deletion(args)}
		}
		if slices.Contains(args, "--output=json") {
			return Result{Out: weightJSON(s.t, "10.0.0.12:80", 0, 3)}
		}
		return Result{Out: "~ tcp://192.0.2.10:80 10.0.0.11:80  weight 5 -> 4\n1 server to change\n"}
	}
	s.runs = append(s.runs, line)
	if s.refuse != "" {
		return Result{Err: s.refuse, Status: 3}
	}
	if args[0] == "weight" {
		id, _ := kernel.ParseServiceID(args[1])
		addr, _ := kernel.ParseAddrPort(args[2])
		snap, err := s.k.Snapshot(context.Background(), id)
		if err != nil {
			return Result{Err: "lvs: " + err.Error() + "\n", Status: 4}
		}
		for _, v := range snap.Services[0].Servers {
			if v.Addr == addr {
				fmt.Sscan(args[3], &v.Weight)
				s.k.Apply(context.Background(), []kernel.Change{
					{Op: kernel.EditServer, Service: kernel.Service{ServiceID: id}, Server: v.Server},
				})
			}
		}
	}
	return Result{}
}

// deletion returns what a dry run of a deletion prints as JSON.
func (s *stage) deletion(args []string) string {
	id, _ := kernel.ParseServiceID(args[2])
	c := kernel.Change{Op: kernel.DeleteService, Service: kernel.Service{ServiceID: id}}
	if args[0] == "server" {
		c.Op = kernel.DeleteServer
		c.Server.Addr, _ = kernel.ParseAddrPort(args[3])
	}
	snap, err := s.k.Snapshot(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	rules, err := plan.ReadRules(context.Background(), s.k)
	if err != nil {
		s.t.Fatal(err)
	}
	cost := plan.Costs(snap, []kernel.Change{c}, rules)[0]
	row := output.Change{Op: c.Op.String(), Service: id, Server: c.Server.Addr, Cost: &cost, DryRun: true}
	var b strings.Builder
	p, err := output.New(&b, output.Options{Format: "json"})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := p.Changes([]output.Change{row}); err != nil {
		s.t.Fatal(err)
	}
	return b.String()
}

func weightJSON(t testing.TB, server string, before, after int) string {
	row := output.ChangeRow{Op: "edit-server", Service: new("tcp://192.0.2.10:80"), Server: &server,
		Before: &output.SettingsRow{Weight: &before}, After: &output.SettingsRow{Weight: &after}, Status: "planned"}
	b, err := json.Marshal(map[string]any{"items": []output.ChangeRow{row}})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// send sends a message and runs the command that it returns.
func (s *stage) send(msg tea.Msg) {
	s.exec(s.m.update(msg))
}

func (s *stage) exec(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if s.held {
		s.waiting = append(s.waiting, cmd)
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			s.exec(c)
		}
	case tea.QuitMsg:
		s.quit = true
	default:
		if strings.HasSuffix(fmt.Sprintf("%T", msg), "setClipboardMsg") {
			s.copied = append(s.copied, fmt.Sprint(msg))
			return
		}
		s.send(msg)
	}
}

// start reads the table for the first time.
func (s *stage) start() *stage {
	s.exec(s.m.Init())
	return s
}

// pass lets seconds pass, with one reading of the table per second.
func (s *stage) pass(seconds int) {
	for range seconds {
		s.clock = s.clock.Add(time.Second)
		s.send(tickMsg{s.m.round})
	}
}

// press sends keystrokes, by their names in Bubble Tea.
func (s *stage) sysctl(name, value string) {
	if err := s.k.SetSysctl(context.Background(), name, value); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) press(strokes ...string) {
	for _, k := range strokes {
		s.send(stroke(k))
	}
}

// typed types text.
func (s *stage) typed(text string) {
	for _, r := range text {
		s.send(stroke(string(r)))
	}
}

var named = map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab,
	"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
	"home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
	"backspace": tea.KeyBackspace, "delete": tea.KeyDelete, "space": tea.KeySpace,
	"f1": tea.KeyF1, "f4": tea.KeyF4, "f5": tea.KeyF5,
	"f6": tea.KeyF6, "f7": tea.KeyF7, "f8": tea.KeyF8}

// stroke returns the message of a key.
func stroke(name string) tea.KeyPressMsg {
	var k tea.Key
	rest := name
	for {
		if after, ok := strings.CutPrefix(rest, "ctrl+"); ok {
			k.Mod |= tea.ModCtrl
			rest = after
		} else if after, ok := strings.CutPrefix(rest, "shift+"); ok {
			k.Mod |= tea.ModShift
			rest = after
		} else {
			break
		}
	}
	if code, ok := named[rest]; ok {
		k.Code = code
		if rest == "space" {
			k.Text = " "
		}
		return tea.KeyPressMsg(k)
	}
	k.Code = []rune(rest)[0]
	if k.Mod == 0 {
		k.Text = rest
	}
	return tea.KeyPressMsg(k)
}

// screenText returns the whole screen without looks.
func (s *stage) screenText() string {
	var b strings.Builder
	for _, l := range s.m.lines() {
		b.WriteString(l.String())
		b.WriteByte('\n')
	}
	return b.String()
}

func (s *stage) size(w, h int) { s.send(tea.WindowSizeMsg{Width: w, Height: h}) }

// shows fails if a text is not on the screen.
func (s *stage) shows(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if screen := s.screenText(); !strings.Contains(screen, text) {
			s.t.Errorf("the screen does not show %q:\n%s", text, screen)
		}
	}
}

// The table of the stage: a web service behind NAT, one behind direct routing,
// a firewall mark with tunnels, a service without servers, one of IPv6.
var (
	webID    = kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.10:80"))
	mailID   = kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.20:25"))
	markID   = kernel.MarkID(7, kernel.IPv4)
	emptyID  = kernel.AddressID(kernel.UDP, netip.MustParseAddrPort("192.0.2.30:53"))
	sixID    = kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("[2001:db8::10]:443"))
	serverOf = func(n, port int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)}), uint16(port))
	}
)

func (s *stage) table() *stage {
	s.t.Helper()
	svc := func(id kernel.ServiceID, scheduler string) kernel.Change {
		return kernel.Change{Op: kernel.AddService, Service: kernel.Service{ServiceID: id, Scheduler: scheduler}}
	}
	srv := func(id kernel.ServiceID, addr netip.AddrPort, f kernel.Forward, weight int) kernel.Change {
		return kernel.Change{Op: kernel.AddServer, Service: kernel.Service{ServiceID: id},
			Server: kernel.Server{Addr: addr, Forward: f, Weight: weight}}
	}
	mark := svc(markID, "wlc")
	mark.Service.Persistence = 6 * time.Minute
	changes := []kernel.Change{
		svc(webID, "wrr"), svc(mailID, "wlc"), mark, svc(emptyID, "rr"), svc(sixID, "sh"),
		srv(webID, serverOf(11, 80), kernel.NAT, 5),
		srv(webID, serverOf(12, 80), kernel.NAT, 3),
		srv(webID, serverOf(13, 80), kernel.NAT, 0),
		srv(mailID, serverOf(11, 25), kernel.Direct, 1), srv(mailID, serverOf(12, 25), kernel.Direct, 1),
		srv(markID, serverOf(13, 0), kernel.Tunneling, 100), srv(markID, serverOf(14, 0), kernel.Tunneling, 50),
		srv(sixID, netip.MustParseAddrPort("[2001:db8::1:1]:443"), kernel.NAT, 0),
	}
	if err := s.k.Apply(context.Background(), changes); err != nil {
		s.t.Fatal(err)
	}
	s.traffic(1)
	return s
}

// traffic adds the traffic of two seconds, n times.
func (s *stage) traffic(n uint64) {
	add := func(id kernel.ServiceID, addr netip.AddrPort, conns uint64, active, inactive, persistent uint32, out bool) {
		c := kernel.Counters{Connections: conns * n, PacketsIn: conns * n * 10, BytesIn: conns * n * 4000}
		if out {
			c.PacketsOut, c.BytesOut = conns*n*12, conns*n*60000
		}
		s.k.Traffic(id, addr, memory.Traffic{Add: c, Rates: kernel.Rates{Connections: conns / 2},
			Active: active, Inactive: inactive, Persistent: persistent})
	}
	add(webID, serverOf(11, 80), 50, 120, 300, 0, true)
	add(webID, serverOf(12, 80), 31, 1180, 200, 0, true)
	add(webID, serverOf(13, 80), 0, 17, 4, 0, true)
	add(mailID, serverOf(11, 25), 3, 2, 1, 0, false)
	add(mailID, serverOf(12, 25), 2, 3, 0, 0, false)
	add(markID, serverOf(13, 0), 400, 90000, 1234567, 21, false)
	add(markID, serverOf(14, 0), 180, 45000, 600000, 8, false)
}

// connections fills the connection table.
func (s *stage) connections() *stage {
	var list []kernel.Connection
	for i := range 60 {
		state, left := "ESTABLISHED", 15*time.Minute-time.Duration(i*20)*time.Second
		if i%3 == 0 {
			state, left = "FIN_WAIT", time.Duration(i)*time.Second
		}
		if i%4 == 0 {
			state, left = "ESTABLISHED", 14*time.Minute
		}
		list = append(list, kernel.Connection{Protocol: kernel.TCP,
			Client:  netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(100 + i%4), byte(i)}), uint16(40000+i)),
			Virtual: webID.AddrPort(), Server: serverOf(11+i%3, 80), State: state, Expires: left})
	}
	list = append(list, kernel.Connection{Client: netip.MustParseAddrPort("203.0.113.9:0"),
		Virtual: netip.MustParseAddrPort("0.0.0.7:0"), Server: serverOf(13, 0), State: "NONE", Expires: 5 * time.Minute})
	s.k.SetConnections(list...)
	return s
}

func trafficOf(active uint32) memory.Traffic {
	return memory.Traffic{Active: active, Inactive: 3}
}

func clientOf(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{100 + byte(n>>16), byte(n >> 8), byte(n), 1}), 1000)
}
