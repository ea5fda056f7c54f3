package cluster

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// period is a time, in whole units.
func period(low, high, unit time.Duration) form[time.Duration] {
	return periodTo(low, high, high, unit)
}

// periodTo is a period that may be longer than people are told: a rule looks at
// it later.
func periodTo(low, told, high, unit time.Duration) form[time.Duration] {
	const pattern = `^([0-9]+d)?(([0-9]+(\.[0-9]+)?)(h|m|s|ms))*$`
	s := shape{words: "a time from " + timeText(low) + " to " + timeText(told), kind: "string", pattern: pattern}
	return form[time.Duration]{s, func(d *decoder, t *tree) (time.Duration, bool) {
		units := "seconds are " + t.text + "s, minutes " + t.text + "m"
		if unit < time.Second {
			units = "milliseconds are " + t.text + "ms, seconds " + t.text + "s"
		}
		v, err := ParseDuration(t.text)
		switch {
		case t.kind == isNumber:
			d.fault(t, d.key+" is "+s.words+", with its unit, not "+t.what(), units)
		case t.kind != isText || err != nil:
			d.fault(t, d.key+" is "+s.words+", not "+t.what(), "times are written 500ms, 30s, 5m, 1h30m or 7d")
		case v < low || v > high:
			d.refuse(t, s)
		case v%unit != 0:
			d.fault(t, d.key+" is a time in whole seconds, not "+t.what(), "")
		default:
			return v, true
		}
		return 0, false
	}}
}

// ParseDuration reads a time as Go has it, also with days: 500ms, 5m, 1d12h.
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

// timeText is a time as people write it, also in days.
func timeText(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return "0s"
	case d >= day && d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	}
	return duration(d)
}
