package output

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"lvs/kernel"
)

// oneOf returns the canon of a column whose values are these words, in any case.
func oneOf(words ...string) func(string) (canonical, want string) {
	return func(s string) (string, string) {
		for _, word := range words {
			if strings.EqualFold(s, word) {
				return word, ""
			}
		}
		return "", alternatives(words)
	}
}

// canonForward returns a forwarding method in the form that tables show. masq and route,
// for example, are words of ipvsadm for nat and direct.
func canonForward(s string) (canonical, want string) {
	s = strings.ToLower(s)
	if f, err := kernel.ParseForward(s); err == nil {
		return f.String(), ""
	}
	return oneOf(kernel.Direct.String(), kernel.NAT.String(), kernel.Tunneling.String(), kernel.Local.String(),
		kernel.Bypass.String())(s)
}

// canonEngine returns a persistence engine.
func canonEngine(s string) (canonical, want string) { return oneOf(kernel.Engines()...)(s) }

// canonFlags returns a list of flags, which may be in any order, in the form that tables
// show.
func canonFlags(s string) (canonical, want string) {
	words := append([]string{"ops"}, kernel.SchedFlagNames()...)
	var places []int
	for name := range strings.SplitSeq(s, ",") {
		place := slices.Index(words, strings.ToLower(strings.TrimSpace(name)))
		if place < 0 {
			return "", "flags separated by commas: " + alternatives(words)
		}
		places = append(places, place)
	}
	slices.Sort(places)
	var names []string
	for _, place := range slices.Compact(places) {
		names = append(names, words[place])
	}
	return strings.Join(names, ","), ""
}

// canonNetmask returns a mask in the form that tables show, where none is the whole address.
func canonNetmask(s string) (canonical, want string) {
	for _, f := range []kernel.Family{kernel.IPv4, kernel.IPv6} {
		if m, err := kernel.ParseNetmask(f, s); err == nil {
			return cmp.Or(m.Text(f), "-"), ""
		}
	}
	return "", "a mask such as 255.255.255.0 or /24, or a prefix length such as 64"
}

// canonTunnel returns an encapsulation in the form that tables show: ipip, gre/csum,
// gue:6080/remcsum.
func canonTunnel(s string) (canonical, want string) {
	const form = "ipip, gre, gue:PORT or gue, and perhaps /csum or /remcsum"
	rest, flags, hasFlags := strings.Cut(strings.ToLower(s), "/")
	kind, port, hasPort := strings.Cut(rest, ":")
	var t kernel.Tunnel
	var err error
	if t.Type, err = kernel.ParseTunnelType(kind); err != nil {
		return "", form
	}
	if hasFlags {
		if t.Flags, err = kernel.ParseTunnelFlags(flags); err != nil {
			return "", form
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if hasPort != (t.Type == kernel.GUE) || hasPort && (err != nil || n == 0) {
		return "", form
	}
	t.Port = uint16(n)
	return string(appendTunnelText(nil, t)), ""
}

// gueOfAnyPort returns what decides about the value gue, which has no port: every port
// matches.
func gueOfAnyPort(value string) (func(*line) bool, bool) {
	return func(l *line) bool {
		return l.server != nil && !l.public && l.server.Forward == kernel.Tunneling && l.server.Tunnel.Type == kernel.GUE
	}, strings.EqualFold(value, kernel.GUE.String())
}
