package ipvsadm

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
)

// settle checks what depends on the whole line: missing and illegal options, values
// that depend on the family of the service, options that depend on one another. The
// order of the checks is ipvsadm's.
func (p *parser) settle() {
	if p.verb.verb == setTimeouts {
		p.settleTimeouts()
	}
	for _, w := range p.loose {
		p.fault(w, "unexpected argument", wrong("unexpected argument "+w.text))
	}
	p.settleFlags()
	p.settlePlaces()
	switch {
	case p.verb.takes&scheduler != 0:
		p.settleService()
	case p.verb.needs&server != 0:
		p.settleServer()
	case p.verb.verb == listTable:
		p.settleList()
	}
}

// settleFlags parses the scheduler's flags, when the scheduler is known.
func (p *parser) settleFlags() {
	s := &p.cmd.Service
	for _, name := range strings.FieldsFunc(p.flagsAt.text, func(r rune) bool { return r == ',' }) {
		flag, err := kernel.ParseSchedFlags(s.Scheduler, name)
		if err != nil {
			said := "invalid scheduler flag `" + name + "'"
			owner, _, _ := strings.Cut(name, "-")
			if _, err := kernel.ParseSchedFlags(owner, name); err == nil {
				said = "incompatible scheduler flag `" + name + "'"
			}
			p.fault(p.flagsAt, err.Error(), wrong(said))
			return
		}
		s.SchedFlags |= flag
	}
}

// settlePlaces checks for missing and for illegal options.
func (p *parser) settlePlaces() {
	v := p.verb
	missing := v.needs &^ p.cmd.given
	stray := p.cmd.given &^ (v.needs | v.takes | repeatable)
	for missing|stray != 0 {
		g := (missing | stray).first()
		if missing&g != 0 {
			p.fault(p.verbAt, missingWhat(g),
				wrong("You need to supply the '"+g.name()+"' option for the '"+v.called+"' command"))
		} else {
			p.fault(p.at(g), "not an option of "+v.name(),
				wrong("Illegal '"+g.name()+"' option with the '"+v.called+"' command"))
		}
		missing, stray = missing&^g, stray&^g
	}
}

func missingWhat(g groups) string {
	if g == server {
		return "needs the server: -r"
	}
	return "needs the service: -t, -u, --sctp-service or -f"
}

// at returns the word of the first option of a group.
func (p *parser) at(g groups) word {
	for _, s := range p.given {
		if s.group&g != 0 {
			return s.word
		}
	}
	return p.verbAt
}

func (p *parser) settleService() {
	s := &p.cmd.Service
	if s.Family == 0 { // reported already
		return
	}
	if p.cmd.given&netmask != 0 && !p.badMask {
		m, why := mask(s.Family, p.maskAt.text)
		if why != "" {
			p.fault(p.maskAt, why, badMask(s.Family))
		} else if !m.Whole(s.Family) {
			s.Netmask = m
		}
	}
	if s.FWMark == 0 && s.Port == 0 && p.cmd.given&persistent == 0 {
		p.fault(p.serviceAt, "a service without a port (every port) needs persistence: -p",
			wrong("Zero port specified for non-persistent service"))
	}
	if s.OnePacket && s.FWMark == 0 && s.Protocol != kernel.UDP {
		p.fault(p.onePacketAt, "one-packet scheduling is for UDP and firewall marks",
			wrong("One-Packet Scheduling is only for UDP virtual services"))
	}
}

func (p *parser) settleServer() {
	id, s := p.cmd.Service.ServiceID, &p.cmd.Server
	if !s.Addr.IsValid() || id.Family == 0 { // reported already
		return
	}
	change := p.verb.takes&forwarding != 0
	// Only NAT can change the port of packets.
	keeps := change && id.FWMark == 0 && s.Forward != kernel.NAT
	if p.noPort || keeps && (p.wide || s.Addr.Port() == 0) {
		s.Addr = netip.AddrPortFrom(s.Addr.Addr(), id.Port)
	}
	if !change {
		return
	}
	if kernel.FamilyOf(s.Addr.Addr()) != id.Family && s.Forward != kernel.Tunneling {
		p.fault(p.serverAt, "a server of another address family than its service needs a tunnel: -i",
			wrong("Different address family is allowed only for tunneling servers"))
	}
	if s.Lower > s.Upper {
		p.fault(p.lowerAt, "the lower threshold is above the upper, "+strconv.FormatUint(uint64(s.Upper), 10), complaint{})
	}
	if p.cmd.given&ofTunnel != 0 {
		p.settleTunnel(s)
	}
}

// clashes are the lists that cannot be combined, in the order in which ipvsadm checks
// them.
var clashes = []struct{ one, other groups }{
	{service, connections},
	{timeouts, connections},
	{daemons, connections},
	{timeouts, service},
	{daemons, service},
	{daemons, timeouts},
}

// settleList checks that the options select one list.
func (p *parser) settleList() {
	given := p.cmd.given
	for _, c := range clashes {
		if given&c.one != 0 && given&c.other != 0 {
			p.fault(p.at(c.one), "conflicts with --"+c.other.name(),
				wrong("The option '"+c.one.name()+"' conflicts with the '"+c.other.name()+"' option in the 'list' command"))
			return
		}
	}
	strange := groups(0)
	switch {
	case given&connections != 0:
		strange = statistics | rate | thresholds
	case given&(timeouts|daemons) != 0:
		strange = statistics | rate | thresholds | persistentConn
	}
	if given&strange != 0 {
		p.fault(p.at(given&strange), "not an option of this list", wrong("options conflicts in the list command"))
	}
}

// settleTimeouts parses the values of --set, which are the first words that are not
// part of an option.
func (p *parser) settleTimeouts() {
	if len(p.loose) < 3 {
		p.fault(p.verbAt, "want three timeouts in seconds", wrong("--set option requires 3 timeout values"))
		p.loose = nil
		return
	}
	t := &p.cmd.timeouts
	for i, to := range []*time.Duration{&t.TCP, &t.TCPFin, &t.UDP} {
		const most = uint64(kernel.MaxPersistence / time.Second)
		w := p.loose[i]
		n, ok := number(w.text, 0, most)
		if !ok {
			p.fault(w, "want a timeout from 0 to 2678400 seconds (0 leaves it unchanged)", badTimeout(w))
		}
		*to = time.Duration(n) * time.Second
	}
	p.loose = p.loose[3:]
}

// settleTunnel checks that the options of a tunnel fit its type and one another.
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
