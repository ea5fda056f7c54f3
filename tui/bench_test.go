package tui

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/kernel/memory"
)

// many returns a table of services with servers. step adds traffic to all of them.
func many(b testing.TB, services, servers int) (k *memory.Kernel, step func()) {
	k = memory.New()
	var changes []kernel.Change
	for i := range services {
		addr := addrPort(fmt.Sprintf("192.0.%d.%d:80", i/250, i%250+1))
		s := kernel.Service{ServiceID: kernel.AddressID(kernel.TCP, addr), Scheduler: "wlc"}
		changes = append(changes, kernel.Change{Op: kernel.AddService, Service: s})
		for j := range servers {
			v := kernel.Server{Addr: addrPort(fmt.Sprintf("10.1.0.%d:80", j+1)), Forward: kernel.Direct, Weight: j%10 + 1}
			changes = append(changes, kernel.Change{Op: kernel.AddServer, Service: s, Server: v})
		}
	}
	if err := k.Apply(b.Context(), changes); err != nil {
		b.Fatal(err)
	}
	n := uint64(0)
	return k, func() {
		n++
		for i, c := range changes {
			if c.Op == kernel.AddServer {
				m := 3 + (n+uint64(i))%7
				k.Traffic(c.Service.ServiceID, c.Server.Addr, memory.Traffic{
					Add:    kernel.Counters{Connections: m, PacketsIn: 11 * m, BytesIn: 4000 * m},
					Active: uint32(4 * m), Inactive: uint32(9 * m),
				})
			}
		}
	}
}

// benchModel returns a dashboard of a table in memory.
func benchModel(t testing.TB, k *memory.Kernel, now *time.Time) *Model {
	return newModel(t.Context(), Options{
		Open: func() (kernel.Kernel, error) { return k, nil }, Now: func() time.Time { return *now },
	})
}

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// BenchmarkRefresh measures a refresh with 1,000 services with 5 servers each: the
// sample, the history and the screen. The sample is a copy of a table in memory,
// without netlink.
func BenchmarkRefresh(b *testing.B) {
	for _, size := range [][2]int{{80, 24}, {200, 50}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			now := time.Unix(0, 0)
			k, step := many(b, 1000, 5)
			k.Clock(func() time.Time { return now })
			m := benchModel(b, k, &now)
			m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				now = now.Add(time.Second)
				step()
				b.StartTimer()
				s, err := m.reader.take(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				m.Update(sampleMsg{s: s})
				_ = m.View()
			}
		})
	}
}

// The history is limited: after ten minutes of refreshes the memory does not grow.
func TestMemoryDoesNotGrow(t *testing.T) {
	const limit = 20 << 20 // bytes of heap in use
	now := time.Unix(0, 0)
	k, step := many(t, 300, 5)
	k.Clock(func() time.Time { return now })
	m := benchModel(t, k, &now)
	m.Update(tea.WindowSizeMsg{Width: 200, Height: 50})
	step()
	outside := heapInUse()
	var held [2]uint64
	for i := range held {
		for n := range longRing + 5 {
			now = now.Add(time.Second)
			if n%20 == 0 { // stepping is slower than the refresh
				step()
			}
			s, err := m.reader.take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			m.Update(sampleMsg{s: s})
			_ = m.View()
		}
		held[i] = heapInUse() - outside
	}
	t.Logf("%.1f MiB after %d refreshes, %.1f MiB after as many again", mib(held[0]), longRing, mib(held[1]))
	if held[0] > limit {
		t.Errorf("%.1f MiB are held after %d refreshes; want %d at most", mib(held[0]), longRing, limit>>20)
	}
	if held[1] > held[0]+1<<20 {
		t.Errorf("it grows from %.1f MiB to %.1f MiB", mib(held[0]), mib(held[1]))
	}
}

func heapInUse() uint64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapAlloc
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// BenchmarkKey measures a key at that size, from the keystroke to the text of the
// screen.
func BenchmarkKey(b *testing.B) {
	now := time.Unix(0, 0)
	k, step := many(b, 1000, 5)
	step()
	m := benchModel(b, k, &now)
	m.Update(tea.WindowSizeMsg{Width: 200, Height: 50})
	s, err := m.reader.take(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	m.Update(sampleMsg{s: s})
	for b.Loop() {
		m.Update(tea.KeyPressMsg{Code: tea.KeyDown})
		_ = m.View()
	}
}
