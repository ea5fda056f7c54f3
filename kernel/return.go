package kernel

import "strconv"

// ReturnPath returns the setting because of which clients come back to a server of
// weight 0: those that use the port of a TCP or SCTP connection to it again while the
// kernel still lists that connection. ok is false if there is no such setting, or if
// the settings are unknown (ip_vs_in and is_new_conn_expected in ip_vs_core.c; a test in
// the lab compares them).
func ReturnPath(all []Sysctl, s *Service, f Forward) (because Sysctl, ok bool) {
	if on, known := Switch(all, ExpireNodestConn); on || !known {
		return Sysctl{}, false
	}
	if s.FWMark == 0 && s.Protocol == UDP {
		return Sysctl{}, false // it has no new connections, only packets
	}
	if s.Persistence > 0 {
		return Sysctl{ExpireNodestConn, "0"}, true // connections under a template never move
	}
	value, _ := valueOf(all, ConnReuseMode)
	mode, err := strconv.Atoi(value)
	if err != nil || mode != 0 && (f == NAT || mode&2 != 0) {
		return Sysctl{}, false
	}
	return Sysctl{ConnReuseMode, value}, true
}
