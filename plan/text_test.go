package plan

import (
	"strings"
	"testing"
	"time"
)

func TestDurations(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"0s": 0, "500ms": 500 * time.Millisecond, "30s": 30 * time.Second, "5m": 5 * time.Minute, "1m30s": 90 * time.Second,
		"1h30m": 90 * time.Minute, "2h": 2 * time.Hour, "7d": 7 * day, "36h": 36 * time.Hour, "1h0m5s": time.Hour +
			5*time.Second,
	} {
		t.Run(text, func(t *testing.T) {
			got, err := ParseDuration(text)
			if err != nil || got != want || DurationText(want) != text {
				t.Errorf("%s, %v; as text %s", got, err, DurationText(want))
			}
		})
	}
	for text, want := range map[string]time.Duration{"1d12h": 36 * time.Hour, "90s": 90 * time.Second, "0d": 0} {
		t.Run(text, func(t *testing.T) {
			if got, err := ParseDuration(text); err != nil || got != want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
	for _, text := range []string{"", "5", "d", "1d-1h", "1d+1h", "-1d", "1.5d", "99999d", "1h1d", "x"} {
		t.Run("not "+text, func(t *testing.T) {
			if got, err := ParseDuration(text); err == nil {
				t.Errorf("read as %s", got)
			}
		})
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"a b": `"a b"`, "é": `"é"`, "a\nb": `"a\nb"`, `a"b`: `"a\"b"`, "\x1b[1m": `"\x1b[1m"`,
		strings.Repeat("é", 61): `"` + strings.Repeat("é", 60) + `…"`,
	} {
		t.Run(want, func(t *testing.T) {
			if got := Quote(text); got != want {
				t.Errorf("%s", got)
			}
		})
	}
}
