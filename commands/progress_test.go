package commands

import "testing"

// A line that is rewritten must not reach the end of the terminal's.
func TestFitting(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"draining", 0, "draining"},
		{"draining", 9, "draining"},
		{"draining", 8, "draini…"},
		{"дренаж", 6, "дрен…"},
		{"draining", 1, "draining"},
	} {
		if got := fitting(c.text, c.width); got != c.want {
			t.Errorf("%q in %d columns: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}
