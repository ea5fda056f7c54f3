package commands

import (
	"context"
	"io"
	"net/netip"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/output"
)

// quiet is a kernel of 1,000 services with 10 servers each, where nothing
// happens and reading costs nothing: what is measured is the watch itself.
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
func (q *quiet) Timeouts(context.Context) (kernel.Timeouts, error) { return kernel.Timeouts{}, nil }
func (q *quiet) Daemons(context.Context) ([]kernel.Daemon, error)  { return nil, nil }
func (q *quiet) Sysctls(context.Context) ([]kernel.Sysctl, error)  { return nil, nil }
func (q *quiet) Close() error                                      { return nil }

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
