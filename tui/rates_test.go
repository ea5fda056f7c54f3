package tui

import (
	"testing"
	"time"

	"lvs/kernel"
)

// The kernel's counters stand still between its additions, two seconds apart.
// The rates must neither jump nor vanish meanwhile.
func TestRatesBetweenAdditions(t *testing.T) {
	var m meter
	start := time.Unix(1000, 0)
	const perSecond = 10
	for s := range 30 {
		added := uint64(s/2) * 2 * perSecond
		reset := m.add(kernel.Stats{Counters: kernel.Counters{Connections: added}, Rates: kernel.Rates{Connections: 7}},
			start.Add(time.Duration(s)*time.Second))
		want := 7.0 // the kernel's own, until two additions were seen
		if s >= 2 {
			want = perSecond
		}
		if reset || m.rates.connections != want {
			t.Errorf("after %d s: %v a second, want %v (reset %v)", s, m.rates.connections, want, reset)
		}
	}
}

func TestRatesOfSlowLooks(t *testing.T) {
	var m meter
	start := time.Unix(1000, 0)
	m.add(kernel.Stats{Counters: kernel.Counters{BytesIn: 1 << 40}}, start)
	m.add(kernel.Stats{Counters: kernel.Counters{BytesIn: 1<<40 + 5000}}, start.Add(5*time.Second))
	if m.rates.bytesIn != 1000 {
		t.Errorf("%v bytes a second, want 1000", m.rates.bytesIn)
	}
	m.add(kernel.Stats{Counters: kernel.Counters{BytesIn: 1<<40 + 5000}}, start.Add(10*time.Second))
	if m.rates.bytesIn != 0 {
		t.Errorf("%v bytes a second after a look without any, want 0", m.rates.bytesIn)
	}
}

func TestRatesAfterZero(t *testing.T) {
	var m meter
	start := time.Unix(1000, 0)
	m.add(kernel.Stats{Counters: kernel.Counters{Connections: 1 << 50}}, start)
	reset := m.add(kernel.Stats{Counters: kernel.Counters{Connections: 40}}, start.Add(2*time.Second))
	if !reset || m.rates.connections != 20 {
		t.Errorf("reset %v, %v a second; want true, 20", reset, m.rates.connections)
	}
	// A clock that was set back must not make rates of it.
	m.add(kernel.Stats{Counters: kernel.Counters{Connections: 60}}, start)
	if m.rates.connections != 20 {
		t.Errorf("%v a second, want the old 20", m.rates.connections)
	}
}

func TestSince(t *testing.T) {
	base := kernel.Counters{Connections: 10, BytesIn: 100}
	if got := since(kernel.Counters{Connections: 15, BytesIn: 100}, base); got != (kernel.Counters{Connections: 5}) {
		t.Errorf("%+v", got)
	}
	zeroed := kernel.Counters{Connections: 3}
	if got := since(zeroed, base); got != zeroed {
		t.Errorf("after a zero: %+v, want %+v", got, zeroed)
	}
}
