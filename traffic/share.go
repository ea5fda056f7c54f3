package traffic

import (
	"math"
	"time"

	"lvs/kernel"
)

// Window is the time over which a service's new connections are compared with the
// weights of its servers. It restarts when the weights change. It has two halves; the
// older one is dropped when the younger is a minute old.
type Window struct {
	// weights is a checksum of the servers' weights.
	weights uint64
	// elder and younger are when the halves began.
	elder, younger time.Time
}

// Share is what a server got of its service's new connections in a window, and what is
// due to it.
type Share struct {
	// elder and younger are its number of connections when the halves began.
	elder, younger uint64
	// Got is the number of its new connections, Of that of the whole service.
	Got, Of uint64
	// Due is the fraction that its weight makes due, 0 to 1.
	Due float64
	// Off is set if Got differs from Due by more than chance explains, and by enough to
	// matter.
	Off bool
}

const (
	shareWindow = time.Minute
	// shareSettles is how long after a change of weights the counters still get
	// connections that were made before it.
	shareSettles = standsStill
	// shareSigmas is how many standard deviations from the expected number are more than
	// chance: that happens once in 15,000 readings.
	shareSigmas = 4
	// shareEnough is the smallest variance at which the binomial distribution is close
	// enough to the normal one.
	shareEnough = 9
	// shareMatters is the smallest difference that is marked, as a fraction of what is
	// due: with many connections chance explains almost no difference.
	shareMatters = 0.1
)

// Count counts the new connections of the servers of a service. share returns the share
// of server i of e.Servers.
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

// Pause is Count while the kernel does not update the counters: only what is due is
// known, and a new window begins afterwards.
func (w *Window) Pause(e *kernel.ServiceEntry, share func(i int) *Share) {
	*w = Window{}
	dues, _ := dues(e)
	for i := range e.Servers {
		*share(i) = Share{Due: dues[i]}
	}
}

// dues returns the fraction of new connections that is due to each server, and a
// checksum of the weights (FNV-1a). rr and lc use only whether a weight is 0.
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

// chosenByWeight reports whether only the weights decide where each new connection goes.
// Persistence and hashing schedulers send a client to the same server again; other
// schedulers prefer some servers on purpose; a server with a threshold gets none at
// times.
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

// beyondChance reports whether chance does not explain what a server got. Of n
// connections that each go to it with probability p, it gets np on average, with the
// variance np(1-p) (binomial distribution).
func beyondChance(got, n uint64, p float64) bool {
	mean := float64(n) * p
	variance := mean * (1 - p)
	if variance < shareEnough {
		return p == 0 && got >= shareEnough
	}
	return math.Abs(float64(got)-mean) > max(shareSigmas*math.Sqrt(variance), shareMatters*mean)
}
