package schedule_test

import (
	"testing"

	"lvs/schedule"
)

func TestByCounts(t *testing.T) {
	type servers = []schedule.Server
	for _, c := range []struct {
		name, scheduler string
		servers         servers
		want            int
	}{
		{"no server", "wlc", nil, schedule.None},
		{"weight 0 and overload are left out", "wlc", servers{{Weight: 0}, {Weight: 9, Overloaded: true}}, schedule.None},
		{"the first of equals", "wlc", servers{{Weight: 1}, {Weight: 1}}, 0},
		{"256 inactive ones are one active", "wlc", servers{{Weight: 1, Active: 1}, {Weight: 1, Inactive: 255}}, 1},
		{"no less than one active", "wlc", servers{{Weight: 1, Active: 1}, {Weight: 1, Inactive: 256}}, 0},
		{"by weight", "wlc", servers{{Weight: 1, Active: 2}, {Weight: 3, Active: 5}}, 1},
		{"lc ignores weights", "lc", servers{{Weight: 1, Active: 2}, {Weight: 3, Active: 5}}, 0},
		{"wlc prefers an idle one, whatever its weight", "wlc", servers{{Weight: 9, Active: 1}, {Weight: 1}}, 1},
		{"sed counts the new connection", "sed", servers{{Weight: 1}, {Weight: 9, Active: 1}}, 1},
		{"nq takes an idle one", "nq", servers{{Weight: 9, Active: 1}, {Weight: 1}}, 1},
		{"nq is sed if none is idle", "nq", servers{{Weight: 1, Active: 1}, {Weight: 9, Active: 1}}, 1},
		{"fo takes the heaviest", "fo", servers{{Weight: 1}, {Weight: 5, Active: 99}, {Weight: 5}}, 1},
		{"fo without it", "fo", servers{{Weight: 1}, {Weight: 5, Overloaded: true}}, 0},
		{"ovf fills the heaviest", "ovf", servers{{Weight: 3, Active: 1}, {Weight: 5, Active: 5}}, 1},
		{"ovf overflows", "ovf", servers{{Weight: 3, Active: 1}, {Weight: 5, Active: 6}}, 0},
		{"ovf is full", "ovf", servers{{Weight: 3, Active: 4}, {Weight: 5, Active: 6}}, schedule.None},
		{"products of 64 bits", "wlc", servers{{Weight: 1<<31 - 1, Active: 1 << 22}, {Weight: 1, Active: 1}}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := schedule.ByCounts(c.scheduler, c.servers)
			if !ok || got != c.want {
				t.Errorf("got %d, %v; want %d", got, ok, c.want)
			}
		})
	}
	for _, scheduler := range []string{"rr", "wrr", "sh", "dh", "mh", "lblc", "lblcr", "twos", ""} {
		if _, ok := schedule.ByCounts(scheduler, []schedule.Server{{Weight: 1}}); ok {
			t.Errorf("%q does not go by counts alone", scheduler)
		}
	}
}
