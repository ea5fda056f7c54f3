package tui

import "testing"

// Text of others is one line on the screen, in which every character has one cell and
// none changes the direction of the others.
func TestClean(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"ASCII", "lvs weight 5", "lvs weight 5"},
		{"letters", "Größe", "Größe"},
		{"lines", "a\nb\tc", "a b c"},
		{"our own signs", "a – b … → ▲▼", "a – b … → ▲▼"},
		{"wide", "服务", "??"},
		{"right to left", "a\u202eb\u2067", `a\u202eb\u2067`},
		{"marks", "\u200e\u200f\u061c\u200b", `\u200e\u200f\u061c\u200b`},
		{"control characters", "\x1b[2J\u009b", `\x1b[2J\u009b`},
		{"not UTF-8", "\xff", `\xff`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := clean(c.in); got != c.want {
				t.Errorf("%+q is %q, want %q", c.in, got, c.want)
			}
		})
	}
}
