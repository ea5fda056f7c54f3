package contract

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"lvs/kernel"
)

func testInfo(t *testing.T, k kernel.Kernel) {
	info, err := k.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Version != 0x010201 {
		t.Errorf("version %v, want 1.2.1", info.Version)
	}
	mustApply(t, k, add(service("tcp://192.0.2.10:80")))
	if info, err = k.Info(t.Context()); err != nil || info.ConnTableSize == 0 {
		t.Errorf("with a service: %+v, %v; want a connection table", info, err)
	}
	s, err := k.Snapshot(t.Context())
	if err != nil || s.Info != info || s.Public {
		t.Errorf("snapshot has %+v, %v, want %+v, not public", s, err, info)
	}
}

// testOrder reads a table that the kernel lists in an order of its own.
func testOrder(t *testing.T, k kernel.Kernel) {
	var changes []kernel.Change
	const services = 300
	for i := range services {
		changes = append(changes, add(service(fmt.Sprintf("tcp://192.0.2.%d:%d", i%200, 1+i))))
	}
	mustApply(t, k, changes...)
	s, err := k.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(s.Services, func(a, b kernel.ServiceEntry) int { return a.Compare(b.ServiceID) }) {
		t.Error("the services are not in canonical order")
	}
	if slices.IsSorted(s.Order) {
		t.Error("the kernel's order is the canonical one")
	}
	order := slices.Sorted(slices.Values(s.Order))
	for i, at := range order {
		if len(order) != services || at != i {
			t.Fatalf("the kernel's order %v does not have every service once", s.Order)
		}
	}
	one, err := k.Snapshot(t.Context(), s.Services[0].ServiceID)
	if err != nil || one.Order != nil {
		t.Errorf("one service has the order %v, %v; want none", one.Order, err)
	}
}

// testOnly reads some services by name.
func testOnly(t *testing.T, k kernel.Kernel) {
	a, b, mark := service("tcp://192.0.2.10:80"), service("udp://192.0.2.10:80"), service("fwmark:1")
	v := server("198.51.100.1:80")
	mustApply(t, k, add(mark), add(b), add(a), addServer(b, v))
	for _, c := range []struct {
		name string
		only []kernel.ServiceID
		want []kernel.ServiceEntry
	}{
		{"one", []kernel.ServiceID{b.ServiceID}, []kernel.ServiceEntry{entry(b, v)}},
		{"two", []kernel.ServiceID{mark.ServiceID, a.ServiceID}, []kernel.ServiceEntry{entry(a), entry(mark)}},
		{"one twice", []kernel.ServiceID{a.ServiceID, a.ServiceID}, []kernel.ServiceEntry{entry(a)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := diff(c.want, snapshot(t, k, c.only...)); d != "" {
				t.Errorf("only %v (-want +got):\n%s", c.only, d)
			}
		})
	}
	for _, missing := range []string{"tcp://192.0.2.11:80", "fwmark:2", "fwmark:1/ipv6"} {
		t.Run(missing, func(t *testing.T) {
			_, err := k.Snapshot(t.Context(), a.ServiceID, id(missing))
			wantError(t, err, kernel.ErrNoService, "read", id(missing))
		})
	}
}

// testPiecewise reads a table service by service, into one list, and compares it
// with the whole table.
func testPiecewise(t *testing.T, k kernel.Kernel) {
	web, none, mark := service("tcp://192.0.2.10:80"), service("tcp://192.0.2.11:80"), service("fwmark:1/ipv6")
	changes := []kernel.Change{add(web), add(none), add(mark), addServer(mark, server("[2001:db8:1::1]:0"))}
	for i := range 300 { // several datagrams
		changes = append(changes, addServer(web, server(fmt.Sprintf("198.51.%d.%d:80", i/200, 1+i%200))))
	}
	mustApply(t, k, changes...)
	want, err := k.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.Services(t.Context())
	if err != nil || got.Info != want.Info || len(got.Order) != len(want.Order) {
		t.Fatalf("services: %+v, %v; want the snapshot %+v", got, err, want)
	}
	var list []kernel.ServerEntry
	for i := range got.Services {
		e := &got.Services[i]
		if e.Servers != nil {
			t.Errorf("%v has servers already: %v", e.ServiceID, e.Servers)
		}
		if list, err = k.Servers(t.Context(), e.ServiceID, list); err != nil {
			t.Fatal(err)
		}
		e.Servers = append([]kernel.ServerEntry{}, list...)
	}
	if d := diff(want.Services, got.Services); d != "" {
		t.Errorf("the table service by service (+) is not the whole one (-):\n%s", d)
	}
	one, err := k.Services(t.Context(), mark.ServiceID)
	if d := diff([]kernel.ServiceEntry{{Service: mark}}, one.Services); err != nil || d != "" {
		t.Errorf("one service: %v (-want +got):\n%s", err, d)
	}
	if list, err = k.Servers(t.Context(), id("fwmark:2"), list); err != nil || len(list) > 0 {
		t.Errorf("a service that is not there has %d servers, %v", len(list), err)
	}
	_, err = k.Services(t.Context(), id("fwmark:2"))
	wantError(t, err, kernel.ErrNoService, "read", id("fwmark:2"))
}

// testPublic compares the public table with the whole table. The public table does
// not have the one-packet flag of an IPv6 service, nor the family of a mark without
// servers, so the test has neither.
func testPublic(t *testing.T, k kernel.Kernel) {
	with := func(name string, set func(*kernel.Service)) kernel.Service {
		s := service(name)
		s.Scheduler = "wlc"
		set(&s)
		return s
	}
	web := with("tcp://192.0.2.10:80", func(s *kernel.Service) {
		s.Persistence, s.Netmask = 5*time.Minute, 0xffffff00
	})
	dns := with("udp://192.0.2.10:53", func(s *kernel.Service) { s.OnePacket = true })
	both := with("udp://192.0.2.10:54", func(s *kernel.Service) { s.OnePacket, s.Persistence = true, time.Minute })
	gue := with("sctp://192.0.2.10:80", func(s *kernel.Service) { s.Scheduler, s.SchedFlags = "mh", kernel.SchedFlag1 })
	six := with("tcp://[2001:db8::1]:80", func(s *kernel.Service) { s.Persistence, s.Netmask = time.Hour, 64 })
	masked := with("tcp://192.0.2.11:80", func(s *kernel.Service) { s.Netmask = 0xffff0000 })
	mark := with("fwmark:4294967295", func(s *kernel.Service) {
		s.OnePacket, s.Persistence, s.Engine = true, kernel.MaxPersistence, "sip"
	})
	mark6 := with("fwmark:7/ipv6", func(s *kernel.Service) { s.Persistence, s.Netmask = time.Minute, 56 })
	tunnel := kernel.Server{
		Addr: server("198.51.100.2:80").Addr, Forward: kernel.Tunneling, Weight: kernel.MaxWeight, Upper: 9, Lower: 1,
		Tunnel: kernel.Tunnel{Type: kernel.GUE, Port: 6080},
	}
	direct := server("[2001:db8:1::1]:80")
	direct.Forward = kernel.Direct
	mustApply(t, k, add(web), add(dns), add(both), add(gue), add(six), add(masked), add(mark), add(mark6),
		addServer(web, server("198.51.100.1:80")), addServer(web, tunnel), addServer(six, direct),
		addServer(mark, tunnel), addServer(mark6, direct))
	whole, err := k.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.PublicSnapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !public.Public || public.Info != whole.Info {
		t.Errorf("public %v with %+v, want true with %+v", public.Public, public.Info, whole.Info)
	}
	want := whole.Services
	for i := range want {
		hide(&want[i])
	}
	if d := diff(want, public.Services); d != "" {
		t.Errorf("the public table differs (-want +got):\n%s", d)
	}
}

// hide removes what is not known according to Snapshot.Public.
func hide(e *kernel.ServiceEntry) {
	e.Stats = kernel.Stats{}
	e.Service = kernel.Service{ServiceID: e.ServiceID, Scheduler: e.Scheduler, OnePacket: e.OnePacket}
	for i, v := range e.Servers {
		e.Servers[i] = kernel.ServerEntry{
			Server: kernel.Server{Addr: v.Addr, Forward: v.Forward, Weight: v.Weight},
			Active: v.Active, Inactive: v.Inactive,
		}
	}
}

func testTotals(t *testing.T, k kernel.Kernel) {
	got, err := k.Totals(t.Context())
	if err != nil || got != (kernel.Stats{}) {
		t.Errorf("without traffic: %+v, %v; want zeros", got, err)
	}
}

func testTableStatus(t *testing.T, k kernel.Kernel) {
	got, err := k.TableStatus(t.Context())
	if err != nil {
		wantError(t, err, kernel.ErrNotSupported, "read the state of the hash tables", kernel.ServiceID{})
		t.Log("this kernel does not describe its tables")
		return
	}
	if len(got) == 0 {
		t.Error("no line at all")
	}
	for _, s := range got {
		if s.Name == "" || s.Value == "" {
			t.Errorf("an incomplete line: %+v", s)
		}
	}
}

func testConnections(t *testing.T, k kernel.Kernel) {
	mustApply(t, k, add(service("tcp://192.0.2.10:80")))
	for _, from := range []kernel.ConnectionSource{kernel.WithEngine, kernel.WithOrigin} {
		for c, err := range k.Connections(t.Context(), from) {
			t.Errorf("source %d: %+v, %v; want no connection", from, c, err)
		}
	}
}
