package ipvsadm

import "lvs/kernel"

// settleTunnel checks a tunnel's options against its type and one another.
func (p *parser) settleTunnel(s *kernel.Server) {
	given, t := p.cmd.given, s.Tunnel.Type
	of := " the '" + t.String() + "' tunnel type"
	switch {
	case s.Forward != kernel.Tunneling:
		p.fault(p.at(ofTunnel), "needs a tunnel: -i", wrong("Tunnel options conflict with forward method"))
		return
	case t == kernel.GUE && given&tunPort == 0:
		p.fault(p.at(ofTunnel), "a gue tunnel needs a port: --tun-port",
			wrong("You need to supply the 'tun-port' option for"+of))
	case t != kernel.GUE && given&tunPort != 0:
		p.fault(p.at(tunPort), "a tunnel port belongs to gue, not to "+t.String(),
			wrong("Illegal 'tun-port' option with"+of))
	}
	flags := given & ofTunFlags
	var strange groups
	var why string
	switch t {
	case kernel.IPIP:
		strange, why = flags, "ipip has no checksums"
	case kernel.GRE:
		strange, why = flags&tunRemoteChecksum, "remote checksums belong to gue, not to gre"
	}
	first, second := flags.first(), (flags &^ flags.first()).first()
	switch {
	case strange != 0:
		g := strange.first()
		p.fault(p.at(g), why, wrong("Illegal '"+g.name()+"' option with"+of))
	case second != 0:
		p.fault(p.at(second), "conflicts with --"+first.name(),
			wrong("The option '"+second.name()+"' conflicts with the '"+first.name()+"' option in"+of))
	}
}
