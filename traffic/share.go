package traffic

import (
	"math"
	"time"

	"lvs/kernel"
)

// Window is a time over which a service's new connections are held against the
// weights of its servers: it begins anew when these change. It is made of two
// halves, of which the elder is dropped when the younger is a minute old.
type Window struct {
	// weights is a sum over the weights that it belongs to.
	weights uint64
	// elder and younger are when the halves began.
	elder, younger time.Time
}

// Share is what a server got of its service's new connections in a window, beside
// what is due to it.
type Share struct {
	// elder and younger are its count of connections at the halves' beginnings.
	elder, younger uint64
	// got are its new connections, of all of its service.
	Got, Of uint64
	// due is the part that its weight makes its own, 0 to 1.
	Due float64
	// off is set when got is not due, by more than chance explains and by enough
	// to matter.
	Off bool
}

const (
	shareWindow = time.Minute
	// shareSettles is how long after a change of weights connections are still
	// added up that were made before it.
	shareSettles = standsStill
	// shareSigmas is how many standard deviations from the expected number are
	// more than chance: it happens once in 15,000 readings.
	shareSigmas = 4
	// shareEnough is the least variance at which the binomial distribution is
	// near enough to the normal one.
	shareEnough = 9
	// shareMatters is the least difference that is marked, as a part of what is
	// due: of enough connections chance explains next to nothing.
	shareMatters = 0.1
)

// Count counts the new connections of the servers of a service. share returns the
// share of its server i, in the order of e.Servers.
func (w *Window) Count(e *kernel.ServiceEntry, now time.Time, share func(i int) *Share) {
	dues, sum := dues(e)
	fresh := w.weights != sum || w.elder.IsZero()
	turn := !fresh && now.Sub(w.younger) >= shareWindow
	switch {
	case fresh:
		*w = Window{sum, now.Add(shareSettles), now.Add(shareSettles)}
	case turn:
		w.elder, w.younger = w.younger, now
	}
	settling := now.Before(w.elder)
	all := uint64(0)
	for i := range e.Servers {
		s, n := share(i), e.Servers[i].Stats.Counters.Connections
		switch {
		case fresh || settling || n < s.younger:
			s.elder, s.younger = n, n
		case turn:
			s.elder, s.younger = s.younger, n
		}
		s.Got, s.Due = n-s.elder, dues[i]
		all += s.Got
	}
	independent := chosenByWeight(e)
	for i := range e.Servers {
		s := share(i)
		s.Of = all
		s.Off = independent && beyondChance(s.Got, all, s.Due)
	}
}

// dues returns the part of new connections that is due to each server, and a sum
// that changes with them (FNV-1a). rr and lc only ask whether there is a weight.
func dues(e *kernel.ServiceEntry) (dues []float64, sum uint64) {
	dues, sum = make([]float64, len(e.Servers)), 14695981039346656037
	total := 0.0
	for i := range e.Servers {
		w := e.Servers[i].Weight
		sum = (sum ^ uint64(w)) * 1099511628211
		if w > 0 && (e.Scheduler == "rr" || e.Scheduler == "lc") {
			w = 1
		}
		dues[i] = float64(w)
		total += dues[i]
	}
	for i := range dues {
		if total > 0 {
			dues[i] /= total
		}
	}
	return dues, (sum ^ uint64(len(dues))) * 1099511628211
}

// chosenByWeight reports whether each new connection goes to a server by weight
// alone. Persistence and the schedulers that hash send a client where it was
// before; others prefer some servers by purpose; a server with a threshold is
// left out at times.
func chosenByWeight(e *kernel.ServiceEntry) bool {
	if e.Persistence > 0 || e.Engine != "" {
		return false
	}
	switch e.Scheduler {
	case "rr", "wrr", "lc", "wlc", "twos":
	default:
		return false
	}
	for i := range e.Servers {
		if e.Servers[i].Upper > 0 {
			return false
		}
	}
	return true
}

// beyondChance reports whether a server got what chance does not explain. Of n
// connections that each go to it with the probability p, it gets np on average,
// with the variance np(1-p) (binomial distribution).
func beyondChance(got, n uint64, p float64) bool {
	mean := float64(n) * p
	variance := mean * (1 - p)
	if variance < shareEnough {
		return p == 0 && got >= shareEnough
	}
	return math.Abs(float64(got)-mean) > max(shareSigmas*math.Sqrt(variance), shareMatters*mean)
}
