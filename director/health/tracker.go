package health

// WithDefaults returns the timing with the defaults for what is zero. FastEvery is at most
// Every.
func (t Timing) WithDefaults() Timing {
	if t.Every <= 0 {
		t.Every = DefaultEvery
	}
	if t.FastEvery <= 0 {
		t.FastEvery = DefaultFastEvery
	}
	t.FastEvery = min(t.FastEvery, t.Every)
	if t.Timeout <= 0 {
		t.Timeout = DefaultTimeout
	}
	if t.Rise <= 0 {
		t.Rise = DefaultRise
	}
	if t.Fall <= 0 {
		t.Fall = DefaultFall
	}
	return t
}

// Add counts a result, and reports whether it changed the verdict. Busy and Local change
// only Last.
func (s *State) Add(r Result, t Timing) (changed bool) {
	s.Last = r
	var verdict Verdict
	var need int
	switch r.Outcome {
	case Pass:
		verdict, need = Up, t.Rise
		s.Pass++
	case Fail:
		verdict, need = Down, t.Fall
		s.Fail++
	default:
		return false
	}
	if verdict == s.Verdict {
		s.Row, s.Of = 0, 0
		return false
	}
	if s.Of != r.Outcome {
		s.Row, s.Of = 0, r.Outcome
	}
	s.Row++
	if s.Row < need {
		return false
	}
	s.Verdict, s.Since, s.Row, s.Of = verdict, r.At, 0, 0
	return true
}

// Turning reports whether the verdict may change soon: there is none yet, or the last
// results differ from it. Then the target is asked each FastEvery.
func (s *State) Turning() bool { return s.Verdict == Unknown || s.Row > 0 }
