package schedule

import (
	"math"
	"testing"
)

func TestReordered(t *testing.T) {
	weights := func(w ...int) (out []Server) {
		for _, n := range w {
			out = append(out, Server{Weight: n})
		}
		return out
	}
	for _, c := range []struct {
		name, scheduler string
		servers         []Server
		other           []int
		want            Reorder
	}{
		{"the same order", "sh", weights(1, 1), []int{0, 1}, Reorder{Known: true}},
		{"two swapped", "sh", weights(1, 1), []int{1, 0}, Reorder{true, 1, true}},
		{"two of three swapped", "sh", weights(1, 1, 1), []int{0, 2, 1}, Reorder{true, 170.0 / 256, true}},
		{"weights of 256", "sh", weights(256, 256), []int{1, 0}, Reorder{true, 1, true}},
		{"a weight of 0 has a place", "sh", weights(0, 1), []int{1, 0}, Reorder{true, 1, true}},
		{"dh ignores weights", "dh", weights(9, 1), []int{1, 0}, Reorder{true, 1, true}},
		{"mh", "mh", weights(1, 1), []int{1, 0}, Reorder{Moves: true}},
		{"mh in the same order", "mh", weights(1, 1), []int{0, 1}, Reorder{}},
		{"fo with equals", "fo", weights(5, 5, 1), []int{1, 0, 2}, Reorder{true, 1, true}},
		{"fo with one that is largest", "fo", weights(5, 3, 1), []int{2, 1, 0}, Reorder{Known: true}},
		{"ovf with equals", "ovf", weights(5, 5), []int{1, 0}, Reorder{true, 1, true}},
		{"fo without a server", "fo", weights(0, 0), []int{1, 0}, Reorder{Known: true}},
		{"rr", "rr", weights(1, 1), []int{1, 0}, Reorder{}},
		{"wrr", "wrr", weights(1, 2), []int{1, 0}, Reorder{}},
		{"wlc", "wlc", weights(1, 2), []int{1, 0}, Reorder{}},
		{"no server", "sh", nil, nil, Reorder{Known: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Reordered(c.scheduler, c.servers, c.other)
			if got.Moves != c.want.Moves || got.Known != c.want.Known || math.Abs(got.Share-c.want.Share) > 1e-9 {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
