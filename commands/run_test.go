package commands

import (
	"strings"
	"testing"
)

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		`"Größe" … \x`:              `"Größe" … \x`,
		"open a\nb: no such file":   `open a\nb: no such file`,
		"\x1b[31m\a\x7f \"q\" C:\\": `\x1b[31m\a\x7f "q" C:\`,
		"\u009b31m \u202eb\u200b":   `\u009b31m \u202eb\u200b`,
		"\xff\xfe":                  `\xff\xfe`,
		"a " + strings.Repeat("é", 3000) + "z: why": "a " + strings.Repeat("é", 749) + " … " + strings.Repeat("é", 247) + "z: why",
	} {
		if got := oneLine(in); got != want {
			t.Errorf("%.80q is shown as %q, want %q", in, got, want)
		}
	}
}
