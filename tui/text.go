package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lvs/output"
	"lvs/plan"
)

// clean returns text from outside as one line of runes that occupy one cell each.
// Invisible characters are escaped, wide ones become question marks.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\n", " "), "\t", " ")
	return strings.Map(func(r rune) rune {
		if r >= 0x300 && !strings.ContainsRune("→–…▲▼", r) {
			return '?'
		}
		return r
	}, plan.Visible(s))
}

// rateText formats a rate in at most five characters: 0.4, 12, 3.4K. Rates below
// 10 have one decimal, so one connection in ten seconds does not look like zero.
func rateText(r float64) string {
	switch {
	case r <= 0:
		return "0"
	case r < 0.1:
		return "<0.1"
	case r < 9.95:
		return strconv.FormatFloat(r, 'f', 1, 64)
	}
	return output.Scaled(uint64(math.Round(min(r, 1e19))))
}

// countText formats a number in at most five characters: 12, 3.4K.
func countText(n uint64) string { return output.Scaled(n) }

// percentText formats a fraction: 0.25 is 25%.
func percentText(p float64) string {
	return strconv.FormatFloat(p*100, 'f', 0, 64) + "%"
}

// ageText formats a duration with its largest unit only: 3s, 4m, 2h, 5d.
func ageText(d time.Duration) string {
	switch {
	case d < time.Minute:
		return strconv.Itoa(int(d/time.Second)) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + "d"
}

// countFull formats a number with all its digits.
func countFull(n int) string { return strconv.Itoa(n) }

// plural returns a number with its noun: 1 client, 2 clients.
func plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// fit returns text that is exactly w cells wide.
func fit(g *glyphs, s string, w int, left bool) string {
	n := utf8.RuneCountInString(s)
	switch {
	case n == w:
		return s
	case n > w && w > 0:
		r := []rune(s)
		return string(r[:w-1]) + g.more
	case n > w:
		return ""
	case left:
		return s + spaces(w-n)
	}
	return spaces(w-n) + s
}

const blank = "                                                                                "

// spaces returns n spaces. If n is negative, it returns none.
func spaces(n int) string {
	out := ""
	for n > len(blank) {
		out, n = out+blank, n-len(blank)
	}
	return out + blank[:max(n, 0)]
}

// wrap breaks text into lines of at most w cells, between words if possible.
func wrap(s string, w int) []string {
	var out []string
	now := ""
	for word := range strings.SplitSeq(s, " ") {
		for len([]rune(word)) > w {
			if now != "" {
				out, now = append(out, now), ""
			}
			r := []rune(word)
			out, word = append(out, string(r[:w])), string(r[w:])
		}
		switch {
		case now == "":
			now = word
		case len([]rune(now))+1+len([]rune(word)) <= w:
			now += " " + word
		default:
			out, now = append(out, now), word
		}
	}
	return append(out, now)
}

// splitLines returns the lines of a text that are not empty.
func splitLines(s string) []string {
	var out []string
	for l := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		if l != "" {
			out = append(out, clean(strings.TrimRight(l, " ")))
		}
	}
	return out
}

// boolInt returns 1 for true and 0 for false.
func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
