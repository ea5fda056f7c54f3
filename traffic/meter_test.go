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

func TestReadings(t *testing.T) {
	type at struct {
		seconds, connections uint64
		rate                 uint64 // the kernel's own estimate
		want                 Reading
	}
	counted := func(connections uint64, elapsed time.Duration) Reading {
		return Reading{Counted: kernel.Counters{Connections: connections}, Known: true, Elapsed: elapsed}
	}
	for _, c := range []struct {
		name     string
		readings []at
	}{
		{"the first", []at{{0, 100, 5, Reading{}}}},
		{"an update", []at{{0, 100, 5, Reading{}}, {2, 110, 5, counted(10, 2*time.Second)}}},
		{"not updated yet", []at{{0, 100, 5, Reading{}}, {1, 100, 5, Reading{Elapsed: time.Second}},
			{2, 110, 5, counted(10, 2*time.Second)}}},
		{"no traffic, so that the estimate falls", []at{{0, 100, 5, Reading{}}, {2, 100, 4, counted(0, 2*time.Second)}}},
		{"no traffic at all", []at{{0, 100, 0, Reading{}}, {1, 100, 0, counted(0, time.Second)},
			{2, 100, 0, counted(0, time.Second)}}},
		{"traffic stops", []at{{0, 100, 5, Reading{}}, {2, 110, 5, counted(10, 2*time.Second)},
			{3, 110, 5, Reading{Elapsed: time.Second}}, {4, 110, 5, counted(0, 2*time.Second)},
			{6, 110, 3, counted(0, 2*time.Second)}}},
		{"zeroed", []at{{0, 100, 5, Reading{}}, {2, 3, 5, Reading{Elapsed: 2 * time.Second, Reset: true}},
			{4, 13, 5, counted(10, 2*time.Second)}}},
		{"zeroed before an update", []at{{0, 100, 5, Reading{}}, {1, 100, 5, Reading{Elapsed: time.Second}},
			{2, 3, 5, Reading{Elapsed: 2 * time.Second, Reset: true}}}},
		{"the clock is set back", []at{{10, 100, 5, Reading{}}, {4, 110, 5, Reading{}}, {10, 110, 5, Reading{}},
			{12, 120, 5, counted(20, 2*time.Second)}}},
		{"a slow reader", []at{{0, 100, 5, Reading{}}, {3600, 1_000_100, 5, counted(1_000_000, time.Hour)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var m Meter
			start := time.Unix(1000, 0)
			for i, r := range c.readings {
				got := m.Add(kernel.Stats{Counters: kernel.Counters{Connections: r.connections},
					Rates: kernel.Rates{Connections: r.rate}}, start.Add(time.Duration(r.seconds)*time.Second))
				if got != r.want {
					t.Errorf("reading %d: %+v, want %+v", i, got, r.want)
				}
			}
		})
	}
}

// While the kernel does not update its counters the rates are unknown. What it adds
// afterwards at once, for all the time, is in no rate.
func TestRatesAfterPause(t *testing.T) {
	var m Meter
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		seconds     int
		paused      bool
		connections uint64
		want        Reading
		rate        float64
		unknown     bool
	}{
		{0, false, 100, Reading{}, 7, false},
		{2, false, 120, Reading{Counted: kernel.Counters{Connections: 20}, Known: true, Elapsed: 2 * time.Second}, 10, false},
		{4, true, 120, Reading{Elapsed: 2 * time.Second}, 0, true},
		{60, true, 120, Reading{Elapsed: 56 * time.Second}, 0, true},
		{62, true, 0, Reading{Elapsed: 2 * time.Second, Reset: true}, 0, true}, // zeroed
		{64, false, 0, Reading{Elapsed: 2 * time.Second}, 0, true},
		{66, false, 1_000_000, Reading{Elapsed: 2 * time.Second}, 0, true},
		{68, false, 1_000_010, Reading{Elapsed: 2 * time.Second}, 0, true},
		{70, false, 1_000_030, Reading{Counted: kernel.Counters{Connections: 20}, Known: true, Elapsed: 2 * time.Second},
			10, false},
	} {
		add := m.Add
		if c.paused {
			add = m.Pause
		}
		got := add(kernel.Stats{Counters: kernel.Counters{Connections: c.connections}, Rates: kernel.Rates{Connections: 7}},
			start.Add(time.Duration(c.seconds)*time.Second))
		if got != c.want || m.Rates.Connections != c.rate || m.Unknown != c.unknown {
			t.Errorf("after %d s: %+v, rate %v, unknown %v; want %+v, %v, %v", c.seconds, got, m.Rates.Connections,
				m.Unknown, c.want, c.rate, c.unknown)
		}
	}
}
