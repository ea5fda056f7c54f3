package kernel

import (
	"fmt"
	"net/netip"
	"strconv"
)

// Server is the configuration of a real server of one service.
type Server struct {
	// Addr identifies the server within its service.
	Addr netip.AddrPort
	// Forward is how packets reach it.
	Forward Forward
	// Weight is its share of new connections, 0 to MaxWeight. Zero accepts none.
	Weight int
	// Upper is the number of connections at which the server accepts no more, and
	// Lower the number below which it accepts them again. Zero means no limit (Upper)
	// or three quarters of Upper (Lower).
	Upper, Lower uint32
	// Tunnel is the encapsulation. It has a meaning only with the forwarding method
	// Tunneling; the zero value is plain IP in IP.
	Tunnel Tunnel
}

// ServerKey identifies one real server of one service. It is comparable.
type ServerKey struct {
	Service ServiceID
	// Server is the zero AddrPort if the key identifies the service itself. Both are
	// zero if it identifies the whole table.
	Server netip.AddrPort
}

// Forward is a packet forwarding method (IP_VS_CONN_F_FWD_MASK).
type Forward uint8

// The forwarding methods, with the kernel's numbers.
const (
	NAT       Forward = 0 // masquerading: the server replies through the director
	Local     Forward = 1 // reported by the kernel if the server is the director itself
	Tunneling Forward = 2 // encapsulated: the server may be in another network
	Direct    Forward = 3 // direct routing: only the link-layer address changes
	Bypass    Forward = 4 // reported by the kernel for connections that bypass the servers
)

var forwardNames = []string{"nat", "local", "tunnel", "direct", "bypass"}

func (f Forward) String() string {
	if int(f) < len(forwardNames) {
		return forwardNames[f]
	}
	return "forward " + strconv.Itoa(int(f))
}

// RepliesPassDirector reports whether the director forwards the servers' replies
// and so counts them. With direct routing and tunnels servers reply to clients
// directly, unless the network around them is set up otherwise.
func (f Forward) RepliesPassDirector() bool { return f != Direct && f != Tunneling }

// ParseForward parses nat, tunnel or direct, or what ipvsadm, ldirectord, keepalived and
// the kernel call them.
func ParseForward(s string) (Forward, error) {
	switch s {
	case "nat", "masq", "masquerade", "masquerading":
		return NAT, nil
	case "tunnel", "tun", "tunneling", "ipip":
		return Tunneling, nil
	case "direct", "dr", "droute", "route", "gate", "gatewaying":
		return Direct, nil
	}
	return 0, fmt.Errorf("invalid forwarding method %q: want nat, tunnel or direct", s)
}

// TunnelType is an encapsulation (IP_VS_CONN_F_TUNNEL_TYPE_…), from Linux 5.2.
type TunnelType uint8

// The encapsulations, with the kernel's numbers.
const (
	IPIP TunnelType = iota
	GUE             // generic UDP encapsulation; needs a port
	GRE
)

var tunnelTypeNames = []string{"ipip", "gue", "gre"}

func (t TunnelType) String() string {
	if int(t) < len(tunnelTypeNames) {
		return tunnelTypeNames[t]
	}
	return "tunnel type " + strconv.Itoa(int(t))
}

// ParseTunnelType parses ipip, gue or gre.
func ParseTunnelType(s string) (TunnelType, error) {
	for i, n := range tunnelTypeNames {
		if n == s {
			return TunnelType(i), nil
		}
	}
	return 0, fmt.Errorf("invalid tunnel type %q: want ipip, gue or gre", s)
}

// TunnelFlags select the checksum of the outer header (IP_VS_TUNNEL_ENCAP_FLAG_…).
type TunnelFlags uint16

// The checksum choices. A tunnel has one of them.
const (
	NoChecksum     TunnelFlags = 0
	Checksum       TunnelFlags = 1
	RemoteChecksum TunnelFlags = 2 // remote checksum offload, GUE only
)

func (f TunnelFlags) String() string {
	switch f {
	case NoChecksum:
		return "nocsum"
	case Checksum:
		return "csum"
	case RemoteChecksum:
		return "remcsum"
	}
	return "tunnel flags " + strconv.Itoa(int(f))
}

// ParseTunnelFlags parses nocsum, csum or remcsum.
func ParseTunnelFlags(s string) (TunnelFlags, error) {
	for _, f := range []TunnelFlags{NoChecksum, Checksum, RemoteChecksum} {
		if f.String() == s {
			return f, nil
		}
	}
	return 0, fmt.Errorf("invalid tunnel checksum %q: want nocsum, csum or remcsum", s)
}

// Tunnel is an encapsulation with its parameters.
type Tunnel struct {
	Type TunnelType
	// Port is the UDP port of GUE. It is zero for other types.
	Port  uint16
	Flags TunnelFlags
}
