package output

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"
)

// A locale in which "…" counts as two columns lays out no table otherwise.
func TestTerminalWidthsOfLocale(t *testing.T) {
	text := func(b []byte, s *string) []byte { return append(b, *s...) }
	columns := []*column[string]{{key: "one", text: text}, {key: "two", text: text}}
	draw := func() string {
		var out bytes.Buffer
		p, err := New(&out, Options{Terminal: true})
		if err != nil {
			t.Fatal(err)
		}
		table := newTable(p, &kind[string]{}, columns)
		for _, s := range []string{"…", "ue"} {
			if err := table.row(&s); err != nil {
				t.Fatal(err)
			}
		}
		if err := table.close(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	runewidth.DefaultCondition.EastAsianWidth = true
	if diff := cmp.Diff("ONE  TWO\n…    …\nue   ue\n", draw()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
