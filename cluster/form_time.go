package cluster

import (
	"time"

	"lvs/plan"
)

// period is a time, in whole units.
func period(low, high, unit time.Duration) form[time.Duration] {
	return periodTo(low, high, high, unit)
}

// periodTo is a period that may be longer than people are told: a rule looks at
// it later.
func periodTo(low, told, high, unit time.Duration) form[time.Duration] {
	const pattern = `^([0-9]+d)?(([0-9]+(\.[0-9]+)?)(h|m|s|ms))*$`
	s := shape{words: "a time from " + plan.DurationText(low) + " to " + plan.DurationText(told), kind: "string", pattern: pattern}
	return form[time.Duration]{s, func(d *decoder, t *tree) (time.Duration, bool) {
		units := "seconds are " + t.text + "s, minutes " + t.text + "m"
		if unit < time.Second {
			units = "milliseconds are " + t.text + "ms, seconds " + t.text + "s"
		}
		v, err := plan.ParseDuration(t.text)
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
