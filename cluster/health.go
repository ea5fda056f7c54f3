package cluster

import "time"

// ServiceHealth is what a file says of how the director keeps a service alive.
// The zero value leaves all to the director's defaults.
type ServiceHealth struct {
	// Check is how its servers are examined; all must pass. Empty is the file's
	// default.
	Check []Check
	// Down is the share of healthy servers below which the service counts as
	// down, Up the share from which it is up again. Zero is no quorum.
	Down, Up Share
	// Fallback takes the traffic while the service is down: an address, with the
	// service's port where it has none. Empty is none.
	Fallback string
	// OnAllDown is what happens without a healthy server: withdraw, open or
	// fallback. Empty is the director's default.
	OnAllDown string
	// OnDown is what is done to a server that failed.
	OnDown OnDown
	// MaxMasked is the largest share of servers that may be masked at a time.
	// Zero is no limit.
	MaxMasked Share
	// SlowStart is how long a server that came back takes to its full weight.
	SlowStart time.Duration
	// Announce tells that the service's address is announced by BGP.
	Announce bool
}

// OnDown is what is done to a failed server: weight 0 at once, and after Quiesce
// what Then says.
type OnDown struct {
	// Quiesce is nil for the director's default. Zero is at once.
	Quiesce *time.Duration
	// Then is keep (its connections may end) or reset (it is removed, and its
	// clients are reset). Empty is the director's default.
	Then string
}

// Share is a number of servers, or a part of them in percent.
type Share struct {
	N       int
	Percent bool
}

// NamedCheck is a check that services name.
type NamedCheck struct {
	Name  string
	Check Check
}

// Check is how a server is examined.
type Check struct {
	// Ref names one of the file's checks; all other fields are then zero.
	Ref string
	// Type is tcp, tls, http, https, dns, udp, smtp, pop3, imap, ldap, icmp,
	// exec, file, all or any.
	Type string
	// Of are the parts of all and any.
	Of []Check

	// Every is the time between probes, FastEvery the same while a verdict is
	// turning, Timeout how long an answer may take.
	Every, FastEvery, Timeout time.Duration
	// Rise and Fall are how many results in a row change the verdict.
	Rise, Fall int
	// Port is where to ask. Zero is the server's.
	Port uint16
	// Via is empty (straight to the server) or path (the way that traffic takes).
	Via string

	// http and https.
	Method, Path, Host, Body string        // Body is a regular expression
	Status                   []StatusRange // empty is 200-299
	Proxy                    bool          // ask as one asks a proxy
	// tls, https, and protocols with StartTLS.
	StartTLS   bool
	ServerName string
	Verify     bool          // the certificate must be trusted
	Expiry     time.Duration // it must be valid for at least that long
	// dns.
	Name, Query string // what is asked, and for which type of record
	// udp and tcp: what is sent, and a regular expression for the answer.
	Send, Expect string
	// exec: a program with its arguments; file: a path.
	Command []string
	File    string
	// ldap.
	BaseDN string
}

// StatusRange are HTTP status codes from Low to High.
type StatusRange struct{ Low, High int }
