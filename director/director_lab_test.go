package director

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lvs/cluster"
	"lvs/director/health"
	"lvs/kernel"
	"lvs/lab"
	"lvs/operate/state"
	"lvs/plan"
	"lvs/plan/journal"
)

// tableDirector is a director with the real kernel and the real checks. Its servers are
// sockets of the loopback interface.
type tableDirector struct {
	t         *testing.T
	k         kernel.Kernel // another one than the director's
	o         Options
	listeners map[int]net.Listener
	end       func()
}

func loopback(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, byte(n)}), 8080)
}

func newTableDirector(t *testing.T, servers ...int) *tableDirector {
	ns := lab.Need(t)
	open := func() kernel.Kernel {
		k, err := kernel.Open(kernel.Options{Netns: ns.Path()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { k.Close() })
		return k
	}
	d := &tableDirector{t: t, k: open(), listeners: map[int]net.Listener{}}
	s := serviceOf(1)
	s.Scheduler = "rr"
	for _, n := range servers {
		v := kernel.Server{Addr: loopback(n), Weight: 1, Forward: kernel.NAT}
		s.Service.Servers = append(s.Service.Servers, v)
		s.Members = append(s.Members, Member{Server: v, Check: &Check{Probe: health.Probe{
			Target: health.Target{Addr: v.Addr, Netns: ns.Path()}, Spec: health.Spec{Kind: health.TCP},
			Timing: health.Timing{}.WithDefaults()}}})
		d.listen(n)
	}
	table, err := kernel.Identity(ns.Path())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	d.o = Options{Kernel: open(), Table: table, State: state.Folder{Dir: dir}, Journal: &journal.Journal{Dir: dir},
		Load: func(context.Context) (*Model, error) {
			m := testModel(s)
			m.Settings.Sysctl, m.Wanted = "set", &cluster.Wanted{}
			return m, nil
		},
		Prober: func(report func(health.Report)) Prober { return health.NewEngine(health.Options{Report: report}) },
	}
	return d
}

func (d *tableDirector) listen(n int) {
	d.t.Helper()
	l, err := net.Listen("tcp", loopback(n).String())
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { l.Close() })
	d.listeners[n] = l
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
}

// run starts the director. end stops it.
func (d *tableDirector) run() *Director {
	d.t.Helper()
	ready := make(chan struct{})
	o := d.o
	o.Ready = func() { close(ready) }
	one := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- one.Run(ctx) }()
	d.end = func() {
		cancel()
		if err := <-ended; err != nil {
			d.t.Error(err)
		}
	}
	select {
	case <-ready:
	case err := <-ended:
		d.t.Fatal(err)
	}
	return one
}

// expect waits until the table has these weights, and returns how long it took.
func (d *tableDirector) expect(want string, most time.Duration, servers ...int) time.Duration {
	d.t.Helper()
	began := time.Now()
	lab.Eventually(d.t, most, func() error {
		table, err := d.k.Snapshot(context.Background())
		if err != nil {
			return err
		}
		text := ""
		e := table.Find(serviceID(1))
		for _, n := range servers {
			weight := -1
			if v := e.Server(loopback(n)); v != nil {
				weight = v.Weight
			}
			text += fmt.Sprint(" ", weight)
		}
		if text != " "+want {
			return fmt.Errorf("weights%s, want %s", text, want)
		}
		return nil
	})
	return time.Since(began)
}

// TestDirectorOnKernel keeps a table of the real kernel by real checks: a refused server
// is masked and comes back, drift is repaired, a restart changes nothing, and others'
// services stay.
func TestDirectorOnKernel(t *testing.T) {
	d := newTableDirector(t, 1, 2, 3)
	other := kernel.Service{ServiceID: serviceID(9), Scheduler: "rr"}
	if err := d.k.Apply(t.Context(), []kernel.Change{{Op: kernel.AddService, Service: other}}); err != nil {
		t.Fatal(err)
	}
	one := d.run()
	d.expect("1 1 1", 10*time.Second, 1, 2, 3)
	d.listeners[2].Close()
	took := d.expect("1 0 1", 5*time.Second, 1, 2, 3)
	t.Logf("a refused server was masked after %v", took)
	if took > 3300*time.Millisecond {
		t.Errorf("masked after %v, more than 3.3 s", took)
	}
	drained, err := one.Decide(t.Context(), Decision{Action: DoDrain, Command: "lvs drain", User: "root",
		Servers: []kernel.ServerKey{{Service: serviceID(1), Server: loopback(3)}}})
	if err != nil || len(drained) != 1 || drained[0].InForce != 0 || drained[0].Why != ByDrain {
		t.Errorf("%+v, %v", drained, err)
	}
	d.expect("1 0 0", 0, 1, 2, 3)
	checked, err := one.Check(t.Context(), []kernel.ServerKey{{Service: serviceID(1), Server: loopback(2)}})
	if err != nil || checked[0].Health.Probes[0].State.Last.Reason != health.Refused {
		t.Errorf("%+v, %v", checked, err)
	}
	entries, err := d.o.Journal.Entries(d.o.Table)
	if err != nil || len(entries) < 3 || entries[len(entries)-1].Command != "lvs drain" {
		t.Errorf("the journal has %+v, %v", entries, err)
	}
	d.end()
	before, err := d.k.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.listen(2)
	d.run()
	d.expect("1 1 0", 10*time.Second, 1, 2, 3)
	after, err := d.k.Snapshot(t.Context())
	if err != nil || after.Find(serviceID(9)) == nil || before.Find(serviceID(9)) == nil {
		t.Errorf("the service of others is gone: %v", err)
	}
	change := weightOf(1, 1, 7)
	change.Server = kernel.Server{Addr: loopback(1), Weight: 7, Forward: kernel.NAT}
	if err := d.k.Apply(t.Context(), []kernel.Change{change}); err != nil {
		t.Fatal(err)
	}
	d.expect("1 1 0", 15*time.Second, 1, 2, 3)
	d.end()
	d.expect("1 1 0", 0, 1, 2, 3)
}

// BenchmarkResync reads and compares a table of 1,000 services with 20 servers each that is
// as wanted, beside a plain reading.
func BenchmarkResync(b *testing.B) {
	ns := lab.Need(b)
	k, err := kernel.Open(kernel.Options{Netns: ns.Path()})
	if err != nil {
		b.Fatal(err)
	}
	defer k.Close()
	c := largeCore(b, k, 1000, 20)
	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if _, err := k.Snapshot(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("resync", func(b *testing.B) {
		for b.Loop() {
			c.resyncAt = time.Time{}
			c.work(b.Context(), nil)
		}
	})
}

// largeCore returns a core whose table is as wanted.
func largeCore(t testing.TB, k kernel.Kernel, services, servers int) *core {
	t.Helper()
	m := &Model{Wanted: &cluster.Wanted{}, Settings: Settings{OnStop: "keep", Drift: RepairDrift, Sysctl: "check"}}
	for i := range services {
		s := serviceOf(1)
		s.Service = plan.Service{Service: kernel.Service{Scheduler: "wlc", ServiceID: kernel.AddressID(kernel.TCP,
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), 80))}}
		for n := range servers {
			v := kernel.Server{Addr: serverAddr(n + 1), Weight: 10, Forward: kernel.Direct}
			s.Service.Servers = append(s.Service.Servers, v)
			s.Members = append(s.Members, Member{Server: v, Check: tcpCheck(n + 1)})
		}
		m.Services = append(m.Services, s)
	}
	dir := t.TempDir()
	d := New(Options{Kernel: k, Table: "boot/netns-1", State: state.Folder{Dir: dir}})
	d.prober = &fakeProber{}
	if err := d.begin(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	reports := map[health.Key]health.Report{}
	for key := range d.probes {
		reports[key] = health.Report{Key: key, State: health.State{Verdict: health.Up, Since: time.Now()}}
	}
	d.work(t.Context(), reports)
	for d.work(t.Context(), nil) == 0 {
	}
	return d.core
}

// TestDirectorOnFullDisk masks a failed server although nothing can be written.
func TestDirectorOnFullDisk(t *testing.T) {
	d := newTableDirector(t, 1, 2)
	dir := filepath.Join(d.o.State.Dir, "small")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=0700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	d.o.State.Dir, d.o.Journal.Dir = dir, dir
	one := d.run()
	d.expect("1 1", 10*time.Second, 1, 2)
	f, err := os.Create(filepath.Join(dir, "fill"))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := f.Write(make([]byte, 1<<20)); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("wrote %d bytes: %v", n, err)
	}
	f.Close()
	d.listeners[1].Close()
	d.expect("0 1", 5*time.Second, 1, 2)
	lab.Eventually(t, 10*time.Second, func() error {
		for _, a := range one.Status().Alarms {
			if a.Code == AlarmState && strings.Contains(a.What, "no space left") {
				return nil
			}
		}
		return errors.New("no alarm")
	})
	if err := os.Remove(f.Name()); err != nil {
		t.Fatal(err)
	}
	d.listen(1)
	d.expect("1 1", 10*time.Second, 1, 2)
	lab.Eventually(t, 10*time.Second, func() error {
		for _, a := range one.Status().Alarms {
			if a.Code == AlarmState {
				return fmt.Errorf("alarm %+v", a)
			}
		}
		return nil
	})
	d.end()
}
