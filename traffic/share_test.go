package traffic

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"lvs/kernel"
)

// What chance does must not be marked; a server that gets a third less than its
// due must.
func TestBeyondChance(t *testing.T) {
	const n, p = 1000, 0.25
	random := rand.New(rand.NewPCG(1, 2))
	marked := 0
	for range 2000 {
		got := uint64(0)
		for range n {
			if random.Float64() < p {
				got++
			}
		}
		if beyondChance(got, n, p) {
			marked++
		}
	}
	if marked > 2 {
		t.Errorf("%d of 2000 fair draws are marked", marked)
	}
	for _, c := range []struct {
		got, n uint64
		p      float64
		want   bool
	}{
		{170, 1000, 0.25, true},
		{330, 1000, 0.25, true},
		{250, 1000, 0.25, false},
		{0, 20, 0.25, false}, // too few to say
		{0, 1000, 0.25, true},
		{20, 1000, 0, true}, // weight 0
		{3, 1000, 0, false},
		{1000, 1000, 1, false}, // the only one
		{0, 0, 0.5, false},
		{1_030_000, 2_000_000, 0.5, false}, // not chance, and no matter
		{1_110_000, 2_000_000, 0.5, true},
	} {
		t.Run(fmt.Sprintf("%d of %d with %v", c.got, c.n, c.p), func(t *testing.T) {
			if got := beyondChance(c.got, c.n, c.p); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// shareEntry is a service with two servers that got so many connections.
func shareEntry(scheduler string, weights [2]int, conns [2]uint64) *kernel.ServiceEntry {
	e := &kernel.ServiceEntry{Service: kernel.Service{ServiceID: kernel.MarkID(1, kernel.IPv4), Scheduler: scheduler}}
	for i := range weights {
		e.Servers = append(e.Servers, kernel.ServerEntry{
			Server: kernel.Server{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 80),
				Weight: weights[i]},
			Stats: kernel.Stats{Counters: kernel.Counters{Connections: conns[i]}},
		})
	}
	return e
}

func TestShares(t *testing.T) {
	var w Window
	var shares [2]Share
	at := time.Unix(5000, 0)
	var conns [2]uint64
	step := func(scheduler string, weights [2]int, a, b uint64) *Share {
		at = at.Add(time.Second)
		conns[0], conns[1] = conns[0]+a, conns[1]+b
		w.Count(shareEntry(scheduler, weights, conns), at, func(i int) *Share { return &shares[i] })
		return &shares[0]
	}
	conns = [2]uint64{1e6, 5}
	var s *Share
	for range 20 {
		s = step("wrr", [2]int{3, 1}, 30, 10)
	}
	if s.Due != 0.75 || s.Of == 0 || s.Got*4 != s.Of*3 || s.Off {
		t.Errorf("as due: %+v", s)
	}
	for range 30 {
		s = step("wrr", [2]int{3, 1}, 10, 30)
	}
	if !s.Off {
		t.Errorf("far from its due: %+v", s)
	}
	// New weights are a new window, once what was counted before is added up.
	for range 2 {
		s = step("wrr", [2]int{1, 3}, 30, 10)
	}
	if s.Of != 0 || s.Off || s.Due != 0.25 {
		t.Errorf("after a change of weights: %+v", s)
	}
	for range 300 {
		s = step("wrr", [2]int{1, 3}, 10, 30)
	}
	if s.Off || s.Of > 130*40 || s.Of < 60*40 {
		t.Errorf("the window is not between one and two minutes: %+v", s)
	}
	// A scheduler that sends clients where they were is not held to weights.
	for range 100 {
		s = step("sh", [2]int{1, 3}, 30, 10)
	}
	if s.Off {
		t.Errorf("marked with sh: %+v", s)
	}
	for range 100 {
		s = step("rr", [2]int{1, 3}, 20, 20)
	}
	if s.Off || s.Due != 0.5 {
		t.Errorf("rr looks at no weight but 0: %+v", s)
	}
}

// Counters that are not updated show no share; what is due stays known.
func TestSharePause(t *testing.T) {
	var w Window
	shares := make([]Share, 2)
	share := func(i int) *Share { return &shares[i] }
	e := func(conns ...uint64) *kernel.ServiceEntry {
		return shareEntry("rr", [2]int{1, 1}, [2]uint64{conns[0], conns[1]})
	}
	start := time.Unix(1000, 0)
	w.Count(e(0, 0), start, share)
	w.Count(e(10, 10), start.Add(10*time.Second), share)
	w.Count(e(500, 20), start.Add(20*time.Second), share)
	if shares[0].Of == 0 || !shares[0].Off {
		t.Fatalf("counted: %+v", shares)
	}
	w.Pause(e(500, 20), share)
	for i := range shares {
		if shares[i] != (Share{Due: 0.5}) {
			t.Errorf("server %d: %+v, want only what is due", i, shares[i])
		}
	}
	w.Count(e(500, 20), start.Add(30*time.Second), share)
	w.Count(e(900, 90), start.Add(32*time.Second), share) // what was counted meanwhile
	w.Count(e(910, 100), start.Add(40*time.Second), share)
	if shares[0].Got != 10 || shares[1].Got != 10 {
		t.Errorf("after it: %+v, want 10 each", shares)
	}
}
