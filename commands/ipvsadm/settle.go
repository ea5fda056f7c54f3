package ipvsadm

import (
	"net/netip"
	"strconv"
	"strings"

	"lvs/kernel"
)

// settle works out what depends on the line as a whole: values that need the
// service's family, options that need one another.
func (p *parser) settle() {
	p.settleService()
	if p.verb.needs&server != 0 {
		p.settleServer()
	}
}

func (p *parser) settleService() {
	s := &p.cmd.Service
	if p.verb.needs&service != 0 && p.given&service == 0 {
		p.missing("the service: -t, -u, --sctp-service or -f")
		return
	}
	if p.ipv6At.text != "" {
		if s.FWMark == 0 {
			p.fault(p.ipv6At, "-6 belongs to a firewall mark (-f)")
		} else {
			s.Family = kernel.IPv6
		}
	}
	if p.verb.takes&scheduler == 0 || s.Family == 0 {
		return
	}
	if p.given&netmask != 0 {
		m, why := mask(s.Family, p.maskAt.text)
		if why != "" {
			p.fault(p.maskAt, why)
		} else if !m.Whole(s.Family) {
			s.Netmask = m
		}
	}
	p.settleFlags()
	if s.OnePacket && s.FWMark == 0 && s.Protocol != kernel.UDP {
		p.fault(p.onePacketAt, "one-packet scheduling is for UDP and firewall marks")
	}
	if s.FWMark == 0 && s.Port == 0 && p.given&persistent == 0 {
		p.fault(p.serviceAt, "without a port (every port) a service needs persistence: -p")
	}
}

func (p *parser) settleFlags() {
	if p.given&schedFlags == 0 {
		return
	}
	names := strings.FieldsFunc(p.flagsAt.text, func(r rune) bool { return r == ',' })
	flags, err := kernel.ParseSchedFlags(p.cmd.Service.Scheduler, strings.Join(names, ","))
	if err != nil {
		p.fault(p.flagsAt, err.Error())
	}
	p.cmd.Service.SchedFlags = flags
}

func (p *parser) settleServer() {
	id, s := p.cmd.Service.ServiceID, &p.cmd.Server
	if p.given&server == 0 {
		p.missing("the server: -r")
		return
	}
	if !s.Addr.IsValid() || id.Family == 0 { // faults that are noted
		return
	}
	if s.Addr.Port() == 0 {
		s.Addr = netip.AddrPortFrom(s.Addr.Addr(), id.Port)
	}
	if p.verb.takes&forwarding == 0 {
		return
	}
	if kernel.FamilyOf(s.Addr.Addr()) != id.Family && s.Forward != kernel.Tunneling {
		p.fault(p.serverAt, "a server of another address family than its service's is reached by tunnel only: -i")
	}
	if s.Lower > s.Upper {
		p.fault(p.lowerAt, "the lower threshold is above the upper, "+strconv.FormatUint(uint64(s.Upper), 10))
	}
	p.settleTunnel(s)
}

func (p *parser) settleTunnel(s *kernel.Server) {
	t := s.Tunnel.Type
	switch {
	case p.given&ofTunnel == 0:
	case s.Forward != kernel.Tunneling:
		p.fault(p.tunAt, "belongs to a tunnel: -i")
	case t == kernel.GUE && p.given&tunPort == 0:
		p.fault(p.tunAt, "a gue tunnel needs a port: --tun-port")
	case t != kernel.GUE && p.given&tunPort != 0:
		p.fault(p.tunAt, "a tunnel port belongs to gue, not to "+t.String())
	case t == kernel.IPIP && p.given&tunFlags != 0:
		p.fault(p.tunAt, "ipip has no checksums")
	case t == kernel.GRE && s.Tunnel.Flags == kernel.RemoteChecksum:
		p.fault(p.tunAt, "remote checksums belong to gue, not to gre")
	}
}

// missing notes that the command as a whole lacks something.
func (p *parser) missing(what string) {
	p.fault(p.verbAt, "needs "+what)
}
