package output

import (
	"encoding/binary"
	"io"
	"net/netip"
	"testing"
	"time"

	"lvs/kernel"
)

// bigSnapshot is a table as large as the speed targets speak of.
func bigSnapshot(services, servers int) *kernel.Snapshot {
	s := &kernel.Snapshot{}
	stats := kernel.Stats{
		Counters: kernel.Counters{Connections: 123456, PacketsIn: 98765432, PacketsOut: 87654321,
			BytesIn: 123456789012, BytesOut: 234567890123},
		Rates: kernel.Rates{Connections: 12, PacketsIn: 3456, PacketsOut: 3210, BytesIn: 1234567, BytesOut: 7654321},
	}
	for i := range services {
		e := kernel.ServiceEntry{Stats: stats, Service: kernel.Service{
			ServiceID: kernel.AddressID(kernel.TCP, netip.AddrPortFrom(ipv4(0xc0000200+uint32(i)), 80)), Scheduler: "wlc"}}
		for j := range servers {
			e.Servers = append(e.Servers, kernel.ServerEntry{Stats: stats, Active: 1234, Inactive: 56,
				Server: kernel.Server{Addr: netip.AddrPortFrom(ipv4(0x0a000000+uint32(i*servers+j)), 8080),
					Weight: 100, Forward: kernel.Direct}})
		}
		s.Services = append(s.Services, e)
	}
	return s
}

func ipv4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, n)))
}

func BenchmarkServices(b *testing.B) {
	s := bigSnapshot(1000, 10)
	for _, o := range []struct {
		name string
		Options
	}{
		{"json", Options{Format: "json"}},
		{"jsonl", Options{Format: "jsonl"}},
		{"table", Options{}},
		{"terminal", Options{Terminal: true, Color: true}},
		{"filtered", Options{Filter: []string{"weight>0", "service~:80$"}}},
		{"sorted", Options{Sort: "-active"}},
		{"csv", Options{Format: "csv"}},
		{"yaml", Options{Format: "yaml"}},
		{"jq", Options{JQ: ".items[].id"}},
	} {
		b.Run(o.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p, err := New(io.Discard, o.Options)
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Services(s, Plain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTerminal is the largest table that tablewriter lays out.
func BenchmarkTerminal(b *testing.B) {
	s := bigSnapshot(90, 10)
	for b.Loop() {
		p, err := New(io.Discard, Options{Terminal: true, Color: true})
		if err != nil {
			b.Fatal(err)
		}
		if err := p.Services(s, Plain); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkConnections is the time for one connection.
func BenchmarkConnections(b *testing.B) {
	c := kernel.Connection{Protocol: kernel.TCP, State: "ESTABLISHED", Expires: 897 * time.Second,
		Client:  netip.MustParseAddrPort("198.51.100.123:49152"),
		Virtual: netip.MustParseAddrPort("192.0.2.10:80"),
		Server:  netip.MustParseAddrPort("10.0.0.11:8080")}
	for _, format := range []string{"json", "jsonl", "table", "csv", "name"} {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			p, err := New(io.Discard, Options{Format: format})
			if err != nil {
				b.Fatal(err)
			}
			s := p.Connections()
			for b.Loop() {
				if err := s.Add(&c); err != nil {
					b.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
