package operate

import "time"

// slopeTime is how far back the pace of draining is looked at.
const slopeTime = 30 * time.Second

// Slope estimates when something that shrinks will be nothing. The zero value is
// ready to use.
type Slope struct{ samples []slopeSample }

type slopeSample struct {
	at   time.Time
	left uint64
}

// Add takes how much is left at a time.
func (s *Slope) Add(at time.Time, left uint64) {
	s.samples = append(s.samples, slopeSample{at, left})
	for len(s.samples) > 2 && at.Sub(s.samples[0].at) > slopeTime {
		s.samples = s.samples[1:]
	}
}

// Estimate returns how much goes in a second and how long it takes to nothing.
// ok is false if it does not shrink.
func (s *Slope) Estimate() (perSecond float64, end time.Duration, ok bool) {
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
