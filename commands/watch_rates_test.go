package commands

import (
	"context"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/output"
)

// Rates are computed from the counters and the time that really passed. An unknown rate is
// not a number.
func TestWatchRates(t *testing.T) {
	k := table(t)
	serve := func(conns uint64) func() {
		return func() {
			k.Traffic(web, first, memory.Traffic{Active: 5, Inactive: 2,
				Add: kernel.Counters{Connections: conns, PacketsIn: 10 * conns, PacketsOut: 8 * conns, BytesIn: 1000 * conns,
					BytesOut: 1 << 40}})
		}
	}
	serve(100)()
	again := together(
		change(t, k, kernel.DeleteServer, web, "", kernel.Server{Addr: first}),
		change(t, k, kernel.AddServer, web, "", kernel.Server{Addr: first, Forward: kernel.NAT, Weight: 3}),
	)
	f := newFilm(k, serve(30), idle, func() { k.Zero(t.Context()) }, serve(4), together(serve(2), again))
	f.late = 500 * time.Millisecond
	got := f.play(t, "service,server,active,inactive,cps,inpps,outpps,inbps,outbps,conns", "--rates", "--servers",
		"--filter", "op=rates", "--filter", "service=tcp://192.0.2.10:80")
	var services, servers []string
	for _, line := range got {
		rest, _ := strings.CutPrefix(line, web.String()+",")
		if server, ok := strings.CutPrefix(rest, first.String()+","); ok {
			servers = append(servers, server)
		} else if service, ok := strings.CutPrefix(rest, ","); ok {
			services = append(services, service)
		}
	}
	// The first wait takes 2.5 s; those after it are 2 s apart, each as late.
	want := []string{
		"5,2,12,120,96,12000,439804651110,30",
		"5,2,0,0,0,0,0,0",
		"5,2,,,,,,",
		"5,2,2,20,16,2000,549755813888,4",
		"0,0,1,10,8,1000,549755813888,2",
	}
	if diff := cmp.Diff(want, services); diff != "" {
		t.Error(diff)
	}
	want[4] = "0,0,,,,,,"
	if diff := cmp.Diff(want, servers); diff != "" {
		t.Error(diff)
	}
}

// A reading before the kernel's update has no rates, and the next one covers both intervals.
// A service that has no more traffic has the rate 0.
func TestWatchRatesOfLateCounters(t *testing.T) {
	k := table(t)
	serve := func(conns, estimate uint64) func() {
		return func() {
			k.Traffic(web, first,
				memory.Traffic{Add: kernel.Counters{Connections: conns}, Rates: kernel.Rates{Connections: estimate}})
		}
	}
	serve(100, 50)()
	f := newFilm(k, serve(100, 50), idle, serve(200, 50), serve(0, 38), serve(0, 1), serve(40, 5), idle, idle, idle)
	got := f.play(t, "cps,conns", "--rates", web.String())
	want := []string{"50,100", ",", "50,200", "0,0", "0,0", "20,40", ",", "0,0", "0,0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The rate of answers that do not pass the director is unknown, not 0.
func TestWatchRatesOfDirectRouting(t *testing.T) {
	k := table(t)
	server := netip.MustParseAddrPort("10.0.0.13:53")
	change(t, k, kernel.AddServer, dns, "", kernel.Server{Addr: server, Forward: kernel.Direct, Weight: 1})()
	f := newFilm(k, func() {
		k.Traffic(dns, server, memory.Traffic{Add: kernel.Counters{Connections: 7, PacketsIn: 7, BytesIn: 700}})
	})
	got := f.play(t, "server,conns,outpps,outbps", "--rates", "--servers", dns.String())
	if diff := cmp.Diff([]string{",7,,", "10.0.0.13:53,7,,"}, got); diff != "" {
		t.Error(diff)
	}
}

// A new service has no rate in its first interval, and is printed as a change.
func TestWatchRatesOfNewService(t *testing.T) {
	k := table(t)
	late := mustService("fwmark:7")
	f := newFilm(k, change(t, k, kernel.AddService, late, "rr", kernel.Server{}), idle)
	got := f.play(t, "op,service,cps", "--rates", late.String())
	if diff := cmp.Diff([]string{"add-service,fwmark:7,", "rates,fwmark:7,", "rates,fwmark:7,0"}, got); diff != "" {
		t.Error(diff)
	}
}

// quiet is a kernel with 1,000 services of 10 servers, in which nothing happens. Reading it
// costs nothing, so the benchmark measures only the watch.
type quiet struct {
	kernel.Kernel
	table *kernel.Snapshot
}

func newQuiet() *quiet {
	t := &kernel.Snapshot{Time: time.Unix(0, 0)}
	for i := range 1000 {
		id := kernel.AddressID(kernel.TCP, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 80))
		e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id, Scheduler: "wlc"}}
		for j := range 10 {
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: kernel.Server{
				Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2, byte(i), byte(j)}), 80), Forward: kernel.Direct,
				Weight: 1}})
		}
		t.Services = append(t.Services, e)
	}
	return &quiet{table: t}
}

func (q *quiet) Snapshot(context.Context, ...kernel.ServiceID) (*kernel.Snapshot, error) {
	now := *q.table
	q.table.Time = q.table.Time.Add(time.Second)
	return &now, nil
}
func (q *quiet) Timeouts(context.Context) (kernel.Timeouts, error)           { return kernel.Timeouts{}, nil }
func (q *quiet) Daemons(context.Context) ([]kernel.Daemon, error)            { return nil, nil }
func (q *quiet) Sysctls(context.Context, ...string) ([]kernel.Sysctl, error) { return nil, nil }
func (q *quiet) Close() error                                                { return nil }

func BenchmarkWatch(b *testing.B) {
	for _, c := range []struct {
		name, format   string
		rates, servers bool
	}{
		{"changes", "table", false, false},
		{"rates", "table", true, false},
		{"rates of servers", "table", true, true},
		{"rates as JSON", "jsonl", true, false},
		{"rates of servers as JSON", "jsonl", true, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			app, _, _ := testApp(newQuiet())
			p, err := output.New(io.Discard, output.Options{Format: c.format})
			if err != nil {
				b.Fatal(err)
			}
			w := &watcher{app: app, rates: c.rates, meters: meters{servers: c.servers}}
			if w.stream, err = p.Events(c.rates); err != nil {
				b.Fatal(err)
			}
			if err := w.begin(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := w.step(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
