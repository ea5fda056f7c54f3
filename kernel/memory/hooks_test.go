package memory

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"lvs/kernel"

	"github.com/google/go-cmp/cmp"
)

// requests returns all requests to a kernel: those that need a privilege, and those
// of every user.
func requests(k *Kernel) (admins, everyones map[string]func(context.Context) error) {
	return map[string]func(context.Context) error{
			"Info":     func(ctx context.Context) error { _, err := k.Info(ctx); return err },
			"Snapshot": func(ctx context.Context) error { _, err := k.Snapshot(ctx); return err },
			"Services": func(ctx context.Context) error { _, err := k.Services(ctx); return err },
			"Servers": func(ctx context.Context) error {
				_, err := k.Servers(ctx, kernel.MarkID(7, kernel.IPv6), nil)
				return err
			},
			"Zero":        func(ctx context.Context) error { return k.Zero(ctx) },
			"Flush":       func(ctx context.Context) error { return k.Flush(ctx) },
			"Timeouts":    func(ctx context.Context) error { _, err := k.Timeouts(ctx); return err },
			"SetTimeouts": func(ctx context.Context) error { return k.SetTimeouts(ctx, kernel.Timeouts{}) },
			"Daemons":     func(ctx context.Context) error { _, err := k.Daemons(ctx); return err },
			"StartDaemon": func(ctx context.Context) error { return k.StartDaemon(ctx, kernel.Daemon{}) },
			"StopDaemon":  func(ctx context.Context) error { return k.StopDaemon(ctx, kernel.Master) },
			"SetSysctl":   func(ctx context.Context) error { return k.SetSysctl(ctx, "conntrack", "1") },
			"Apply": func(ctx context.Context) error {
				gone := kernel.Service{ServiceID: kernel.MarkID(7, kernel.IPv6)}
				return k.Apply(ctx, []kernel.Change{{Op: kernel.DeleteService, Service: gone}})
			},
		}, map[string]func(context.Context) error{
			"PublicSnapshot": func(ctx context.Context) error { _, err := k.PublicSnapshot(ctx); return err },
			"Totals":         func(ctx context.Context) error { _, err := k.Totals(ctx); return err },
			"TableStatus":    func(ctx context.Context) error { _, err := k.TableStatus(ctx); return err },
			"Sysctls":        func(ctx context.Context) error { _, err := k.Sysctls(ctx); return err },
			"Connections": func(ctx context.Context) error {
				for _, err := range k.Connections(ctx, kernel.WithEngine) {
					if err != nil {
						return err
					}
				}
				return nil
			},
		}
}

func TestDeny(t *testing.T) {
	k := full(t)
	k.Deny()
	admins, everyones := requests(k)
	for name, ask := range admins {
		t.Run(name, func(t *testing.T) {
			var e *kernel.Error
			if err := ask(t.Context()); !errors.Is(err, kernel.ErrPermission) || !errors.As(err, &e) {
				t.Errorf("error %v, want permission denied", err)
			}
		})
	}
	for name, ask := range everyones {
		t.Run(name, func(t *testing.T) {
			if err := ask(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUnload(t *testing.T) {
	k := full(t)
	k.Unload()
	admins, everyones := requests(k)
	for _, part := range []map[string]func(context.Context) error{admins, everyones} {
		for name, ask := range part {
			t.Run(name, func(t *testing.T) {
				if err := ask(t.Context()); !errors.Is(err, kernel.ErrNotLoaded) {
					t.Errorf("error %v, want IPVS is not loaded", err)
				}
			})
		}
	}
}

func TestAge(t *testing.T) {
	k := New()
	k.Age()
	if _, err := k.TableStatus(t.Context()); !errors.Is(err, kernel.ErrNotSupported) {
		t.Errorf("an old kernel describes its tables: %v", err)
	}
}

func TestRefuse(t *testing.T) {
	k := New()
	reason := errors.New("a test says so")
	k.Refuse(func(c kernel.Change) error {
		if c.Service.FWMark == 2 {
			return reason
		}
		return nil
	})
	mark := func(n uint32) kernel.Change {
		s := kernel.Service{ServiceID: kernel.MarkID(n, kernel.IPv4), Scheduler: "rr"}
		return kernel.Change{Op: kernel.AddService, Service: s}
	}
	err := k.Apply(t.Context(), []kernel.Change{mark(1), mark(2), mark(3), mark(3)})
	var refused kernel.Refusals
	if !errors.As(err, &refused) || len(refused) != 2 || refused[0].Index != 1 || !errors.Is(refused[0].Err, reason) ||
		refused[1].Index != 3 || !errors.Is(refused[1].Err, kernel.ErrExists) {
		t.Errorf("got %v, want change 1 refused by the test and 3 by the table", err)
	}
	k.Refuse(nil)
	must(t, k.Apply(t.Context(), []kernel.Change{mark(2)}))
	if got, want := k.Calls(), (Calls{Applies: 2, Changes: 5}); got != want {
		t.Errorf("calls %+v, want %+v", got, want)
	}
}

func TestTraffic(t *testing.T) {
	k := full(t)
	web := kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.10:80"))
	two := netip.MustParseAddrPort("198.51.100.2:80")
	if k.Traffic(web, netip.MustParseAddrPort("198.51.100.9:80"), Traffic{}) {
		t.Error("a server that is not there has traffic")
	}
	k.Traffic(web, two, Traffic{Add: kernel.Counters{BytesOut: 7}, Rates: kernel.Rates{PacketsIn: 4}, Active: 9})
	s, err := k.Snapshot(t.Context(), web)
	must(t, err)
	e := s.Services[0]
	want := kernel.Stats{Counters: kernel.Counters{Connections: 1 << 40, BytesOut: 12}, Rates: kernel.Rates{PacketsIn: 7}}
	if e.Stats != want {
		t.Errorf("the service has %+v, want %+v", e.Stats, want)
	}
	if got, err := k.Totals(t.Context()); err != nil || got != want {
		t.Errorf("totals %+v, %v; want %+v", got, err, want)
	}
	if e.Servers[0].Active != 9 || e.Servers[1].Persistent != 3 {
		t.Errorf("servers %+v; want the connections set", e.Servers)
	}

	must(t, k.Zero(t.Context(), web))
	s, err = k.Snapshot(t.Context(), web)
	must(t, err)
	e = s.Services[0]
	if e.Stats != (kernel.Stats{}) || e.Servers[0].Stats != (kernel.Stats{}) || e.Servers[0].Active != 9 {
		t.Errorf("after zero: %+v; want no counts, and the connections kept", e)
	}
	if got, _ := k.Totals(t.Context()); got.Counters != want.Counters {
		t.Errorf("one service zeroed makes the totals %+v, want %+v", got, want)
	}
	must(t, k.Zero(t.Context()))
	if got, _ := k.Totals(t.Context()); got != (kernel.Stats{}) {
		t.Errorf("all zeroed leaves the totals %+v", got)
	}
}

func TestConnections(t *testing.T) {
	k := New()
	in := []kernel.Connection{
		{Protocol: kernel.UDP, State: "UDP", Engine: "sip", EngineData: "call-1", Origin: "LOCAL", Expires: time.Second},
		{Protocol: kernel.TCP, State: "NONE", Origin: "SYNC"},
		{Protocol: kernel.TCP, State: "FIN_WAIT", Origin: "LOCAL"},
	}
	for i := range in {
		in[i].Client = netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), uint16(1024+i))
	}
	k.SetConnections(in...)
	for from, want := range map[kernel.ConnectionSource]func(*kernel.Connection){
		kernel.WithEngine: func(c *kernel.Connection) { c.Origin = "" },
		kernel.WithOrigin: func(c *kernel.Connection) { c.Engine, c.EngineData = "", "" },
	} {
		all := slices.Clone(in)
		var got []kernel.Connection
		for i := range all {
			want(&all[i])
		}
		for c, err := range k.Connections(t.Context(), from) {
			must(t, err)
			got = append(got, *c)
			c.State = "spoilt"
		}
		if d := cmp.Diff(all, got, cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); d != "" {
			t.Errorf("source %d (-want +got):\n%s", from, d)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := 0
	for _, err := range k.Connections(ctx, kernel.WithEngine) {
		if seen++; seen == 2 && !errors.Is(err, context.Canceled) || seen > 2 {
			t.Errorf("step %d after the cancellation: %v", seen, err)
		}
		cancel()
	}
}

// TestStopped counts while the counters are not updated: they show what is counted
// once they are again.
func TestStopped(t *testing.T) {
	k := New()
	ctx := t.Context()
	id := kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.10:80"))
	addr := netip.MustParseAddrPort("10.0.0.1:80")
	must(t, k.Apply(ctx, []kernel.Change{
		{Op: kernel.AddService, Service: kernel.Service{ServiceID: id, Scheduler: "rr"}},
		{Op: kernel.AddServer, Service: kernel.Service{ServiceID: id}, Server: kernel.Server{Addr: addr, Weight: 1}},
	}))
	count := func(n uint64) {
		k.Traffic(id, addr, Traffic{Add: kernel.Counters{Connections: n}, Rates: kernel.Rates{Connections: n}})
	}
	check := func(when string, counted, rate uint64) {
		t.Helper()
		snap, err := k.Snapshot(ctx, id)
		must(t, err)
		s := snap.Services[0]
		all, err := k.Totals(ctx)
		must(t, err)
		want := kernel.Stats{Counters: kernel.Counters{Connections: counted}, Rates: kernel.Rates{Connections: rate}}
		if s.Stats != want || s.Servers[0].Stats != want || all != want {
			t.Errorf("%s: service %v, server %v, all %v; want %v", when, s.Stats, s.Servers[0].Stats, all, want)
		}
	}
	count(50)
	check("before", 50, 50)
	must(t, k.SetSysctl(ctx, kernel.RunEstimation, "0"))
	count(60)
	check("stopped", 50, 50)
	must(t, k.Zero(ctx))
	check("zeroed", 0, 0)
	must(t, k.SetSysctl(ctx, kernel.RunEstimation, "1"))
	check("again", 60, 0)
}
