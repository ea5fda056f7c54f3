package plan

import (
	"fmt"
	"strings"
	"unicode"
)

// Shorten cuts what a fault quotes.
func Shorten(s string) string {
	const longest = 60 // letters
	if letters := []rune(s); len(letters) > longest {
		return string(letters[:longest]) + "…"
	}
	return s
}

// Quote shows a text on one line.
func Quote(s string) string {
	s = Shorten(s)
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == '"' }) {
		return `"` + s + `"`
	}
	return fmt.Sprintf("%q", s)
}
