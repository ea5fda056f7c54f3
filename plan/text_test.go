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

func TestVisible(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"ASCII", `a "b" \ c`, `a "b" \ c`},
		{"other letters", "Größe 服务 ▲ é", "Größe 服务 ▲ é"},
		{"right to left override", "a\u202eb", `a\u202eb`},
		{"embeddings", "\u202a\u202b\u202c\u202d", `\u202a\u202b\u202c\u202d`},
		{"isolates", "\u2066\u2067\u2068\u2069", `\u2066\u2067\u2068\u2069`},
		{"marks", "\u200e\u200f\u061c", `\u200e\u200f\u061c`},
		{"nothing to see", "\u200b\u200d\u00ad\ufeff\u2060", `\u200b\u200d\u00ad\ufeff\u2060`},
		{"tags", "\U000e0041", `\U000e0041`},
		{"line ends", "a\nb\r\u2028\u2029\u0085", `a\nb\r\u2028\u2029\u0085`},
		{"control characters", "\x00\x1b[31m\x7f\u009b", `\x00\x1b[31m\x7f\u009b`},
		{"other spaces", "a\u00a0b\u3000", `a\u00a0b\u3000`},
		{"not UTF-8", "a\xffb\xc3", `a\xffb\xc3`},
		{"the replacement character", "a\ufffdb", "a\ufffdb"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Visible(c.in); got != c.want {
				t.Errorf("%+q is %q, want %q", c.in, got, c.want)
			}
			if got := VisibleLines("x\n\t" + c.in); c.name != "line ends" && got != "x\n\t"+c.want {
				t.Errorf("in lines: %q", got)
			}
		})
	}
}
