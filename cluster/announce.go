package cluster

import (
	"net/netip"
	"time"
)

// BGP is what a file says of announcing addresses.
type BGP struct {
	AS       uint32
	RouterID netip.Addr // invalid: the director chooses
	Peers    []BGPPeer
	// Communities go with every route: 64512:100, or a well-known name.
	Communities []string
	MED         *uint32
	LocalPref   *uint32
	NextHop     netip.Addr    // invalid: the director's own address
	UpDelay     time.Duration // zero is the director's default
	LastResort  bool
	// Via is empty (BGP) or route (a kernel route that another daemon exports).
	Via string
}

// BGPPeer is a router that routes are told to.
type BGPPeer struct {
	Address         netip.Addr
	AS              uint32
	Port            uint16 // 179
	PasswordFile    string // relative to the cluster file
	Multihop        uint8  // TTL of the session; zero is a neighbour on the link
	TTLSecurity     bool
	Passive         bool
	Hold, Keepalive time.Duration
	GracefulRestart bool
}

// Overflow is how a full cluster shares its load with others.
type Overflow struct {
	High, Low, MaxShare Share
	Sustain             time.Duration
	Peers               []OverflowPeer
}

// OverflowPeer is another cluster's director.
type OverflowPeer struct {
	Name     string
	Director netip.Addr
	KeyFile  string // relative to the cluster file
}

// Director is how the director itself behaves. Empty is its default.
type Director struct {
	OnStop string // keep, withdraw or remove
	Drift  string // repair or report
	Sysctl string // check or set
}
