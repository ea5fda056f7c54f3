package ipvsadm

import (
	"net/netip"
	"strconv"
	"strings"

	"lvs/kernel"
)

// endpoint parses an address with its port, as ipvsadm does: 192.0.2.1:80,
// 10.1:http, www:80, [2001:db8::1]:80, or without a port (0) 192.0.2.1 or
// 2001:db8::1. If it is invalid, why is not empty.
func (p *parser) endpoint(s string, proto kernel.Protocol) (_ netip.AddrPort, hasPort bool, why string) {
	var addr netip.Addr
	var port string
	switch {
	case s == "":
		return netip.AddrPort{}, false, "an address is missing"
	case s[0] == '[':
		inside, after, closed := strings.Cut(s[1:], "]")
		if !closed || len(after) < 2 || after[0] != ':' {
			return netip.AddrPort{}, false, "want a port after the brackets, such as [2001:db8::1]:80"
		}
		addr, why = p.ipv6Host(inside)
		port, hasPort = after[1:], true
	case strings.Count(s, ":") > 1:
		addr, why = ipv6(s)
		port = "0"
	default:
		var host string
		host, port, hasPort = strings.Cut(s, ":")
		if !hasPort {
			port = "0"
			if allDigits(host) {
				return netip.AddrPort{}, false, "want an address, not a number alone"
			}
		}
		addr, why = p.ipv4Host(host)
	}
	if why != "" {
		return netip.AddrPort{}, false, why
	}
	n, why := p.port(port, proto)
	return netip.AddrPortFrom(addr, n), hasPort, why
}

func (p *parser) ipv4Host(s string) (netip.Addr, string) {
	if a, ok := ipv4(s); ok {
		return a, ""
	}
	if strings.Trim(s, "0123456789.") == "" {
		return netip.Addr{}, "want an IPv4 address"
	}
	return p.host(s, kernel.IPv4)
}

func (p *parser) ipv6Host(s string) (netip.Addr, string) {
	if strings.Contains(s, ":") {
		return ipv6(s)
	}
	if _, ok := ipv4(s); ok {
		return netip.Addr{}, "want an IPv4 address without brackets"
	}
	return p.host(s, kernel.IPv6)
}

// host looks up a name.
func (p *parser) host(s string, f kernel.Family) (netip.Addr, string) {
	if !hostName(s) {
		return netip.Addr{}, "want an address or a host name"
	}
	if p.names == nil {
		return netip.Addr{}, "want an address (names are not looked up)"
	}
	a, err := p.names.Host(s, f)
	if err != nil {
		p.badName = true
		return netip.Addr{}, "cannot find a host of this name: " + err.Error()
	}
	return a, ""
}

// port parses a number or the name of a port.
func (p *parser) port(s string, proto kernel.Protocol) (uint16, string) {
	if n, ok := number(s, 0, 65535); ok {
		return uint16(n), ""
	}
	if s == "" || !hostName(s) || allDigits(s) || s[0] == '-' || p.names == nil || proto == 0 {
		return 0, "a port is a number from 0 to 65535, or a name that the system knows"
	}
	n, err := p.names.Port(s, proto)
	if err != nil {
		p.badName = true
		return 0, "cannot find a port of this name: " + err.Error()
	}
	return n, ""
}

// ipv6 parses an IPv6 address. It refuses a zone, which belongs to a link.
func ipv6(s string) (netip.Addr, string) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is6() || a.Zone() != "" {
		return netip.Addr{}, "want an IPv6 address"
	}
	return a, ""
}

// ipv4 parses an IPv4 address in all the forms of the C library's inet_aton: one to
// four numbers, each decimal, octal (010) or hexadecimal (0x8). The last number
// fills the remaining bytes: 10.1 is 10.0.0.1.
func ipv4(s string) (netip.Addr, bool) {
	var value uint64
	for place := 0; ; place++ {
		part, rest, more := strings.Cut(s, ".")
		most := uint64(255)
		if !more {
			most = 1<<(32-8*place) - 1
		}
		n, ok := part4(part)
		if !ok || n > most || more && place == 3 {
			return netip.Addr{}, false
		}
		if !more {
			value |= n
			return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}), true
		}
		value |= n << (24 - 8*place)
		s = rest
	}
}

// part4 parses one number of an IPv4 address.
func part4(s string) (uint64, bool) {
	base := 10
	switch {
	case len(s) > 1 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'):
		s, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	if s == "" || s[0] == '+' || s[0] == '-' || s[0] == '_' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, base, 32)
	return n, err == nil
}

func allDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// hostName reports whether a text can be a host name, so that no other text is sent
// to a name server.
func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && !('0' <= c && c <= '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return true
}
