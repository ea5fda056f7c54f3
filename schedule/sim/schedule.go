package sim

// choose returns the server for a new connection, as the service's scheduler would,
// or nil if no server accepts it.
func (w *world) choose(s *service) *server {
	switch s.set.Scheduler {
	case "wlc", "sed", "nq", "lblc", "lblcr":
		return s.least(func(v *server) int64 { return int64(v.Weight) })
	case "lc":
		return s.least(func(*server) int64 { return 1 })
	case "rr":
		return s.next(func(*server) int64 { return 1 })
	case "wrr":
		return s.next(func(v *server) int64 { return int64(v.Weight) })
	}
	return w.lot(s)
}

// open reports whether a server accepts new connections.
func (v *server) open() bool {
	return v.Weight > 0 && (v.Upper == 0 || v.active+v.inactive < v.Upper)
}

// least returns the server with the fewest connections for its weight. An active
// connection counts as much as 256 inactive ones (ip_vs_wlc.c).
func (s *service) least(weight func(*server) int64) *server {
	var best *server
	load := func(v *server) int64 { return int64(v.active)<<8 + int64(v.inactive) }
	for _, v := range s.pool {
		if v.open() && (best == nil || load(v)*weight(best) < load(best)*weight(v)) {
			best = v
		}
	}
	return best
}

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
