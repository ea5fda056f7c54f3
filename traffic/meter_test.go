package traffic

import (
	"testing"
	"time"

	"lvs/kernel"
)

// The kernel's counters stand still between its additions, two seconds apart.
// The rates must neither jump nor vanish meanwhile.
func TestRatesBetweenAdditions(t *testing.T) {
	var m Meter
	start := time.Unix(1000, 0)
	const perSecond = 10
	for s := range 30 {
		added := uint64(s/2) * 2 * perSecond
		reset := m.Add(kernel.Stats{Counters: kernel.Counters{Connections: added}, Rates: kernel.Rates{Connections: 7}},
			start.Add(time.Duration(s)*time.Second)).Reset
		want := 7.0 // the kernel's own, until two additions were seen
		if s >= 2 {
			want = perSecond
		}
		if reset || m.Rates.Connections != want {
			t.Errorf("after %d s: %v a second, want %v (reset %v)", s, m.Rates.Connections, want, reset)
		}
	}
}

func TestRatesOfSlowLooks(t *testing.T) {
	var m Meter
	start := time.Unix(1000, 0)
	m.Add(kernel.Stats{Counters: kernel.Counters{BytesIn: 1 << 40}}, start)
	m.Add(kernel.Stats{Counters: kernel.Counters{BytesIn: 1<<40 + 5000}}, start.Add(5*time.Second))
	if m.Rates.BytesIn != 1000 {
		t.Errorf("%v bytes a second, want 1000", m.Rates.BytesIn)
	}
	m.Add(kernel.Stats{Counters: kernel.Counters{BytesIn: 1<<40 + 5000}}, start.Add(10*time.Second))
	if m.Rates.BytesIn != 0 {
		t.Errorf("%v bytes a second after a look without any, want 0", m.Rates.BytesIn)
	}
}

func TestRatesAfterZero(t *testing.T) {
	var m Meter
	start := time.Unix(1000, 0)
	m.Add(kernel.Stats{Counters: kernel.Counters{Connections: 1 << 50}}, start)
	reset := m.Add(kernel.Stats{Counters: kernel.Counters{Connections: 40}}, start.Add(2*time.Second)).Reset
	if !reset || m.Rates.Connections != 20 {
		t.Errorf("reset %v, %v a second; want true, 20", reset, m.Rates.Connections)
	}
	// A clock that was set back must not make rates of it.
	m.Add(kernel.Stats{Counters: kernel.Counters{Connections: 60}}, start)
	if m.Rates.Connections != 20 {
		t.Errorf("%v a second, want the old 20", m.Rates.Connections)
	}
}
