package tui

import (
	"math"
	"testing"
)

func TestRing(t *testing.T) {
	var r ring
	for n := uint64(1); n <= 25; n++ {
		if n == 12 || n == 13 {
			continue // not seen
		}
		r.put(n, point{active: toHalf(float64(n))}, 10)
	}
	for n := uint64(1); n <= 30; n++ {
		v, ok := r.at(n).active.value()
		if want := n > 15 && n <= 25; ok != want || ok && v != float64(n) {
			t.Errorf("sample %d: %v, %v", n, v, ok)
		}
	}
	if len(r.points) != 10 {
		t.Errorf("%d points are kept, want 10", len(r.points))
	}
	r.put(27, point{active: toHalf(27)}, 10)
	if _, ok := r.at(26).active.value(); ok {
		t.Error("a sample in which it was not seen has a value")
	}
	r.put(1000, point{active: toHalf(3)}, 10)
	if _, ok := r.at(27).active.value(); ok || len(r.points) != 1 {
		t.Error("what is older than the ring is kept")
	}
}

func TestHalf(t *testing.T) {
	for _, f := range []float64{0, 0.1, 1, 3.7, 255, 1000, 123456, 9.87e9, 1e15} {
		if got, ok := toHalf(f).value(); !ok || math.Abs(got-f) > f*0.004 {
			t.Errorf("%v comes back as %v", f, got)
		}
	}
}
