package tui

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"lvs/kernel"
)

func TestSpan(t *testing.T) {
	h := newHistory()
	at := time.Unix(9000, 0)
	look := func(after time.Duration, active uint32) *object {
		at = at.Add(after)
		s := shareTable(at, "rr", [2]int{1, 1}, [2]uint64{0, 0})
		s.Services[0].Servers[0].Active = active
		h.record(s)
		return h.objects[kernel.ServerKey{Service: s.Services[0].ServiceID}]
	}
	look(0, 9)
	look(time.Second, 1)
	look(time.Second, 2)
	look(3*time.Second, 5) // looks were rarer, or paused
	o := look(time.Second, 6)
	for _, c := range []struct {
		name   string
		span   time.Duration
		points int
		want   []float64
	}{
		{"a second each", 10 * time.Second, 10, []float64{-1, -1, -1, 9, 1, 2, 5, 5, 5, 6}},
		{"two seconds each", 10 * time.Second, 5, []float64{-1, 9, 2, 5, 6}},
		{"half a second each", 2 * time.Second, 4, []float64{5, 5, 6, 6}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := h.span(o, c.span, c.points, activeOf); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestMinutes(t *testing.T) {
	var m minutes
	for minute := range 5 {
		for i := range 3 {
			if minute != 2 { // no refresh in this minute
				m.add(int64(1000+minute), [4]float64{0, 0, 0, float64(minute*10 + i)})
			}
		}
	}
	// The last minute is not over.
	if got, want := m.series(5, activeOf), []float64{-1, 1, 11, -1, 31}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Objects beyond what is kept have rates, and shorter pasts.
func TestHistoryIsBounded(t *testing.T) {
	h := newHistory()
	at := time.Unix(9000, 0)
	for i := range 3 {
		h.record(large(4000, at.Add(time.Duration(2*i)*time.Second), uint64(i)))
	}
	counts := map[int]int{}
	for _, o := range h.objects {
		counts[o.limit]++
	}
	const without = 24001 - longObjects - shortObjects
	if counts[longRing] != longObjects || counts[shortRing] != shortObjects || counts[0] != without {
		t.Errorf("rings by length: %v", counts)
	}
	for _, o := range h.objects {
		if o.limit == 0 && o.key.Server.IsValid() && o.Rates.BytesIn != 10000 {
			t.Fatalf("%v has %v bytes a second", o.key, o.Rates.BytesIn)
		}
	}
	// An object that has been gone for long is forgotten, and its ring is free again.
	for i := range 2 * forgetAfter {
		h.record(large(10, at.Add(time.Duration(10+i)*time.Second), 5))
	}
	if len(h.objects) != 61 || h.long != 11 || h.short != 50 {
		t.Errorf("%d objects, %d and %d rings", len(h.objects), h.long, h.short)
	}
}

// large is a sample of so many services with five servers each.
func large(services int, at time.Time, n uint64) *sample {
	snap := &kernel.Snapshot{Time: at, Services: make([]kernel.ServiceEntry, services)}
	for i := range snap.Services {
		e := &snap.Services[i]
		addr := netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)})
		e.ServiceID = kernel.AddressID(kernel.TCP, netip.AddrPortFrom(addr, 80))
		for j := range 5 {
			e.Servers = append(e.Servers, kernel.ServerEntry{
				Server: kernel.Server{Addr: serverOf(j, 80), Weight: 1},
				Stats:  kernel.Stats{Counters: kernel.Counters{BytesIn: n * 20000}},
			})
		}
	}
	return &sample{Snapshot: snap, slow: &slow{}}
}

// shareTable is a service with two servers that got so many connections.
func shareTable(at time.Time, scheduler string, weights [2]int, conns [2]uint64) *sample {
	e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: kernel.MarkID(1, kernel.IPv4), Scheduler: scheduler}}
	for i := range weights {
		e.Servers = append(e.Servers, kernel.ServerEntry{
			Server: kernel.Server{
				Addr:   netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 80),
				Weight: weights[i],
			},
			Stats: kernel.Stats{Counters: kernel.Counters{Connections: conns[i]}},
		})
	}
	return &sample{Snapshot: &kernel.Snapshot{Time: at, Services: []kernel.ServiceEntry{e}}, slow: &slow{}}
}
