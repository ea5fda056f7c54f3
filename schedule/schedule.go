// Package schedule has models of the kernel's schedulers: which server the next
// connection gets, computed from what the table shows. They are pure functions of
// the servers in the kernel's order (newest first), their weights and counts, and
// were compared with the kernel's own choice.
package schedule

// Server has what a scheduler knows about a real server.
type Server struct {
	Weight int
	// Active and Inactive are connections, as the kernel counts them.
	Active, Inactive uint32
	// Overloaded is set while the upper threshold keeps new connections away
	// (IP_VS_DEST_F_OVERLOAD).
	Overloaded bool
}

// usable reports whether a server takes new connections.
func (s *Server) usable() bool { return s.Weight > 0 && !s.Overloaded }

// None is the choice if no server takes the connection.
const None = -1

// ByCounts returns the place of the server that a scheduler which goes by the
// present counts chooses: lc, wlc, sed, nq, fo or ovf. Of equals the first wins.
// ok is false for any other scheduler.
func ByCounts(scheduler string, servers []Server) (chosen int, ok bool) {
	switch scheduler {
	case "lc": // ip_vs_lc.c
		return least(servers, load, func(*Server) int64 { return 1 }), true
	case "wlc": // ip_vs_wlc.c
		return least(servers, load, weight), true
	case "sed": // ip_vs_sed.c
		return least(servers, delay, weight), true
	case "nq": // ip_vs_nq.c
		for i := range servers {
			if s := &servers[i]; s.usable() && s.Active == 0 {
				return i, true
			}
		}
		return least(servers, delay, weight), true
	case "fo": // ip_vs_fo.c
		return heaviest(servers, func(*Server) bool { return true }), true
	case "ovf": // ip_vs_ovf.c
		return heaviest(servers, func(s *Server) bool { return int64(s.Active) <= weight(s) }), true
	}
	return None, false
}

// load weighs an active connection as much as 256 that only wait to be forgotten
// (ip_vs_dest_conn_overhead).
func load(s *Server) int64 { return int64(s.Active)<<8 + int64(s.Inactive) }

// delay is the number of active connections once the new one is there.
func delay(s *Server) int64 { return int64(s.Active) + 1 }

func weight(s *Server) int64 { return int64(s.Weight) }

// least returns the usable server with the smallest cost for its weight.
func least(servers []Server, cost, weight func(*Server) int64) int {
	best := None
	for i := range servers {
		s := &servers[i]
		if s.usable() && (best == None || cost(s)*weight(&servers[best]) < cost(&servers[best])*weight(s)) {
			best = i
		}
	}
	return best
}

// heaviest returns the usable server with the largest weight among those that fit.
func heaviest(servers []Server, fits func(*Server) bool) int {
	best := None
	for i := range servers {
		if s := &servers[i]; s.usable() && fits(s) && (best == None || s.Weight > servers[best].Weight) {
			best = i
		}
	}
	return best
}
