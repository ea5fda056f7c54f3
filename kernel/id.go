package kernel

import (
	"cmp"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Family is an address family, with the kernel's numbers. Zero is none.
type Family uint16

// The families IPVS knows.
const (
	IPv4 Family = 2  // AF_INET
	IPv6 Family = 10 // AF_INET6
)

// FamilyOf gives the family of an address; an invalid address has none (0).
func FamilyOf(a netip.Addr) Family {
	switch {
	case a.Is4():
		return IPv4
	case a.Is6():
		return IPv6
	}
	return 0
}

// Bits is the length of an address of this family in bits: 32 or 128.
func (f Family) Bits() int {
	if f == IPv6 {
		return 128
	}
	return 32
}

func (f Family) String() string {
	switch f {
	case IPv4:
		return "ipv4"
	case IPv6:
		return "ipv6"
	}
	return "family " + strconv.Itoa(int(f))
}

// Protocol is a transport protocol by its IP protocol number (IANA). Zero
// belongs to firewall-mark services, which have none of their own.
type Protocol uint16

// The protocols a virtual service can have.
const (
	TCP  Protocol = 6
	UDP  Protocol = 17
	SCTP Protocol = 132
)

func (p Protocol) String() string {
	switch p {
	case TCP:
		return "tcp"
	case UDP:
		return "udp"
	case SCTP:
		return "sctp"
	}
	return "protocol " + strconv.Itoa(int(p))
}

// ServiceID names one virtual service. It is comparable and is the key
// everywhere. A service is either an address with a protocol and a port, or a
// firewall mark with a family; the fields of the other kind are zero.
type ServiceID struct {
	Family   Family
	Protocol Protocol
	Addr     netip.Addr
	// Port 0 is a service for all ports of its address; it must be persistent.
	Port uint16
	// FWMark is the mark that netfilter puts on packets of this service. Zero
	// means the service is named by its address.
	FWMark uint32
}

// AddressID is the identity of a service at an address.
func AddressID(p Protocol, a netip.AddrPort) ServiceID {
	return ServiceID{Family: FamilyOf(a.Addr()), Protocol: p, Addr: a.Addr(), Port: a.Port()}
}

// MarkID is the identity of a firewall-mark service.
func MarkID(mark uint32, f Family) ServiceID {
	return ServiceID{Family: f, FWMark: mark}
}

// AddrPort gives address and port; for a mark the zero value.
func (id ServiceID) AddrPort() netip.AddrPort { return netip.AddrPortFrom(id.Addr, id.Port) }

// String gives the text form that ParseServiceID reads: tcp://192.0.2.10:80,
// udp://[2001:db8::1]:53, fwmark:7, fwmark:7/ipv6.
func (id ServiceID) String() string { return string(id.Append(nil)) }

// Append adds the text form to b.
func (id ServiceID) Append(b []byte) []byte {
	if id.FWMark != 0 || !id.Addr.IsValid() {
		b = append(b, "fwmark:"...)
		b = strconv.AppendUint(b, uint64(id.FWMark), 10)
		if id.Family == IPv6 {
			b = append(b, "/ipv6"...)
		}
		return b
	}
	b = append(b, id.Protocol.String()...)
	b = append(b, "://"...)
	return id.AddrPort().AppendTo(b)
}

// Compare orders services: addresses before marks, then IPv4 before IPv6, by
// address, port and protocol; marks by number.
func (id ServiceID) Compare(other ServiceID) int {
	return cmp.Or(
		cmp.Compare(b2i(id.FWMark != 0), b2i(other.FWMark != 0)),
		cmp.Compare(id.Family, other.Family),
		id.Addr.Compare(other.Addr),
		cmp.Compare(id.Port, other.Port),
		cmp.Compare(id.Protocol, other.Protocol),
		cmp.Compare(id.FWMark, other.FWMark),
	)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// ParseServiceID reads a service's text form. An address without a protocol is
// TCP; a mark without a family is IPv4.
func ParseServiceID(s string) (ServiceID, error) {
	if mark, ok := strings.CutPrefix(s, "fwmark:"); ok {
		return parseMark(s, mark)
	}
	proto, rest := TCP, s
	if scheme, after, ok := strings.Cut(s, "://"); ok {
		rest = after
		switch scheme {
		case "tcp":
		case "udp":
			proto = UDP
		case "sctp":
			proto = SCTP
		default:
			return ServiceID{}, fmt.Errorf("service %q: unknown protocol %q; it is tcp, udp or sctp", s, scheme)
		}
	}
	ap, err := ParseAddrPort(rest)
	if err != nil {
		return ServiceID{}, fmt.Errorf("service %q: %w", s, err)
	}
	return AddressID(proto, ap), nil
}

func parseMark(s, mark string) (ServiceID, error) {
	family := IPv4
	mark, fam, given := strings.Cut(mark, "/")
	switch {
	case !given || fam == "ipv4":
	case fam == "ipv6":
		family = IPv6
	default:
		return ServiceID{}, fmt.Errorf("service %q: unknown family %q; it is ipv4 or ipv6", s, fam)
	}
	n, err := strconv.ParseUint(mark, 10, 32)
	if err != nil || n == 0 || mark[0] == '+' {
		return ServiceID{}, fmt.Errorf("service %q: a firewall mark is a number from 1 to 4294967295", s)
	}
	return MarkID(uint32(n), family), nil
}

// ParseAddrPort reads 192.0.2.10:80 or [2001:db8::1]:80. Names, zones and a
// missing port are refused: what a name means can change between two commands.
func ParseAddrPort(s string) (netip.AddrPort, error) {
	ap, err := netip.ParseAddrPort(s)
	if err == nil {
		if ap.Addr().Zone() != "" {
			return netip.AddrPort{}, fmt.Errorf("%q: an address with a zone (%%%s) cannot be balanced", s, ap.Addr().Zone())
		}
		return ap, nil
	}
	if a, errAddr := netip.ParseAddr(strings.Trim(s, "[]")); errAddr == nil {
		if meant, ok := unbracketed(s); ok {
			return netip.AddrPort{}, fmt.Errorf("%q has no port; write %s if that is meant, or %s (port 0 is every port)",
				s, meant, netip.AddrPortFrom(a, 80))
		}
		return netip.AddrPort{}, fmt.Errorf("%q has no port; write %s (port 0 is every port)", s, netip.AddrPortFrom(a, 80))
	}
	host, port, cut := cutPort(s)
	if !cut {
		return netip.AddrPort{}, fmt.Errorf("%q is not an address and port such as 192.0.2.10:80 or [2001:db8::10]:80", s)
	}
	if _, errAddr := netip.ParseAddr(host); errAddr != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not an IP address (names are not looked up)", host)
	}
	return netip.AddrPort{}, fmt.Errorf("%q is not a port number from 0 to 65535", port)
}

// unbracketed reads 2001:db8::1:80 as an IPv6 address with a port, the brackets
// forgotten. It may also be an address without a port.
func unbracketed(s string) (netip.AddrPort, bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || s[0] == '[' {
		return netip.AddrPort{}, false
	}
	a, err := netip.ParseAddr(s[:i])
	port, errPort := strconv.ParseUint(s[i+1:], 10, 16)
	return netip.AddrPortFrom(a, uint16(port)), err == nil && errPort == nil && a.Zone() == ""
}

// cutPort splits at the last colon outside brackets.
func cutPort(s string) (host, port string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || i < strings.IndexByte(s, ']') {
		return s, "", false
	}
	return strings.Trim(s[:i], "[]"), s[i+1:], true
}
