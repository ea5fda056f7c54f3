package tui

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lvs/output"
)

// clean makes text from outside one line of runes that take one cell each: what
// a terminal would obey, or draw wider, becomes a question mark.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < 0x20 || r == utf8.RuneError || r >= 0x300 && !strings.ContainsRune("→–…▲▼", r) || !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, s)
}

// rateText writes a rate in at most five characters: 0.4, 12, 3.4K. Below ten
// it has one decimal, because one connection in ten seconds is not none.
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

func countText(n uint64) string { return output.Scaled(n) }

// percentText writes a part of one.
func percentText(p float64) string {
	return strconv.FormatFloat(p*100, 'f', 0, 64) + "%"
}

// ageText writes a time of which only the greatest part matters: 3s, 4m, 2h.
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

// countFull writes a number as it is.
func countFull(n int) string { return strconv.Itoa(n) }

// plural counts a thing.
func plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// fit makes text exactly w cells wide.
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

func spaces(n int) string {
	out := ""
	for n > len(blank) {
		out, n = out+blank, n-len(blank)
	}
	return out + blank[:max(n, 0)]
}

// wrap breaks text into lines of at most w cells, between words where it can.
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

func splitLines(s string) []string {
	var out []string
	for l := range strings.SplitSeq(strings.TrimRight(s, "\n"), "\n") {
		if l != "" {
			out = append(out, clean(strings.TrimRight(l, " ")))
		}
	}
	return out
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
