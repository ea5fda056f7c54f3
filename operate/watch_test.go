package operate

import (
	"testing"
	"time"
)

func TestSlope(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	var s Slope
	if _, _, ok := s.Estimate(); ok {
		t.Error("an estimate of nothing")
	}
	s.Add(at(0), 100)
	s.Add(at(10), 80)
	if rate, end, ok := s.Estimate(); !ok || rate != 2 || end != 40*time.Second {
		t.Errorf("%v a second, %s, %v", rate, end, ok)
	}
	s.Add(at(20), 90)
	s.Add(at(50), 90) // what was long ago counts no more
	if _, _, ok := s.Estimate(); ok {
		t.Error("an end is in sight where nothing shrinks")
	}
}
