package commands

import (
	"strings"

	"lvs/tui"
)

// TopKeys are the keys of lvs top, for its manual page: a section for each place
// where they work.
func TopKeys() []Section {
	var out []Section
	for _, g := range tui.KeyTable() {
		s := Section{Title: "KEYS: " + strings.ToUpper(g.Title)}
		for _, k := range g.Keys {
			s.Terms = append(s.Terms, Term{k.Name, upperFirst(k.Help) + "."})
		}
		out = append(out, s)
	}
	return out
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
