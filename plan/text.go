package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Shorten cuts a text to the length that an error message quotes.
func Shorten(s string) string {
	const longest = 60 // characters
	if letters := []rune(s); len(letters) > longest {
		return string(letters[:longest]) + "…"
	}
	return s
}

// Quote returns a text, shortened and in quotes, on one line.
func Quote(s string) string {
	s = Shorten(s)
	if !strings.ContainsFunc(s, func(r rune) bool { return Invisible(r) || r == '"' }) {
		return `"` + s + `"`
	}
	return fmt.Sprintf("%q", s)
}

// Invisible reports whether a character must be escaped in a text for people: it cannot
// be seen, ends the line, controls a terminal, or changes the direction in which the
// rest is read (U+202E), so that the text looks like another one. Spaces other than the
// common one are among them.
func Invisible(r rune) bool { return !unicode.IsPrint(r) }

// Visible returns a text of unknown origin for people, as one line: invisible characters
// and bytes that are not UTF-8 are escaped as in Go, \n, \x1b, \u202e. Every text of others
// goes through it before it reaches a terminal; a JSON text has escapes of its own.
func Visible(s string) string {
	if isVisible(s) {
		return s
	}
	return string(AppendVisible(nil, s))
}

// AppendVisible appends Visible(s).
func AppendVisible(b []byte, s string) []byte {
	if isVisible(s) {
		return append(b, s...)
	}
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || Invisible(r) {
			quoted := strconv.AppendQuote(nil, s[:n])
			b = append(b, quoted[1:len(quoted)-1]...)
		} else {
			b = append(b, s[:n]...)
		}
		s = s[n:]
	}
	return b
}

// VisibleLines is Visible for a text of several lines: line ends and tabs stay.
func VisibleLines(s string) string {
	var b []byte
	for s != "" {
		n := strings.IndexAny(s, "\n\t")
		if n < 0 {
			n = len(s)
		}
		b = AppendVisible(b, s[:n])
		if n < len(s) {
			b = append(b, s[n])
			n++
		}
		s = s[n:]
	}
	return string(b)
}

// isVisible reports whether a text needs no escape. Most texts are ASCII.
func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return utf8.ValidString(s[i:]) && !strings.ContainsFunc(s[i:], Invisible)
		}
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// ParseDuration reads a duration like time.ParseDuration, and accepts days too:
// 500ms, 5m, 1d12h.
func ParseDuration(s string) (time.Duration, error) {
	const day = 24 * time.Hour
	days, rest, ok := strings.Cut(s, "d")
	if !ok {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil || rest == "" {
		return time.Duration(n) * day, err
	}
	d, err := time.ParseDuration(rest)
	if d < 0 || rest[0] == '+' {
		err = fmt.Errorf("time: invalid duration %q", s)
	}
	return time.Duration(n)*day + d, err
}

// DurationText returns a duration as people write it: 500ms, 30s, 5m, 1h30m, 7d.
// ParseDuration reads it back.
func DurationText(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return "0s"
	case d >= day && d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
