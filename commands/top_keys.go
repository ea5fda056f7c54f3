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

// TopKeysMarkdown are the same as a table for the README.
func TopKeysMarkdown() string {
	var b strings.Builder
	b.WriteString("| | key | what it does |\n|---|---|---|\n")
	for _, g := range tui.KeyTable() {
		title := g.Title
		for _, k := range g.Keys {
			// A backquote or a bar would end the cell.
			name := strings.ReplaceAll(k.Name, "|", `\|`)
			b.WriteString("| " + title + " | `" + name + "` | " + k.Help + " |\n")
			title = ""
		}
	}
	return b.String()
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
