package director

import (
	"time"

	"lvs/kernel"
)

// rampStep is the shortest time between two weights of a ramp, and rampSteps is how many
// there are at most: each written weight sends wrr back to the head of its list.
const (
	rampStep  = 250 * time.Millisecond
	rampSteps = 64
)

// stepOf returns the time between two weights of a ramp.
func stepOf(over time.Duration) time.Duration { return max(rampStep, over/rampSteps) }

// rampWeight returns the weight after a time on the way from one weight to another,
// rounded towards from, and after which time it is another one (0: never).
func rampWeight(from, to int, gone, over time.Duration) (weight int, next time.Duration) {
	if gone >= over || from == to {
		return to, 0
	}
	step := stepOf(over)
	at := func(gone time.Duration) int {
		if gone >= over {
			return to
		}
		// A weight has 31 bits and a double 53: exact enough, and never past the end.
		return from + int(float64(to-from)*(float64(gone)/float64(over)))
	}
	gone = max(gone, 0) / step * step
	weight = at(gone)
	for next = gone + step; next < over && at(next) == weight; next += step {
	}
	return weight, min(next, over)
}

// ramp makes an aim smaller while a server that comes back is in its slow start. A
// service that was not up has no others that could take the load meanwhile.
func (d *deciding) ramp(aim *ServerAim, in *ServerInput) {
	switch in.Before.Why {
	case ByCheck, ByPassive, ByQuiesced, ByStart, ByDrain, ByMaint:
		if d.in.State == ServiceUp {
			aim.Ramp = d.now
		}
	default:
		aim.Ramp = in.Before.Ramp
	}
	if d.SlowStart <= 0 || aim.Weight <= 1 || aim.Ramp.IsZero() || d.now.Sub(aim.Ramp) >= d.SlowStart {
		aim.Ramp = time.Time{}
		return
	}
	weight, next := rampWeight(1, aim.Weight, d.now.Sub(aim.Ramp), d.SlowStart)
	aim.Weight, aim.Why = weight, ByRamp
	aim.Changes = earliest(aim.Changes, aim.Ramp.Add(next))
}

// at returns the decision as it is at a time: once it has ended, the one before it or nothing.
func (a *Admin) at(now time.Time) *Admin {
	switch {
	case !a.Set || a.Until.IsZero() || now.Before(a.Until):
		return a
	case a.ThenSet:
		return &Admin{Set: true, AdminStatus: AdminStatus{State: Ready, Weight: a.Then}}
	}
	return &Admin{}
}

// ends returns when a decision ends, zero if it does not or has ended.
func (a *Admin) ends(now time.Time) time.Time {
	if a.Set && now.Before(a.Until) {
		return a.Until
	}
	return time.Time{}
}

// weight returns the weight that people set, and when it changes.
func (a *Admin) weight(now time.Time) (weight int, changes time.Time) {
	if a.Over <= 0 || a.Began.IsZero() {
		return a.Weight, time.Time{}
	}
	weight, next := rampWeight(a.From, a.Weight, now.Sub(a.Began), a.Over)
	if next > 0 {
		changes = a.Began.Add(next)
	}
	return weight, changes
}

// percent returns a part of a weight, at least 1.
func percent(weight, of int) int {
	return int(min(max(int64(weight)*int64(of)/100, 1), kernel.MaxWeight))
}
