package schedule_test

import (
	"fmt"
	"testing"

	"lvs/schedule"
)

// The shares of sh and the smallest one of mh were measured in the kernel.
func TestShares(t *testing.T) {
	for _, c := range []struct {
		scheduler string
		weights   []int
		want      string
	}{
		{"sh", []int{1, 1, 1}, "[0.336 0.332 0.332]"},
		{"sh", []int{100, 100, 100}, "[0.391 0.391 0.219]"},
		{"sh", []int{256, 256, 256}, "[1.000 0.000 0.000]"},
		{"mh", []int{1, 1, 1}, "[0.333 0.333 0.333]"},
		{"mh", []int{100, 100}, "[0.500 0.500]"},
		{"mh", []int{100, 50, 0}, "[0.667 0.333 0.000]"},
		{"mh", []int{1000, 1}, "[0.984 0.016]"}, // 62 turns and 1
		{"mh", []int{63, 1}, "[0.984 0.016]"},
		{"mh", []int{64, 1}, "[0.970 0.030]"}, // 32 turns and 1
		{"mh", []int{0, 0}, "[]"},
		{"mh", nil, "[]"},
		{"wlc", []int{1, 2}, "[]"},
	} {
		t.Run(fmt.Sprint(c.scheduler, c.weights), func(t *testing.T) {
			servers := make([]schedule.Server, len(c.weights))
			for i, w := range c.weights {
				servers[i].Weight = w
			}
			if got := fmt.Sprintf("%.3f", schedule.Shares(c.scheduler, servers)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
