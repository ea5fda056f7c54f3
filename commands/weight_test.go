package commands

import (
	"testing"

	"lvs/kernel"
)

func TestShift(t *testing.T) {
	const refused = -1
	for _, c := range []struct {
		now  int
		by   string
		want int
	}{
		{5, "0", 0}, {5, "7", 7}, {0, "2147483647", kernel.MaxWeight}, {5, "2147483648", refused},
		{5, "+2", 7}, {5, "+0", 5}, {kernel.MaxWeight, "+1", refused},
		{5, "-2", 3}, {5, "-5", 0}, {5, "-6", refused},
		{4, "50%", 2}, {5, "50%", 3}, {5, "49%", 2}, {3, "150%", 5}, {0, "50%", 0}, {5, "0%", 0},
		{3, "10%", refused}, {kernel.MaxWeight, "101%", refused}, {kernel.MaxWeight, "100%", kernel.MaxWeight},
		{kernel.MaxWeight, "2147483647%", refused},
		{5, "", refused}, {5, "+", refused}, {5, "%", refused}, {5, "+10%", refused}, {5, "-10%", refused},
		{5, "++1", refused}, {5, "+-1", refused}, {5, "1.5", refused}, {5, "0x10", refused}, {5, "1_0", refused}, {5, " 1", refused},
	} {
		got := refused
		if by, err := parseShift(c.by); err == nil {
			if to, err := by.from(c.now); err == nil {
				got = to
			}
		}
		if got != c.want {
			t.Errorf("%d by %q: %d, want %d", c.now, c.by, got, c.want)
		}
	}
}

func FuzzShift(f *testing.F) {
	for _, s := range []string{"1", "+1", "-1", "50%", "", "%", "+%"} {
		f.Add(5, s)
	}
	f.Fuzz(func(t *testing.T, now int, s string) {
		if now < 0 || now > kernel.MaxWeight {
			return
		}
		by, err := parseShift(s)
		if err != nil {
			return
		}
		if to, err := by.from(now); err == nil && (to < 0 || to > kernel.MaxWeight) {
			t.Errorf("%d by %q gives %d", now, s, to)
		}
	})
}
