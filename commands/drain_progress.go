package commands

import (
	"fmt"
	"time"

	"lvs/output"
)

// slopeTime is how far back the pace of draining is looked at.
const slopeTime = 30 * time.Second

// slope estimates when something that shrinks will be nothing.
type slope struct{ samples []slopeSample }

type slopeSample struct {
	at   time.Time
	left uint64
}

func (s *slope) add(at time.Time, left uint64) {
	s.samples = append(s.samples, slopeSample{at, left})
	for len(s.samples) > 2 && at.Sub(s.samples[0].at) > slopeTime {
		s.samples = s.samples[1:]
	}
}

// estimate gives how much goes in a second and how long it takes to nothing.
// False is that it does not shrink.
func (s *slope) estimate() (perSecond float64, end time.Duration, ok bool) {
	if len(s.samples) < 2 {
		return 0, 0, false
	}
	first, last := s.samples[0], s.samples[len(s.samples)-1]
	seconds := last.at.Sub(first.at).Seconds()
	if seconds <= 0 || last.left >= first.left {
		return 0, 0, false
	}
	perSecond = float64(first.left-last.left) / seconds
	return perSecond, time.Duration(float64(last.left) / perSecond * float64(time.Second)), true
}

// drainProgress is the line that tells how far draining is.
type drainProgress struct {
	*liveLine
	slope
	what string
}

// tell adds where the servers stand now, and shows it if the time has come.
func (p *drainProgress) tell(rows []output.Drain) {
	active := activeOf(rows)
	p.add(p.app.Now(), active)
	p.show(func() string {
		var left []string
		for i := range rows {
			if rows[i].State != output.Drained {
				left = append(left, fmt.Sprintf("%v %s", rows[i].Service, rows[i].Reason))
			}
		}
		if active == 0 {
			return p.what + ": " + enumerate(left)
		}
		text := fmt.Sprintf("%s: %s left in %s", p.what, plural(active, "active connection"), plural(len(left), "service"))
		perSecond, end, ok := p.estimate()
		if !ok {
			return text + ", no end in sight"
		}
		return fmt.Sprintf("%s, %.1f less each second, about %s", text, perSecond, output.Duration(max(end, time.Second)))
	})
}
