package sim

import "lvs/schedule"

// choose returns the server for a new connection, as the service's scheduler would,
// or nil if no server accepts it.
func (w *world) choose(s *service) *server {
	scheduler := s.set.Scheduler
	switch scheduler {
	case "rr":
		return s.next(func(*server) int64 { return 1 })
	case "wrr":
		return s.next(func(v *server) int64 { return int64(v.Weight) })
	case "lblc", "lblcr": // they begin as wlc does
		scheduler = "wlc"
	}
	w.counts = w.counts[:0]
	for _, v := range s.pool {
		w.counts = append(w.counts, schedule.Server{
			Weight: v.Weight, Active: v.active, Inactive: v.inactive, Overloaded: v.full()})
	}
	chosen, ok := schedule.ByCounts(scheduler, w.counts)
	switch {
	case !ok:
		return w.lot(s)
	case chosen == schedule.None:
		return nil
	}
	return s.pool[chosen]
}

// full reports whether the upper threshold keeps new connections away.
func (v *server) full() bool { return v.Upper > 0 && v.active+v.inactive >= v.Upper }

// open reports whether a server accepts new connections.
func (v *server) open() bool { return v.Weight > 0 && !v.full() }

// next returns the server whose turn it is. Turns are spread evenly over the round.
func (s *service) next(weight func(*server) int64) *server {
	var best *server
	sum := int64(0)
	for _, v := range s.pool {
		if !v.open() {
			continue
		}
		v.credit += weight(v)
		sum += weight(v)
		if best == nil || v.credit > best.credit {
			best = v
		}
	}
	if best != nil {
		best.credit -= sum
	}
	return best
}

// lot returns a random server by weight, which is the effect of a hash of addresses.
func (w *world) lot(s *service) *server {
	sum := int64(0)
	for _, v := range s.pool {
		if v.open() {
			sum += int64(v.Weight)
		}
	}
	if sum == 0 {
		return nil
	}
	at := w.rand.Int64N(sum)
	for _, v := range s.pool {
		if !v.open() {
			continue
		}
		if at -= int64(v.Weight); at < 0 {
			return v
		}
	}
	return nil
}
