package output

import (
	"testing"
	"time"
)

func TestScaled(t *testing.T) {
	for in, want := range map[uint64]string{
		0: "0", 999: "999", 1000: "1.0K", 1234: "1.2K", 99_999: "99.9K", 100_000: "100K", 999_999: "999K",
		1_000_000: "1.0M", 12_345_678: "12.3M", 1 << 40: "1.0T", 1<<64 - 1: "18.4E",
	} {
		t.Run(want, func(t *testing.T) {
			if got := Scaled(in); got != want {
				t.Errorf("%d is %s", in, got)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	for in, want := range map[time.Duration]string{
		0: "0s", 999 * time.Millisecond: "0s", 45 * time.Second: "45s", 6 * time.Minute: "6m",
		90 * time.Minute: "1h30m", 26*time.Hour + 5*time.Second: "26h5s", -90 * time.Second: "-1m30s",
		31 * 24 * time.Hour: "744h",
	} {
		t.Run(want, func(t *testing.T) {
			if got := Duration(in); got != want {
				t.Errorf("%v is %s", in, got)
			}
		})
	}
}

func TestPaint(t *testing.T) {
	if got := NoStyle.Paint("a") + Red.Paint("b") + Dim.Paint("c"); got != "a\x1b[31mb\x1b[0m\x1b[2mc\x1b[0m" {
		t.Errorf("%q", got)
	}
}
