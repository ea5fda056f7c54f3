package commands

import (
	"strings"
	"unicode"

	"lvs/kernel"
)

// checkService tells all that is wrong with a service before the kernel is
// asked: the kernel would say only "invalid argument", and at the first fault.
func checkService(s *kernel.Service) error {
	var bad faults
	if s.FWMark == 0 && s.Port == 0 && s.Persistence == 0 {
		bad.add(usagef("service %v: port 0 (every port) needs persistence", s.ServiceID).
			cure("add --persistent, or name a port"))
	}
	if s.Engine != "" && s.Persistence == 0 {
		bad.add(usagef("service %v: a persistence engine (--pe %s) needs persistence", s.ServiceID, s.Engine).
			cure("add --persistent"))
	}
	if !s.Netmask.Whole(s.Family) && s.Persistence == 0 {
		bad.add(usagef("service %v: a netmask groups clients for persistence, which is off", s.ServiceID).
			cure("add --persistent, or leave out --netmask"))
	}
	if s.OnePacket && s.FWMark == 0 && s.Protocol != kernel.UDP {
		bad.add(usagef("service %v: one-packet scheduling (--ops) is for UDP and firewall marks, not for %v",
			s.ServiceID, s.Protocol).cure("leave out --ops"))
	}
	bad.add(checkName("scheduler", s.Scheduler))
	if s.Scheduler == "" {
		bad.add(usagef("service %v: the scheduler has no name", s.ServiceID).
			cure("the schedulers are %s", strings.Join(schedulerNames(), ", ")))
	}
	bad.add(checkName("persistence engine", s.Engine))
	return bad.err()
}

// checkName refuses what cannot be the name of a kernel module's part.
func checkName(what, name string) error {
	if len(name) > kernel.MaxName {
		return usagef("%s %q: the name is longer than %d characters", what, name, kernel.MaxName)
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) {
		return usagef("%s %q: the name has characters that no name has", what, name)
	}
	return nil
}

// checkNewServer tells all that is wrong with a server that is to be added.
func checkNewServer(id kernel.ServiceID, s *kernel.Server) error {
	var bad faults
	addr := s.Addr.Addr()
	if addr.IsUnspecified() || addr.IsMulticast() {
		bad.add(usagef("server %v: packets cannot be sent to one server by that address", s.Addr).
			cure("a server has a unicast address"))
	}
	if id.FWMark == 0 && s.Forward != kernel.NAT && s.Addr.Port() != id.Port {
		bad.add(usagef("server %v: %v forwarding cannot change the port: it stays %d, the service's", s.Addr, s.Forward, id.Port).
			cure("leave out the port, or use --nat"))
	}
	bad.add(checkServer(id, s))
	return bad.err()
}

// checkServer tells all that is wrong with a server's configuration.
func checkServer(id kernel.ServiceID, s *kernel.Server) error {
	var bad faults
	if f := kernel.FamilyOf(s.Addr.Addr()); f != id.Family && s.Forward != kernel.Tunneling {
		bad.add(usagef("server %v: an %v server of an %v service is reached by tunnel only", s.Addr, f, id.Family).
			cure("use --tunnel, or a server of the service's family"))
	}
	switch {
	case s.Lower > 0 && s.Upper == 0:
		bad.add(usagef("server %v: a lower threshold of %d needs an upper one", s.Addr, s.Lower).
			cure("add --upper N with N at least %d", s.Lower))
	case s.Lower > s.Upper:
		bad.add(usagef("server %v: the lower threshold %d is above the upper %d", s.Addr, s.Lower, s.Upper).
			cure("make --lower at most %d", s.Upper))
	}
	bad.add(checkTunnel(s))
	return bad.err()
}

func checkTunnel(s *kernel.Server) error {
	t := s.Tunnel
	if s.Forward != kernel.Tunneling {
		if t != (kernel.Tunnel{}) {
			return usagef("server %v: tunnel options have no meaning with %v forwarding", s.Addr, s.Forward).
				cure("add --tunnel, or leave out --tun-type, --tun-port and --tun-flags")
		}
		return nil
	}
	var bad faults
	switch {
	case t.Type == kernel.GUE && t.Port == 0:
		bad.add(usagef("server %v: a gue tunnel needs a UDP port", s.Addr).cure("add --tun-port, such as 6080"))
	case t.Type != kernel.GUE && t.Port != 0:
		bad.add(usagef("server %v: a port belongs to gue tunnels, not to %v", s.Addr, t.Type).
			cure("leave out --tun-port, or use --tun-type gue"))
	}
	if t.Flags == kernel.RemoteChecksum && t.Type != kernel.GUE {
		bad.add(usagef("server %v: remcsum belongs to gue tunnels, not to %v", s.Addr, t.Type).
			cure("use --tun-flags csum or nocsum"))
	}
	return bad.err()
}
