package cluster

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"lvs/kernel"
	"lvs/plan"
)

// maxRange is the largest number of servers in a range.
const maxRange = 256

// serverRange is the servers that an address in a file defines: usually one.
type serverRange struct {
	first netip.Addr
	count int
	// port is the port of all; without hasPort it is the service's.
	port    uint16
	hasPort bool
}

// portOr returns the port, or the service's.
func (r *serverRange) portOr(service uint16) uint16 {
	if r.hasPort {
		return r.port
	}
	return service
}

// parseServers reads 10.0.0.11, 10.0.0.11:80, 2001:db8::11, [2001:db8::11]:80,
// and any of them with a range in its last part: 10.0.0.[12-18].
func parseServers(s string) (r serverRange, err error) {
	if i := strings.IndexByte(s, '-'); i >= 0 {
		return parseRange(s)
	}
	r.count = 1
	// Parsing an address with a port as an address would cost an error.
	if first := strings.IndexByte(s, ':'); first < 0 || s[0] == '[' && s[len(s)-1] == ']' ||
		strings.IndexByte(s[first+1:], ':') >= 0 && s[0] != '[' {
		if a, err := netip.ParseAddr(unbracket(s)); err == nil && a.Zone() == "" {
			r.first = a
			return r, nil
		}
	}
	ap, err := kernel.ParseAddrPort(s)
	if err != nil {
		return r, fmt.Errorf("invalid server %w", err)
	}
	r.first, r.port, r.hasPort = ap.Addr(), ap.Port(), true
	return r, nil
}

// unbracket removes the brackets around an address.
func unbracket(s string) string {
	if len(s) > 1 && s[0] == '[' && s[len(s)-1] == ']' {
		return s[1 : len(s)-1]
	}
	return s
}

func parseRange(s string) (r serverRange, err error) {
	wrong := func(want string) (serverRange, error) {
		return r, fmt.Errorf("invalid server %s: want %s", plan.Quote(s), want)
	}
	address := s
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		port, err := strconv.ParseUint(s[i+1:], 10, 16)
		if err != nil || s[i+1] == '+' {
			return wrong("a port number from 0 to 65535")
		}
		address, r.port, r.hasPort = s[:i], uint16(port), true
	}
	if strings.HasPrefix(address, "[") {
		address = unbracket(address)
	}
	prefix, inside, ok := strings.Cut(strings.TrimSuffix(address, "]"), "[")
	low, high, cut := strings.Cut(inside, "-")
	if !ok || !cut || !strings.HasSuffix(address, "]") {
		return wrong("a range such as 10.0.0.[12-18] or 2001:db8::[a-f]")
	}
	base := 10
	if strings.Contains(prefix, ":") {
		base = 16
	}
	if !strings.HasSuffix(prefix, ".") && base == 10 || !strings.HasSuffix(prefix, ":") && base == 16 {
		return wrong("a range of the whole last part of the address, such as 10.0.0.[12-18]")
	}
	first, errFirst := netip.ParseAddr(prefix + low)
	_, errLast := netip.ParseAddr(prefix + high)
	from, errFrom := strconv.ParseUint(low, base, 16)
	to, errTo := strconv.ParseUint(high, base, 16)
	switch {
	case errFirst != nil || errLast != nil || errFrom != nil || errTo != nil || first.Zone() != "":
		return wrong("a range of IP addresses")
	case from > to:
		return wrong("the lower end of the range first")
	case to-from >= maxRange:
		return wrong(fmt.Sprintf("at most %d addresses in the range, not %d", maxRange, to-from+1))
	}
	r.first, r.count = first, int(to-from)+1
	return r, nil
}
