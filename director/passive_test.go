package director

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"lvs/kernel"
)

// passiveWorld has servers of one service that get connections between readings.
type passiveWorld struct {
	t       *testing.T
	p       *passive
	now     time.Time
	servers []kernel.ServerKey
	made    map[kernel.ServerKey]uint64
	half    map[kernel.ServerKey][]halfOpen
	next    uint64
}

func newPassiveWorld(t *testing.T, servers int) *passiveWorld {
	w := &passiveWorld{t: t, p: newPassive(), now: time.Unix(1000, 0),
		made: map[kernel.ServerKey]uint64{}, half: map[kernel.ServerKey][]halfOpen{}}
	id, err := kernel.ParseServiceID("tcp://192.0.2.1:80")
	if err != nil {
		t.Fatal(err)
	}
	for i := range servers {
		k := kernel.ServerKey{Service: id, Server: netip.MustParseAddrPort(fmt.Sprintf("10.0.0.%d:80", 11+i))}
		w.servers = append(w.servers, k)
		w.made[k] = 1000
	}
	return w
}

// opens gives a server connections. Of those, stuck stay half open, from as many clients.
func (w *passiveWorld) opens(server, made, stuck, clients int) {
	k := w.servers[server]
	w.made[k] += uint64(made)
	for i := range stuck {
		w.next++
		client := netip.AddrFrom4([4]byte{198, 51, 100, byte(i % max(clients, 1))})
		w.half[k] = append(w.half[k], halfOpen{w.next, client})
	}
}

// read lets two seconds pass and takes a reading.
func (w *passiveWorld) read() bool {
	w.now = w.now.Add(2 * time.Second)
	r := passiveReading{at: w.now, made: map[kernel.ServerKey]uint64{}, half: map[kernel.ServerKey][]halfOpen{}}
	for k, n := range w.made {
		r.made[k] = n
		r.half[k] = append([]halfOpen(nil), w.half[k]...)
	}
	return w.p.observe(r)
}

func (w *passiveWorld) suspected() (n int) { return len(w.p.now()) }

// TestPassive lets the same happen between ten readings, and says which servers are
// suspected at the end.
func TestPassive(t *testing.T) {
	for _, c := range []struct {
		name    string
		servers int
		step    func(*passiveWorld)
		want    int
	}{
		{"all are well", 3, func(w *passiveWorld) {
			for i := range 3 {
				w.opens(i, 20, 0, 0)
			}
		}, 0},
		{"handshakes are on their way", 2, func(w *passiveWorld) {
			clear(w.half) // those of the last reading are open now
			w.opens(0, 20, 15, 15)
			w.opens(1, 20, 0, 0)
		}, 0},
		{"one server", 2, func(w *passiveWorld) { w.opens(0, 20, 20, 10); w.opens(1, 20, 0, 0) }, 1},
		{"one server, half of its connections", 2, func(w *passiveWorld) { w.opens(0, 20, 12, 10); w.opens(1, 20, 0, 0) }, 1},
		{"one server, few of its connections", 2, func(w *passiveWorld) { w.opens(0, 20, 5, 5); w.opens(1, 20, 0, 0) }, 0},
		{"one client that never answers", 2, func(w *passiveWorld) { w.opens(0, 20, 20, 1); w.opens(1, 20, 0, 0) }, 0},
		{"a flood", 3, func(w *passiveWorld) {
			for i := range 3 {
				w.opens(i, 500, 490, 200)
			}
		}, 0},
		{"two of three servers", 3, func(w *passiveWorld) {
			w.opens(0, 20, 20, 10)
			w.opens(1, 20, 20, 10)
			w.opens(2, 20, 0, 0)
		}, 2},
		{"the only server", 1, func(w *passiveWorld) { w.opens(0, 20, 20, 10) }, 0},
		{"the other has no connections", 2, func(w *passiveWorld) { w.opens(0, 20, 20, 10) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newPassiveWorld(t, c.servers)
			for range 10 {
				c.step(w)
				w.read()
			}
			if got := w.suspected(); got != c.want {
				t.Errorf("%d servers are suspected, want %d: %v", got, c.want, w.p.now())
			}
		})
	}
}

// TestPassiveTime checks how soon a server is suspected: at the second reading after its fault began.
func TestPassiveTime(t *testing.T) {
	w := newPassiveWorld(t, 2)
	for range 10 {
		w.opens(0, 100, 0, 0)
		w.opens(1, 100, 0, 0)
		w.read()
	}
	for n := 1; ; n++ {
		w.opens(0, 100, 100, 50)
		w.opens(1, 100, 0, 0)
		if w.read() {
			if n != 2 {
				t.Errorf("it was suspected at reading %d, want 2", n)
			}
			return
		}
		if n > 5 {
			t.Fatal("it is never suspected")
		}
	}
}

// TestPassiveEnds checks that a suspicion ends when connections open again; after a
// probation without connections; and that the probation grows.
func TestPassiveEnds(t *testing.T) {
	w := newPassiveWorld(t, 2)
	fail := func() {
		t.Helper()
		for n := 0; w.suspected() == 0; n++ {
			w.opens(0, 20, 20, 10)
			w.opens(1, 20, 0, 0)
			w.read()
			if n > 10 {
				t.Fatal("it is not suspected")
			}
		}
	}
	idle := func() (d time.Duration) { // masked: no new connections
		began := w.now
		for w.suspected() > 0 {
			w.opens(1, 20, 0, 0)
			w.read()
		}
		return w.now.Sub(began)
	}
	fail()
	for n := 0; w.suspected() > 0; n++ {
		w.opens(0, 20, 0, 0)
		w.opens(1, 20, 0, 0)
		w.read()
		if n > 3 {
			t.Fatal("it is suspected though its connections open")
		}
	}
	last := time.Duration(0)
	for _, want := range []time.Duration{60, 120, 240, 300, 300} {
		fail()
		if got := idle(); got < want*time.Second-2*time.Second || got > want*time.Second+2*time.Second {
			t.Errorf("the probation was %v after %v, want %v", got, last, want*time.Second)
		} else {
			last = got
		}
	}
	w.p.keep(func(kernel.ServerKey) bool { return false })
	if len(w.p.suspects) > 0 {
		t.Error("servers that are gone are remembered")
	}
}

// TestPassiveForgets checks that nothing is concluded over a pause, or from counters that
// went back, and that nothing grows.
func TestPassiveForgets(t *testing.T) {
	w := newPassiveWorld(t, 2)
	for range 5 {
		w.opens(0, 20, 20, 10)
		w.opens(1, 20, 0, 0)
		w.now = w.now.Add(time.Minute)
		w.read()
	}
	if w.suspected() > 0 {
		t.Error("it was suspected over pauses")
	}
	for range 1000 {
		clear(w.half)
		w.made[w.servers[0]] = 0
		w.opens(0, 20, 20, 10)
		w.read()
	}
	if len(w.p.readings) > 4 || len(w.p.first) > 40 || w.suspected() > 0 {
		t.Errorf("%d readings, %d connections are kept, %d suspected", len(w.p.readings), len(w.p.first), w.suspected())
	}
}
