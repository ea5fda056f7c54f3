package commands

import (
	"fmt"
	"testing"
)

// A line that is rewritten must be shorter than the line of the terminal.
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
		t.Run(fmt.Sprintf("%s in %d", c.text, c.width), func(t *testing.T) {
			if got := fitting(c.text, c.width); got != c.want {
				t.Errorf("%q in %d columns: %q, want %q", c.text, c.width, got, c.want)
			}
		})
	}
}
