package ipvsadm

import (
	"net/netip"
	"strconv"

	"lvs/kernel"
)

// nameWidth is the width of a name in a row, and the longest IPv4 name there.
const nameWidth = 28

// appendServerName begins a server's row.
func appendServerName(b []byte, s *kernel.ServerEntry, p kernel.Protocol, n *namer) []byte {
	b = append(b, "  -> "...)
	start := len(b)
	b = n.append(b, s.Addr, p)
	return fill(cutIPv4(b, start, s.Addr.Addr()), start, nameWidth)
}

// cutIPv4 cuts a name that begins at start, if it is an IPv4 address's.
func cutIPv4(b []byte, start int, a netip.Addr) []byte {
	if a.Is4() && len(b) > start+nameWidth {
		return b[:start+nameWidth]
	}
	return b
}

func appendForward(b []byte, s *kernel.ServerEntry) []byte {
	b = append(b, ' ')
	b = appendLeft(b, forwardName(s.Forward), 8)
	return appendWeightAndUse(b, s)
}

func appendForwardTunnel(b []byte, s *kernel.ServerEntry) []byte {
	b = append(b, ' ')
	b = appendLeft(b, forwardName(s.Forward), 8)
	start := len(b)
	b = append(fill(appendTunnelInfo(b, s), start, 13), ' ')
	return appendWeightAndUse(b, s)
}

func appendWeightAndUse(b []byte, s *kernel.ServerEntry) []byte {
	start := len(b)
	b = append(fill(strconv.AppendInt(b, int64(s.Weight), 10), start, 6), ' ')
	return appendUse(b, s)
}

func appendThresholds(b []byte, s *kernel.ServerEntry) []byte {
	b = append(b, ' ')
	b = append(appendNumber(b, uint64(s.Upper), 10), ' ')
	b = append(appendNumber(b, uint64(s.Lower), 10), ' ')
	return appendUse(b, s)
}

func appendPersistent(b []byte, s *kernel.ServerEntry) []byte {
	b = append(b, ' ')
	b = append(appendNumber(b, uint64(s.Weight), 9), ' ')
	b = append(appendNumber(b, uint64(s.Persistent), 11), ' ')
	return appendUse(b, s)
}

func appendUse(b []byte, s *kernel.ServerEntry) []byte {
	b = append(appendNumber(b, uint64(s.Active), 10), ' ')
	return appendNumber(b, uint64(s.Inactive), 10)
}

func forwardName(f kernel.Forward) string {
	switch f {
	case kernel.NAT:
		return "Masq"
	case kernel.Local:
		return "Local"
	case kernel.Tunneling:
		return "Tunnel"
	case kernel.Direct:
		return "Route"
	}
	return "(null)"
}

// appendTunnelInfo appends ipip, gue:PORT:SUM or gre:SUM.
func appendTunnelInfo(b []byte, s *kernel.ServerEntry) []byte {
	t := &s.Tunnel
	switch {
	case s.Forward == kernel.Tunneling && t.Type == kernel.IPIP:
		return append(b, "ipip"...)
	case s.Forward == kernel.Tunneling && t.Type == kernel.GUE:
		b = append(b, "gue:"...)
		b = strconv.AppendUint(b, uint64(t.Port), 10)
	case s.Forward == kernel.Tunneling && t.Type == kernel.GRE:
		b = append(b, "gre"...)
	default:
		return append(b, "n/a"...)
	}
	switch t.Flags {
	case kernel.NoChecksum:
		b = append(b, ":-c"...)
	case kernel.Checksum:
		b = append(b, ":+c"...)
	case kernel.RemoteChecksum:
		b = append(b, ":r+c"...)
	}
	return b
}
