package tui

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"lvs/output"
)

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
