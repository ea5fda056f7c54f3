// Package cluster is the cluster file: it reads, checks, explains and writes what a
// person says a load balancer should do. What that means for a table is for plan.
package cluster

import (
	"net/netip"
	"time"

	"lvs/kernel"
)

// File is a cluster file: the wanted state as a person writes it. A zero field is
// not written, and stands for the default.
type File struct {
	// Comments are written at the top, one line each.
	Comments []string
	// Name is the cluster's name, for people. It has no effect.
	Name     string
	Defaults Defaults
	Timeouts kernel.Timeouts
	// Sync are the sync daemons that should run: none if it is empty; nil leaves the
	// running ones as they are.
	Sync []kernel.Daemon
	// Pools and Checks are in the order of the file, with unique names.
	Pools    []Pool
	Checks   []NamedCheck
	Services []FileService
	// These are for the director. Nil is not given.
	BGP      *BGP
	Overflow *Overflow
	Director *Director

	// Source is the text that the file was read from. Nil means that a program made
	// the file.
	Source *Source
}

// Defaults are the defaults for every service and server of a file.
type Defaults struct {
	Scheduler string // wlc
	Forward   string // direct
	// Check is for services without checks of their own. Empty is none.
	Check []Check
}

// Pool is a list of servers that several services share.
type Pool struct {
	Name    string
	Servers []FileServer
}

// FileService is a service as a file defines it. With several addresses it defines
// as many equal services.
type FileService struct {
	// Comments are written above it, one line each.
	Comments []string
	// Name is for people. The address identifies the service.
	Name        string
	Addresses   []kernel.ServiceID
	Scheduler   string   // the file's default
	Flags       []string // the scheduler's own
	OnePacket   bool
	Persistence time.Duration
	Engine      string
	Netmask     kernel.Netmask
	Forward     string // for its servers; the file's default
	// AsIs accepts settings that the kernel accepts although they do not work.
	AsIs bool
	// Pool names the servers; it is empty if Servers lists them.
	Pool    string
	Servers []FileServer
	// Health is for the director.
	Health ServiceHealth
}

// FileServer is a server as a file defines it.
type FileServer struct {
	// Address has no port if the port is the service's. It may be a range,
	// 10.0.0.[12-18], which defines as many equal servers.
	Address      string
	Forward      string // the service's
	Weight       *int   // 1
	Upper, Lower uint32
	Tunnel       kernel.Tunnel
	// Labels are free texts of the administrator. They have no effect.
	Labels map[string]string
	// Check replaces the checks of the service. Empty means the service's.
	Check []Check
	// Tier is 0 for the servers that are used first.
	Tier int
}

// The values of settings that neither an object nor the file's defaults give.
const (
	defaultScheduler = "wlc"
	defaultForward   = kernel.Direct
	DefaultWeight    = 1
)

// ServiceHealth is how the director keeps a service available. Zero fields stand for
// its defaults.
type ServiceHealth struct {
	// Check are the checks of the servers; all must pass. Empty means the file's
	// default.
	Check []Check
	// Down is the share of healthy servers below which the service is down, Up the
	// share from which it is up again. Zero means no quorum.
	Down, Up Share
	// QuorumOf is servers or weight: what Down and Up count. Empty means servers.
	QuorumOf string
	// MinLeft is the share of the weight below which changes by hand ask. Zero means the
	// default of the commands.
	MinLeft Share
	// Fallback is the server that gets the traffic while the service is down: an
	// address, with the service's port if it has none. Empty is none.
	Fallback string
	// OnAllDown is what the director does without a healthy server: withdraw, open or
	// fallback.
	OnAllDown string
	// OnDown is what the director does with a failed server.
	OnDown OnDown
	// MaxMasked is the largest share of servers that may be masked at a time. Zero
	// means no limit.
	MaxMasked Share
	// SlowStart is how long a recovered server takes to reach its full weight.
	SlowStart time.Duration
	// Passive is set if servers whose new connections stay half open are masked.
	Passive bool
	// Announce is set if BGP announces the service's address.
	Announce bool
}

// OnDown is what the director does with a failed server: it sets the weight to 0
// immediately, and does what Then says after Quiesce.
type OnDown struct {
	// Quiesce is how long the server keeps weight 0. Nil means the director's default.
	Quiesce *time.Duration
	// Then is keep (connections may end) or reset (the server is removed, and its
	// clients are reset). Empty means the director's default.
	Then string
}

// Share is a number of servers, or a percentage of them.
type Share struct {
	N       int
	Percent bool
}

// NamedCheck is a check that services refer to by name.
type NamedCheck struct {
	Name  string
	Check Check
}

// Check is a health check of a server.
type Check struct {
	// Ref is the name of one of the file's checks; then all other fields are zero.
	Ref string
	// Type is tcp, tls, http, https, dns, udp, smtp, pop3, imap, ldap, mysql, pgsql,
	// redis, icmp, exec, file, agent, all or any.
	Type string
	// Of are the checks that all and any combine.
	Of []Check
	// Degrade is the percentage of its weight that a server keeps while the check fails.
	// Zero masks the server.
	Degrade Share

	// Every is the time between probes, FastEvery the same while the result is
	// changing, Timeout how long an answer may take.
	Every, FastEvery, Timeout time.Duration
	// Rise and Fall are how many equal results in a row change the verdict.
	Rise, Fall int
	// Greeting is the time for all that follows the connection. Zero: Timeout has to do.
	Greeting time.Duration
	// Port is the port to probe. Zero is the server's.
	Port uint16
	// Via is empty (directly to the server) or path (the path of the traffic).
	Via string
	// Source has at most one address of each family.
	Source []netip.Addr
	// Netns is a name as in ip netns, or an absolute path. Empty is the director's.
	Netns string
	// ProxyProtocol is the version of the header, 1 or 2. Zero sends none.
	ProxyProtocol int
	// Reset ends the connections of probes with a reset.
	Reset bool

	// http and https.
	Method, Path, Host, Body string        // Body is a regular expression
	Status                   []StatusRange // empty is 200-299
	Proxy                    bool          // send the request that a proxy gets
	// tls, https, and protocols with StartTLS.
	StartTLS   bool
	ServerName string
	Verify     bool          // the certificate must be trusted
	Expiry     time.Duration // the certificate must be valid for at least that long
	// dns: the name and the type of record to look up.
	Name, Query string
	// udp and tcp: the text to send, and a regular expression for the answer. redis has
	// Expect.
	Send, Expect string
	// exec: a program with its arguments; Dynamic reads its exit status as a weight. file:
	// a path.
	Command []string
	Dynamic bool
	File    string
	// mysql and pgsql: the user and the database to log in with.
	User, Database string
	// ldap.
	BaseDN string
}

// StatusRange are HTTP status codes from Low to High.
type StatusRange struct{ Low, High int }

// BGP is how addresses are announced.
type BGP struct {
	AS       uint32
	RouterID netip.Addr // invalid: the daemon chooses
	Peers    []BGPPeer
	// Communities are added to every route: 64512:100, or a well-known name.
	Communities []string
	MED         *uint32
	LocalPref   *uint32
	NextHop     netip.Addr    // invalid: the director's own address
	UpDelay     time.Duration // zero is the daemon's default
	LastResort  bool
	// Via is empty (BGP) or route (a kernel route that another daemon exports).
	Via string
}

// BGPPeer is a router that routes are announced to.
type BGPPeer struct {
	Address         netip.Addr
	AS              uint32
	Port            uint16 // 179
	PasswordFile    string // relative to the cluster file
	Multihop        uint8  // TTL of the session; zero is a router on the same link
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

// Director is how the director behaves. Empty fields stand for its defaults.
type Director struct {
	OnStop string // keep, withdraw or remove
	Drift  string // repair or report
	Sysctl string // check or set
	Start  string // checked or trusted
	// Role is auto, or file: and a path, relative to the cluster file.
	Role string
	Hook Hook
	// Source and Netns are for checks that have none of their own.
	Source []netip.Addr
	Netns  string
}

// Hook is a program that is run for each event. It has no Command if there is none.
type Hook struct {
	Command []string
	Timeout time.Duration
}
