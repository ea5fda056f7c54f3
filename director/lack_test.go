package director

import (
	"strings"
	"testing"
	"time"

	"lvs/director/health"
)

// TestLack raises an alarm for a check that cannot be made for some time, and ends it.
func TestLack(t *testing.T) {
	w := newWorld(t, serviceOf(1, 1, 2))
	resets(t, w)
	w.begin()
	w.up(1, 2)
	last := func(n int, r health.Result) {
		w.tell(n, func(s *health.State) { s.Last = r })
		w.work()
	}
	lack := health.Result{Outcome: health.Local, Reason: health.NoLocal,
		Detail: "network namespace /run/x: no\x1b such file"}
	alarm := func() (what string) {
		for _, a := range w.d.alarms.list() {
			if a.Code == AlarmChecks {
				what += a.What
			}
		}
		return what
	}
	last(2, lack)
	w.pass(lackTime - time.Second)
	w.want("at first", alarm(), "")
	w.pass(2 * time.Second)
	if got := alarm(); !strings.HasSuffix(got, "tcp of 10.0.0.2:80: network namespace /run/x: no\\x1b such file") {
		t.Errorf("the alarm: %q", got)
	}
	last(1, lack)
	w.pass(time.Minute)
	w.want("one event", strings.Join(w.events(EventAlarm), " "), "alarm checks> ")
	w.want("the weights stay", w.weights(1, 1, 2), "10 10")
	last(1, health.Result{Outcome: health.Pass})
	last(2, health.Result{Outcome: health.Fail})
	w.pass(2 * time.Second)
	w.want("when it is over", alarm(), "")
}
