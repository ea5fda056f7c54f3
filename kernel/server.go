package kernel

import (
	"fmt"
	"net/netip"
	"strconv"
)

// Server is the configuration of a real server of one service.
type Server struct {
	// Addr is the server's identity within its service.
	Addr netip.AddrPort
	// Forward is how packets reach it.
	Forward Forward
	// Weight is its share, 0 to MaxWeight. Zero takes no new connections.
	Weight int
	// Upper stops new connections at that many; Lower lets them in again below
	// it. Zero is no limit (Upper) or three quarters of Upper (Lower).
	Upper, Lower uint32
	// Tunnel describes the encapsulation. It has a meaning only with Tunnel
	// forwarding; the zero value is plain IP in IP.
	Tunnel Tunnel
}

// ServerKey names one real server of one service. It is comparable.
type ServerKey struct {
	Service ServiceID
	// Server is the zero AddrPort where the key names the service itself, and
	// both are zero where it names the whole table.
	Server netip.AddrPort
}

// Forward is a packet forwarding method (IP_VS_CONN_F_FWD_MASK).
type Forward uint8

// The forwarding methods, with the kernel's numbers.
const (
	NAT       Forward = 0 // masquerading: the server answers through the director
	Local     Forward = 1 // shown by the kernel where a server is the director itself
	Tunneling Forward = 2 // encapsulated: the server may be in another network
	Direct    Forward = 3 // direct routing: only the link-layer address changes
	Bypass    Forward = 4 // shown by the kernel for connections that go round the pool
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

// ParseForward reads nat, tunnel or direct, and ipvsadm's words for them.
func ParseForward(s string) (Forward, error) {
	switch s {
	case "nat", "masq":
		return NAT, nil
	case "tunnel", "ipip":
		return Tunneling, nil
	case "direct", "route", "gate":
		return Direct, nil
	}
	return 0, fmt.Errorf("unknown forwarding method %q; it is nat, tunnel or direct", s)
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

// ParseTunnelType reads ipip, gue or gre.
func ParseTunnelType(s string) (TunnelType, error) {
	for i, n := range tunnelTypeNames {
		if n == s {
			return TunnelType(i), nil
		}
	}
	return 0, fmt.Errorf("unknown tunnel type %q; it is ipip, gue or gre", s)
}

// TunnelFlags say how the outer header is checksummed
// (IP_VS_TUNNEL_ENCAP_FLAG_…).
type TunnelFlags uint16

// The checksum choices. They exclude one another.
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

// ParseTunnelFlags reads nocsum, csum or remcsum.
func ParseTunnelFlags(s string) (TunnelFlags, error) {
	for _, f := range []TunnelFlags{NoChecksum, Checksum, RemoteChecksum} {
		if f.String() == s {
			return f, nil
		}
	}
	return 0, fmt.Errorf("unknown tunnel checksum flag %q; it is nocsum, csum or remcsum", s)
}

// Tunnel is an encapsulation with its parameters.
type Tunnel struct {
	Type TunnelType
	// Port is the UDP port of GUE. Zero elsewhere.
	Port  uint16
	Flags TunnelFlags
}
