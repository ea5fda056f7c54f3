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

// The address families of IPVS.
const (
	IPv4 Family = 2  // AF_INET
	IPv6 Family = 10 // AF_INET6
)

// FamilyOf returns the family of an address, or 0 for an invalid address.
func FamilyOf(a netip.Addr) Family {
	switch {
	case a.Is4():
		return IPv4
	case a.Is6():
		return IPv6
	}
	return 0
}

// Bits returns the length of an address in bits: 32 or 128.
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

// Protocol is a transport protocol as an IP protocol number (IANA). It is zero for
// firewall-mark services, which match any protocol.
type Protocol uint16

// The protocols of virtual services.
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

// ServiceID identifies one virtual service. It is comparable and is the key
// everywhere. A service is either an address with a protocol and a port, or a
// firewall mark with a family; the fields of the other kind are zero.
type ServiceID struct {
	Family   Family
	Protocol Protocol
	Addr     netip.Addr
	// Port is 0 for a service on every port of its address, which must be
	// persistent.
	Port uint16
	// FWMark is the mark that netfilter sets on packets of this service. It is zero
	// for a service identified by its address.
	FWMark uint32
}

// AddressID returns the identity of a service at an address.
func AddressID(p Protocol, a netip.AddrPort) ServiceID {
	return ServiceID{Family: FamilyOf(a.Addr()), Protocol: p, Addr: a.Addr(), Port: a.Port()}
}

// MarkID returns the identity of a firewall-mark service.
func MarkID(mark uint32, f Family) ServiceID {
	return ServiceID{Family: f, FWMark: mark}
}

// AddrPort returns the address and port. For a mark it is the zero value.
func (id ServiceID) AddrPort() netip.AddrPort { return netip.AddrPortFrom(id.Addr, id.Port) }

// String returns the text form, which ParseServiceID parses: tcp://192.0.2.10:80,
// udp://[2001:db8::1]:53, fwmark:7, fwmark:7/ipv6.
func (id ServiceID) String() string { return string(id.Append(nil)) }

// Append appends the text form to b.
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

// Compare orders services: addresses before marks and IPv4 before IPv6, then by
// address, port and protocol, or by mark.
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

// ParseServiceID parses the text form of a service. An address without a protocol
// is TCP, a mark without a family is IPv4.
func ParseServiceID(s string) (ServiceID, error) {
	var id ServiceID
	var want string
	if mark, ok := strings.CutPrefix(s, "fwmark:"); ok {
		id, want = parseMark(mark)
	} else {
		id, want = parseAddress(s)
	}
	if want != "" {
		return ServiceID{}, fmt.Errorf("invalid service %q: want %s", s, want)
	}
	return id, nil
}

// parseMark parses the text form of a firewall mark behind the colon. If it is
// invalid, want is what should be there.
func parseMark(s string) (id ServiceID, want string) {
	family := IPv4
	mark, name, given := strings.Cut(s, "/")
	switch {
	case !given || name == "ipv4":
	case name == "ipv6":
		family = IPv6
	default:
		return id, fmt.Sprintf("family ipv4 or ipv6, not %q", name)
	}
	n, err := strconv.ParseUint(mark, 10, 32)
	if err != nil || n == 0 || mark[0] == '+' {
		return id, "a firewall mark from 1 to 4294967295"
	}
	return MarkID(uint32(n), family), ""
}

func parseAddress(s string) (id ServiceID, want string) {
	protocol := TCP
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		s = rest
		switch scheme {
		case "tcp":
		case "udp":
			protocol = UDP
		case "sctp":
			protocol = SCTP
		default:
			return id, fmt.Sprintf("protocol tcp, udp or sctp, not %q", scheme)
		}
	}
	a, want := parseAddrPort(s)
	return AddressID(protocol, a), want
}

// ParseAddrPort parses 192.0.2.10:80 or [2001:db8::1]:80. It refuses names, which
// can change their meaning between two commands, zones, and an address without a
// port. The text of an error begins with the quoted value, so that a caller can
// put "invalid server" or the like before it.
func ParseAddrPort(s string) (netip.AddrPort, error) {
	a, want := parseAddrPort(s)
	if want != "" {
		return netip.AddrPort{}, fmt.Errorf("%q: want %s", s, want)
	}
	return a, nil
}

func parseAddrPort(s string) (a netip.AddrPort, want string) {
	a, err := netip.ParseAddrPort(s)
	if err == nil {
		if a.Addr().Zone() != "" {
			return a, "an address without a zone (%" + a.Addr().Zone() + ")"
		}
		return a, ""
	}
	if bare, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		withPort := netip.AddrPortFrom(bare, 80)
		if meant, ok := unbracketed(s); ok {
			return a, fmt.Sprintf("an address and a port: %s or %s (port 0 is every port)", meant, withPort)
		}
		return a, fmt.Sprintf("an address and a port such as %s (port 0 is every port)", withPort)
	}
	host, port, ok := cutPort(s)
	if !ok {
		return a, "an address and a port such as 192.0.2.10:80 or [2001:db8::10]:80"
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return a, fmt.Sprintf("an IP address, not %q (names are not looked up)", host)
	}
	names := ""
	if strings.Trim(port, "0123456789") != "" {
		names = " (names are not looked up)"
	}
	return a, fmt.Sprintf("a port number from 0 to 65535, not %q%s", port, names)
}

// unbracketed parses 2001:db8::1:80 as an IPv6 address and a port without the
// brackets. The text may also be an address without a port.
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
