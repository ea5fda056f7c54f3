package cluster

import "testing"

func TestNearest(t *testing.T) {
	schedulers := []string{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "mh"}
	for _, c := range []struct{ typed, want string }{
		{"wrrr", "wrr"}, {"lblccr", "lblcr"}, {"maglev", ""}, {"", ""}, {"wrr", "wrr"},
	} {
		if got := Nearest(c.typed, schedulers); got != c.want {
			t.Errorf("%q: %q, want %q", c.typed, got, c.want)
		}
	}
	if got := Nearest("sched", []string{"stats", "scheduler", "sched-flags"}); got != "scheduler" {
		t.Errorf("a word that begins so: %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"rr", "wrr", 1}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
