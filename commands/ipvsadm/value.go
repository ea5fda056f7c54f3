package ipvsadm

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
)

func (p *parser) setTCP(v word)  { p.setService(v, kernel.TCP) }
func (p *parser) setUDP(v word)  { p.setService(v, kernel.UDP) }
func (p *parser) setSCTP(v word) { p.setService(v, kernel.SCTP) }

func (p *parser) setService(v word, proto kernel.Protocol) {
	p.serviceAt = v
	addr, _, why := p.endpoint(v.text, proto)
	if why != "" {
		p.fault(v, why, wrong("illegal virtual server address[:port] specified"))
		return
	}
	p.cmd.Service.ServiceID = kernel.AddressID(proto, addr)
}

func (p *parser) setMark(v word) {
	p.serviceAt = v
	n, ok := number(v.text, 1, math.MaxUint32)
	if !ok {
		// ipvsadm writes marks of 2³¹ and more as negative numbers.
		var signed int64
		var err error
		if signed, err = strconv.ParseInt(v.text, 10, 32); err != nil || signed >= 0 {
			p.fault(v, "want a firewall mark from 1 to 4294967295", wrong("invalid fwmark value `"+v.text+"' specified"))
			return
		}
		n = uint64(uint32(signed))
	}
	p.cmd.Service.ServiceID = kernel.MarkID(uint32(n), kernel.IPv4)
}

func (p *parser) setIPv6(v word) {
	if p.cmd.Service.FWMark == 0 {
		p.fault(v, "want -6 after a firewall mark (-f)", wrong("-6 used before -f\n"))
		return
	}
	p.cmd.Service.Family = kernel.IPv6
}

func (p *parser) setServer(v word) {
	p.serverAt = v
	addr, hasPort, why := p.endpoint(v.text, p.protocol())
	if why != "" {
		p.fault(v, why, wrong("illegal real server address[:port] specified"))
		return
	}
	p.cmd.Server.Addr, p.noPort = addr, !hasPort
}

// protocol returns the protocol of the service, or TCP if it has none: it decides what
// the name of a port means. ipvsadm refuses port names before the service, where the
// protocol is 0.
func (p *parser) protocol() kernel.Protocol {
	if p.wide && p.cmd.given&service == 0 {
		return 0
	}
	if proto := p.cmd.Service.Protocol; proto != 0 {
		return proto
	}
	return kernel.TCP
}

func (p *parser) setScheduler(v word) {
	if v.text != "" {
		p.cmd.Service.Scheduler = p.moduleName(v)
	}
}

func (p *parser) setEngine(v word) { p.cmd.Service.Engine = p.moduleName(v) }

// moduleName parses the name of a scheduler or an engine. ipvsadm sends any text to
// the kernel, cut to the longest name.
func (p *parser) moduleName(v word) string {
	switch {
	case v.text == "":
		return ""
	case len(v.text) > kernel.MaxName:
		p.fault(v, "want a name of at most "+strconv.Itoa(kernel.MaxName)+" characters", complaint{})
		return v.text[:kernel.MaxName]
	case !hostName(v.text): // the same letters
		p.fault(v, "want a name of letters, digits, -, _ and .", complaint{})
	}
	return v.text
}

// defaultPersistence is the value of -p without a value.
const defaultPersistence = 360 * time.Second

func (p *parser) setPersistent(v word) {
	if v.at == absent {
		p.cmd.Service.Persistence = defaultPersistence
		return
	}
	const most = uint64(kernel.MaxPersistence / time.Second)
	n, ok := number(v.text, 1, most)
	if !ok {
		p.fault(v, "want persistence from 1 to "+strconv.FormatUint(most, 10)+" seconds", badTimeout(v))
	}
	p.cmd.Service.Persistence = time.Duration(n) * time.Second
}

func badTimeout(v word) complaint { return wrong("invalid timeout value `" + v.text + "' specified") }

// setNetmask checks a mask as far as possible before the service is known.
func (p *parser) setNetmask(v word) {
	p.maskAt = v
	family := kernel.IPv4
	if p.cmd.Service.Family != 0 {
		family = p.cmd.Service.Family
	}
	if _, why := mask(family, v.text); why != "" {
		p.badMask = true
		p.fault(v, why, badMask(family))
	}
}

func badMask(f kernel.Family) complaint {
	if f == kernel.IPv6 {
		return wrong("illegal ipv6 netmask specified")
	}
	return wrong("illegal virtual server persistent mask specified")
}

func (p *parser) setSchedFlags(v word) { p.flagsAt = v }

func (p *parser) setOnePacket(v word) {
	p.onePacketAt = v
	p.cmd.Service.OnePacket = true
}

func (p *parser) setDirect(word) { p.cmd.Server.Forward = kernel.Direct }
func (p *parser) setTunnel(word) { p.cmd.Server.Forward = kernel.Tunneling }
func (p *parser) setNAT(word)    { p.cmd.Server.Forward = kernel.NAT }

func (p *parser) setWeight(v word) {
	n, ok := number(v.text, 0, kernel.MaxWeight)
	if !ok {
		p.fault(v, "want a weight from 0 to "+strconv.Itoa(kernel.MaxWeight), wrong("illegal weight specified"))
	}
	p.cmd.Server.Weight = int(n)
}

func (p *parser) setUpper(v word) {
	p.cmd.Server.Upper = p.threshold(v, "illegal u_threshold specified")
}

func (p *parser) setLower(v word) {
	p.lowerAt = v
	p.cmd.Server.Lower = p.threshold(v, "illegal l_threshold specified")
}

func (p *parser) threshold(v word, said string) uint32 {
	most := uint64(math.MaxUint32)
	if p.wide {
		most = math.MaxInt32
	}
	n, ok := number(v.text, 0, most)
	if !ok {
		p.fault(v, "want a threshold from 0 to 4294967295", wrong(said))
	}
	return uint32(n)
}

func (p *parser) setTunType(v word) {
	t, err := kernel.ParseTunnelType(v.text)
	if err != nil {
		p.fault(v, "want tunnel type ipip, gue or gre", wrong("illegal tunnel type specified"))
	}
	p.cmd.Server.Tunnel.Type = t
}

func (p *parser) setTunPort(v word) {
	n, ok := number(v.text, 1, math.MaxUint16)
	if !ok {
		p.fault(v, "want a tunnel port from 1 to 65535", wrong("illegal tunnel port specified"))
	}
	p.cmd.Server.Tunnel.Port = uint16(n)
}

func (p *parser) setNoChecksum(word)     { p.cmd.Server.Tunnel.Flags = kernel.NoChecksum }
func (p *parser) setChecksum(word)       { p.cmd.Server.Tunnel.Flags = kernel.Checksum }
func (p *parser) setRemoteChecksum(word) { p.cmd.Server.Tunnel.Flags = kernel.RemoteChecksum }

// number parses a decimal number within limits, as the C library's strtol does: blanks
// and a sign may precede the digits. The sign can be minus only for zero.
func number(s string, least, most uint64) (n uint64, ok bool) {
	s = strings.TrimLeft(s, " \t\n\v\f\r")
	minus := strings.HasPrefix(s, "-")
	if minus || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if minus {
		most = 0
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n < least || n > most {
		return 0, false
	}
	return n, true
}

// mask parses a netmask: an address for IPv4, a prefix length for IPv6.
func mask(f kernel.Family, s string) (m kernel.Netmask, why string) {
	if f == kernel.IPv6 {
		n, ok := number(s, 1, 128)
		if !ok {
			return 0, "want a prefix length from 1 to 128 for IPv6"
		}
		return kernel.Netmask(n), ""
	}
	a, ok := ipv4(s)
	if !ok {
		return 0, "want a mask such as 255.255.255.0 for IPv4"
	}
	m, _ = kernel.ParseNetmask(f, a.String())
	return m, ""
}

// setRole parses the role of the daemon to start or stop.
func (p *parser) setRole(v word) {
	if !p.wide {
		return // the verb is refused anyway
	}
	role, err := kernel.ParseRole(v.text)
	if err != nil {
		said := "illegal start-daemon parameter specified"
		if p.verb.verb == stopDaemon {
			said = "illegal start_daemon specified"
		}
		p.fault(v, "want master or backup", wrong(said))
	}
	p.cmd.daemon.Role = role
}

func (p *parser) setSyncID(v word) {
	p.cmd.daemon.ID = uint8(p.atMost(v, 0, math.MaxUint8, "illegal syncid specified"))
}

func (p *parser) setMcastPort(v word) {
	p.cmd.daemon.Port = uint16(p.atMost(v, 1, math.MaxUint16, "illegal mcast-port specified"))
}

func (p *parser) setTTL(v word) {
	p.cmd.daemon.TTL = uint8(p.atMost(v, 1, math.MaxUint8, "illegal mcast-ttl specified"))
}

// setMaxLen accepts what fits into a UDP datagram.
func (p *parser) setMaxLen(v word) {
	const most = math.MaxUint16 - 20 - 8
	p.cmd.daemon.MaxLen = uint16(p.atMost(v, 1, most, "illegal sync-maxlen specified"))
}

func (p *parser) atMost(v word, least, most uint64, said string) uint64 {
	n, ok := number(v.text, least, most)
	if !ok {
		p.fault(v, fmt.Sprintf("want a number from %d to %d", least, most), wrong(said))
	}
	return n
}

// maxInterface is the longest name of an interface (IFNAMSIZ less the final zero). A
// longer name is cut.
const maxInterface = 15

func (p *parser) setInterface(v word) {
	p.cmd.daemon.Interface = v.text[:min(len(v.text), maxInterface)]
}

func (p *parser) setGroup(v word) {
	a, err := netip.ParseAddr(v.text)
	is6 := strings.Contains(v.text, ":")
	if err != nil || a.Zone() != "" || !a.IsMulticast() || a.Is4In6() {
		version := "IPv4"
		if is6 {
			version = "IPv6"
		}
		p.fault(v, "want a multicast address", wrong("invalid "+version+" mcast-group `"+v.text+"'"))
		return
	}
	p.cmd.daemon.Group = a
}
