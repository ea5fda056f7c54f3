package kernel

import "testing"

func TestCountersSub(t *testing.T) {
	before := Counters{Connections: 1, PacketsIn: 20, PacketsOut: 30, BytesIn: 400, BytesOut: 500}
	for _, c := range []struct {
		name    string
		now     Counters
		counted Counters
		ok      bool
	}{
		{"nothing new", before, Counters{}, true},
		{"all grew", Counters{3, 25, 36, 407, 508}, Counters{2, 5, 6, 7, 8}, true},
		{"only inbound grew", Counters{1, 21, 30, 460, 500}, Counters{PacketsIn: 1, BytesIn: 60}, true},
		{"set to zero", Counters{}, Counters{}, false},
		{"set to zero, then connections", Counters{1, 2, 3, 4, 5}, Counters{1, 2, 3, 4, 5}, false},
		{"connections went back", Counters{0, 21, 31, 401, 501}, Counters{0, 21, 31, 401, 501}, false},
		{"packets in went back", Counters{2, 19, 31, 401, 501}, Counters{2, 19, 31, 401, 501}, false},
		{"packets out went back", Counters{2, 21, 29, 401, 501}, Counters{2, 21, 29, 401, 501}, false},
		{"bytes in went back", Counters{2, 21, 31, 399, 501}, Counters{2, 21, 31, 399, 501}, false},
		{"bytes out went back", Counters{2, 21, 31, 401, 499}, Counters{2, 21, 31, 401, 499}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			counted, ok := c.now.Sub(before)
			if counted != c.counted || ok != c.ok {
				t.Errorf("%v.Sub(%v) = %v, %v; want %v, %v", c.now, before, counted, ok, c.counted, c.ok)
			}
			if ok && before.Add(counted) != c.now {
				t.Errorf("%v.Add(%v) = %v, want %v", before, counted, before.Add(counted), c.now)
			}
		})
	}
}

func TestRatesAdd(t *testing.T) {
	if got, want := (Rates{1, 2, 3, 4, 5}).Add(Rates{10, 20, 30, 40, 50}), (Rates{11, 22, 33, 44, 55}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
