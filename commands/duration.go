package commands

import (
	"strconv"
	"time"

	"lvs/plan"
)

// durationRange is the range of valid durations of an option. The zero value allows
// everything above zero.
type durationRange struct {
	// low and high are the limits; zero means no limit.
	low, high time.Duration
	// unit is a duration of which it must be a multiple; zero allows any.
	unit time.Duration
	// zero is set if 0 is allowed.
	zero bool
	// or is a word that may be used instead of a duration, for the error text.
	or string
}

// parseDuration returns the duration of an option: 500ms, 30s, 5m, 1h30m, 7d, or a
// number of seconds as in ipvsadm. All errors about durations come from here.
func parseDuration(option, text string, want durationRange) (time.Duration, error) {
	d, err := plan.ParseDuration(text)
	if n, bare := strconv.ParseUint(text, 10, 32); bare == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	switch {
	case err != nil, d < 0, d == 0 && !want.zero, d < want.low,
		want.high > 0 && d > want.high, want.unit > 0 && d%want.unit != 0:
		return 0, usagef("invalid %s %q: want %s", option, text, want.words())
	}
	return d, nil
}

// optionalDuration is parseDuration for an option that may be missing: an empty text
// is zero.
func optionalDuration(option, text string, want durationRange) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	return parseDuration(option, text, want)
}

func (r durationRange) words() string {
	text := func(d time.Duration) string {
		if d > 24*time.Hour && d%(24*time.Hour) != 0 {
			return strconv.Itoa(int(d/time.Second)) + "s"
		}
		return plan.DurationText(d)
	}
	s := "a duration such as 30s, 5m or 2h"
	switch {
	case r.low > 0 && r.high > 0:
		s = "a duration from " + text(r.low) + " to " + text(r.high)
	case r.low > 0:
		s = "a duration of at least " + text(r.low)
	case r.high > 0:
		s = "a duration up to " + text(r.high)
	}
	if r.unit == time.Second {
		s += ", in whole seconds"
	} else if r.unit > 0 {
		s = "a multiple of " + text(r.unit) + ", such as " + text(2*r.unit)
	}
	if r.or != "" {
		s += ", or " + r.or
	}
	return s
}
