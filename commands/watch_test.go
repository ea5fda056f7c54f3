package commands

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// film is a watch that runs scene by scene: each wait plays the next scene and takes as long
// as requested. After the last scene, --timeout ends the watch.
type film struct {
	app    *App
	kernel *memory.Kernel
	// late is how much longer than requested a wait takes.
	late  time.Duration
	now   time.Time
	waits []time.Duration
	opens int
	out   func() string
	notes func() string
}

func newFilm(k *memory.Kernel, scenes ...func()) *film {
	app, out, notes := testApp(k)
	f := &film{app: app, kernel: k, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), out: out.String, notes: notes.String}
	app.Now = func() time.Time { return f.now }
	k.Clock(app.Now)
	open := app.OpenKernel
	app.OpenKernel = func(o kernel.Options) (kernel.Kernel, error) { f.opens++; return open(o) }
	app.Sleep = func(ctx context.Context, d time.Duration) error {
		f.waits = append(f.waits, d)
		f.now = f.now.Add(d + f.late)
		if len(scenes) == 0 {
			return context.DeadlineExceeded
		}
		scenes[0]()
		scenes = scenes[1:]
		return ctx.Err()
	}
	return f
}

// play runs the watch and returns its lines as CSV without the column names.
func (f *film) play(t *testing.T, columns string, args ...string) []string {
	t.Helper()
	args = append([]string{"watch", "-o", "csv", "--no-headers", "--columns", columns}, args...)
	if status := f.app.Run(t.Context(), args); status != exitDone {
		t.Fatalf("exit status %d: %s", status, f.notes())
	}
	return lines(f.out())
}

func lines(s string) []string {
	return slices.DeleteFunc(strings.Split(s, "\n"), func(s string) bool { return s == "" })
}

var (
	web    = mustService("tcp://192.0.2.10:80")
	dns    = mustService("udp://192.0.2.10:53")
	first  = netip.MustParseAddrPort("10.0.0.11:80")
	second = netip.MustParseAddrPort("10.0.0.12:80")
)

func mustService(s string) kernel.ServiceID {
	id, err := kernel.ParseServiceID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// change makes one change in the kernel.
func change(t *testing.T, k kernel.Kernel, op kernel.Op, id kernel.ServiceID, scheduler string,
	s kernel.Server) func() {
	return func() {
		t.Helper()
		c := kernel.Change{Op: op, Service: kernel.Service{ServiceID: id, Scheduler: scheduler}, Server: s}
		if err := k.Apply(context.Background(), []kernel.Change{c}); err != nil {
			t.Fatal(err)
		}
	}
}

func together(scenes ...func()) func() {
	return func() {
		for _, s := range scenes {
			s()
		}
	}
}

func idle() {}

// table has the service web with two servers by NAT, and dns without servers.
func table(t *testing.T) *memory.Kernel {
	k := memory.New()
	together(
		change(t, k, kernel.AddService, web, "wlc", kernel.Server{}),
		change(t, k, kernel.AddServer, web, "", kernel.Server{Addr: first, Forward: kernel.NAT, Weight: 3}),
		change(t, k, kernel.AddServer, web, "", kernel.Server{Addr: second, Forward: kernel.NAT, Weight: 1}),
		change(t, k, kernel.AddService, dns, "rr", kernel.Server{}),
	)()
	return k
}

// Each change is printed once, after the next reading.
func TestWatchPrintsEachChangeOnce(t *testing.T) {
	k := table(t)
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	ctx := t.Context()
	master := kernel.Daemon{Role: kernel.Master, Interface: "eth0", ID: 7}
	f := newFilm(k,
		idle,
		change(t, k, kernel.EditServer, web, "", kernel.Server{Addr: first, Forward: kernel.NAT, Weight: 0, Upper: 9}),
		idle,
		together(
			change(t, k, kernel.DeleteServer, web, "", kernel.Server{Addr: second}),
			change(t, k, kernel.AddServer, dns, "",
				kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.13:53"), Forward: kernel.Direct, Weight: 1}),
		),
		change(t, k, kernel.EditService, dns, "sh", kernel.Server{}),
		func() { must(k.SetTimeouts(ctx, kernel.Timeouts{UDP: time.Minute})) },
		func() { must(k.StartDaemon(ctx, master)) },
		func() {
			must(k.StopDaemon(ctx, kernel.Master))
			must(k.StartDaemon(ctx, kernel.Daemon{Role: kernel.Master, Interface: "eth0", ID: 8}))
		},
		change(t, k, kernel.DeleteService, web, "", kernel.Server{}),
		idle,
	)
	got := f.play(t, "time,op,service,server,before,after")
	for i, line := range got { // what the daemon's defaults are is not the matter here
		got[i], _, _ = strings.Cut(line, ",group=")
	}
	want := []string{
		`2026-03-04T05:06:09.000Z,edit-server,tcp://192.0.2.10:80,10.0.0.11:80,"weight=3,upper=-","weight=0,upper=9"`,
		`2026-03-04T05:06:11.000Z,add-server,udp://192.0.2.10:53,10.0.0.13:53,,"forward=direct,weight=1"`,
		`2026-03-04T05:06:11.000Z,delete-server,tcp://192.0.2.10:80,10.0.0.12:80,"forward=nat,weight=1",`,
		`2026-03-04T05:06:12.000Z,edit-service,udp://192.0.2.10:53,,scheduler=rr,scheduler=sh`,
		`2026-03-04T05:06:13.000Z,set-timeouts,,,udp=5m,udp=1m`,
		`2026-03-04T05:06:14.000Z,start-sync-master,,,,"interface=eth0,id=7`,
		`2026-03-04T05:06:15.000Z,stop-sync-master,,,id=7,`,
		`2026-03-04T05:06:15.000Z,start-sync-master,,,,id=8`,
		`2026-03-04T05:06:16.000Z,delete-service,tcp://192.0.2.10:80,,scheduler=wlc,`,
	}
	if diff := cmp.Diff(want[:6], got[:6]); diff != "" {
		t.Error(diff)
	}
	if len(got) != len(want) || !strings.Contains(got[6], "stop-sync-master") ||
		!strings.Contains(got[7], "start-sync-master") || got[8] != want[8] {
		t.Errorf("%q", got)
	}
	if f.notes() != "" {
		t.Errorf("it prints %q", f.notes())
	}
}

// --initial prints the present table as changes that create it.
func TestWatchInitial(t *testing.T) {
	k := table(t)
	f := newFilm(k, change(t, k, kernel.DeleteService, dns, "", kernel.Server{}))
	got := f.play(t, "initial,op,service,server", "--initial")
	want := []string{
		"true,add-service,udp://192.0.2.10:53,",
		"true,add-service,tcp://192.0.2.10:80,",
		"true,add-server,tcp://192.0.2.10:80,10.0.0.11:80",
		"true,add-server,tcp://192.0.2.10:80,10.0.0.12:80",
		"true,set-timeouts,,",
		",delete-service,udp://192.0.2.10:53,",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// With SERVICE, only these services are printed; one may be added later.
func TestWatchNamed(t *testing.T) {
	k := table(t)
	late := mustService("fwmark:7")
	f := newFilm(k,
		change(t, k, kernel.DeleteService, dns, "", kernel.Server{}),
		func() { k.SetTimeouts(t.Context(), kernel.Timeouts{UDP: time.Minute}) },
		change(t, k, kernel.AddService, late, "rr", kernel.Server{}),
		change(t, k, kernel.DeleteService, web, "", kernel.Server{}),
	)
	got := f.play(t, "op,service", "fwmark:7", web.String())
	if diff := cmp.Diff([]string{"add-service,fwmark:7", "delete-service,tcp://192.0.2.10:80"}, got); diff != "" {
		t.Error(diff)
	}
}

// Readings stay on time: if one is late, the next wait is shorter. A reading that is late by
// a whole interval is skipped.
func TestWatchKeepsTime(t *testing.T) {
	f := newFilm(table(t), idle, idle)
	f.late = 300 * time.Millisecond
	f.play(t, "op")
	want := []time.Duration{time.Second, 700 * time.Millisecond, 700 * time.Millisecond}
	if diff := cmp.Diff(want, f.waits); diff != "" {
		t.Error(diff)
	}
	f = newFilm(table(t), idle, idle)
	f.late = 10 * time.Second
	f.play(t, "op")
	if diff := cmp.Diff([]time.Duration{time.Second, time.Second, time.Second}, f.waits); diff != "" {
		t.Error(diff)
	}
}

// It is printed once that IPVS is unloaded, and once that it is back. In between, nothing may
// open it, because that would load it.
func TestWatchOutlivesIPVS(t *testing.T) {
	k := table(t)
	opensWithout := 0
	var f *film
	f = newFilm(k,
		k.Unload, idle, idle,
		func() {
			opensWithout = f.opens
			k.Heal()
			change(t, k, kernel.DeleteService, dns, "", kernel.Server{})()
		},
		idle,
	)
	got := f.play(t, "op,service")
	if diff := cmp.Diff([]string{"delete-service,udp://192.0.2.10:53"}, got); diff != "" {
		t.Error(diff)
	}
	if want := "lvs: IPVS is no longer loaded: waiting until it is back\nlvs: IPVS is back\n"; f.notes() != want {
		t.Errorf("it prints %q, want %q", f.notes(), want)
	}
	if opensWithout != 1 || f.opens != 2 {
		t.Errorf("opened %d times before it was back, %d in all", opensWithout, f.opens)
	}
}

// At the start, IPVS must be loaded.
func TestWatchNeedsIPVSToBegin(t *testing.T) {
	k := table(t)
	k.Unload()
	f := newFilm(k)
	if status := f.app.Run(t.Context(), []string{"watch"}); status != exitUnavailable || f.out() != "" {
		t.Errorf("exit status %d, output %q", status, f.out())
	}
}

// brokenReads is a kernel whose readings of the whole table pass through read.
// Nil leaves them as they are.
type brokenReads struct {
	*memory.Kernel
	read func(*kernel.Snapshot) (*kernel.Snapshot, error)
}

func (b *brokenReads) Snapshot(ctx context.Context, only ...kernel.ServiceID) (*kernel.Snapshot, error) {
	s, err := b.Kernel.Snapshot(ctx, only...)
	if err != nil || b.read == nil {
		return s, err
	}
	return b.read(s)
}

func TestWatchOutlivesInterruptedReads(t *testing.T) {
	b := &brokenReads{Kernel: table(t)}
	fails := func(*kernel.Snapshot) (*kernel.Snapshot, error) {
		return nil, &kernel.Error{Op: "list services", Err: errors.New("the table changed while it was read")}
	}
	f := newFilm(b.Kernel,
		func() { b.read = fails }, idle,
		func() { b.read = nil; change(t, b, kernel.DeleteService, dns, "", kernel.Server{})() },
		idle,
	)
	f.app.OpenKernel = func(kernel.Options) (kernel.Kernel, error) { return b, nil }
	if diff := cmp.Diff([]string{"delete-service"}, f.play(t, "op")); diff != "" {
		t.Error(diff)
	}
	want := "lvs: list services: the table changed while it was read: trying again\nlvs: the table can be read again\n"
	if f.notes() != want {
		t.Errorf("it prints %q, want %q", f.notes(), want)
	}
}

// A change by another process may disturb a listing, so that a service is missing once or is
// listed twice. This is not an event.
func TestWatchBelievesTwoLooks(t *testing.T) {
	b := &brokenReads{Kernel: table(t)}
	once := func(tear func(*kernel.Snapshot)) func() {
		return func() {
			b.read = func(s *kernel.Snapshot) (*kernel.Snapshot, error) {
				b.read = nil
				tear(s)
				return s, nil
			}
		}
	}
	lost := once(func(s *kernel.Snapshot) { s.Services = s.Services[1:] })
	twice := once(func(s *kernel.Snapshot) { s.Services = slices.Insert(s.Services, 0, s.Services[0]) })
	f := newFilm(b.Kernel, lost, twice, idle)
	f.app.OpenKernel = func(kernel.Options) (kernel.Kernel, error) { return b, nil }
	lost() // already at the start
	if got := f.play(t, "op,service"); len(got) > 0 {
		t.Errorf("nothing has changed, and it prints %q", got)
	}
}

// Without privilege, watch shows only what every user can read.
func TestWatchWithoutPrivilege(t *testing.T) {
	k := table(t)
	k.Deny()
	f := newFilm(k,
		func() {
			k.Heal()
			change(t, k, kernel.EditServer, web, "", kernel.Server{Addr: first, Forward: kernel.NAT, Weight: 3, Upper: 100})()
			k.Deny()
		},
		func() {
			k.Heal()
			change(t, k, kernel.EditServer, web, "", kernel.Server{Addr: first, Forward: kernel.NAT, Weight: 2, Upper: 100})()
			k.Deny()
		},
	)
	args := []string{"watch", "--jq", `[.op, .before.weight, .after.weight, .after.upper, .after.lower] | join(" ")`}
	if status := f.app.Run(t.Context(), args); status != exitDone {
		t.Fatalf("exit status %d: %s", status, f.notes())
	}
	if f.out() != "edit-server 3 2  \n" {
		t.Errorf("it prints %q", f.out())
	}
	if n := strings.Count(f.notes(), "\n"); n != 1 || !strings.HasPrefix(f.notes(), "lvs: without privilege: ") {
		t.Errorf("it prints %q", f.notes())
	}
	f = newFilm(k)
	if status := f.app.Run(t.Context(), []string{"watch", "--rates"}); status != exitPermission || f.out() != "" {
		t.Errorf("rates: exit status %d, output %q", status, f.out())
	}
}

// The exit status, and a complete document in each case.
func TestWatchEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	for _, c := range []struct {
		name   string
		args   []string
		scene  func()
		status int
		says   string
	}{
		{"timeout", []string{"--timeout", "1h"}, idle, exitDone, ""},
		{"timeout of a document", []string{"--timeout", "1h", "-o", "json"}, idle, exitDone, ""},
		{"timeout before the last interval", []string{"--timeout", "1h", "-c", "9", "-o", "json"}, idle, exitTimeout,
			"timed out after 1h"},
		{"the last interval", []string{"-c", "1", "-o", "json"}, idle, exitDone, ""},
		{"interrupt", []string{"-c", "9", "-o", "json"}, cancel, exitInterrupted, "interrupted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFilm(table(t), c.scene)
			run := context.Background()
			if c.status == exitInterrupted {
				run = ctx
			}
			status := f.app.Run(run, append([]string{"watch"}, c.args...))
			if status != c.status || !strings.Contains(f.notes(), c.says) || c.says == "" && f.notes() != "" {
				t.Errorf("exit status %d, want %d; it prints %q", status, c.status, f.notes())
			}
			if slices.Contains(c.args, "json") && !strings.HasSuffix(f.out(), `"items":[]}`+"\n") {
				t.Errorf("the document ends in %q", f.out())
			}
		})
	}
}
