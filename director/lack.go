package director

import (
	"time"

	"lvs/director/health"
	"lvs/plan"
)

// AlarmChecks is the code of the alarm about checks that this machine cannot make.
const AlarmChecks = "checks"

// lackTime is how long a check has to lack something before it is an alarm: a lack of
// descriptors or a stopped program may be over at the next try.
const lackTime = 10 * time.Second

// noteLack keeps since when this machine lacks what the probe needs.
func (p *probe) noteLack(now time.Time) {
	switch {
	case p.Last.Outcome != health.Local:
		p.lacks = time.Time{}
	case p.lacks.IsZero():
		p.lacks = now
	}
}

// lackChecks raises an alarm if checks cannot be made. They change no verdict, so nothing
// else shows that failures of these servers are not seen. It names one of them, the same
// while it lasts.
func (c *core) lackChecks(now time.Time) {
	var worst *probe
	var name health.Key
	for key, p := range c.probes {
		if !p.lacks.IsZero() && now.Sub(p.lacks) >= max(lackTime, 2*p.Every) && (worst == nil || key < name) {
			worst, name = p, key
		}
	}
	if worst == nil {
		c.calm(AlarmChecks)
		return
	}
	if a := c.alarms[AlarmChecks]; a != nil && !a.ended {
		return
	}
	what := string(worst.Kind) + " of " + worst.Addr.String() + ": " + plan.Visible(worst.Last.Detail)
	c.alarm(AlarmChecks, "checks cannot be made, and failures of their servers are not seen, for example "+what, "")
}
