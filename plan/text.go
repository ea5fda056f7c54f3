package plan

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
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
	if !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == '"' }) {
		return `"` + s + `"`
	}
	return fmt.Sprintf("%q", s)
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
