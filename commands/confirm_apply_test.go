package commands

import (
	"testing"
	"time"
)

// Who drained for a minute has that much less time to confirm.
func TestTimeLeftToConfirm(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct{ passed, left time.Duration }{
		{0, 90 * time.Second},
		{20 * time.Millisecond, 90 * time.Second},
		{time.Minute, 30 * time.Second},
		{2 * time.Minute, 0},
	} {
		o := &apply{app: &App{Now: func() time.Time { return start.Add(c.passed) }}, undoneAt: start.Add(90 * time.Second)}
		if left := o.left(); left != c.left {
			t.Errorf("after %s: %s left, not %s", c.passed, left, c.left)
		}
	}
}
