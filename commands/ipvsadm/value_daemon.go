package ipvsadm

import (
	"fmt"
	"math"
	"net/netip"
	"strings"

	"lvs/kernel"
)

// setRole reads what a daemon that is started or stopped is.
func (p *parser) setRole(v word) {
	if !p.wide {
		return // the verb has no place at all
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

// setMaxLen takes what fits a UDP datagram.
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

// maxInterface is the longest name of an interface (IFNAMSIZ less the final
// zero). A longer one is cut.
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
