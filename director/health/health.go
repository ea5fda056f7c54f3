// Package health checks servers: it probes them as a client would and says whether they
// answer. It knows nothing of IPVS. What a failed server means for a table is for director.
//
// A Probe is one kind of question to one target. An Engine asks many of them, each at its
// own times, and reports results and verdicts.
package health

import (
	"net/netip"
	"time"
)

// Kind is the kind of a check, as the cluster file calls it.
type Kind string

// The kinds.
const (
	TCP        Kind = "tcp"
	TLS        Kind = "tls"
	HTTP       Kind = "http"
	HTTPS      Kind = "https"
	DNS        Kind = "dns"
	UDP        Kind = "udp"
	SMTP       Kind = "smtp"
	POP3       Kind = "pop3"
	IMAP       Kind = "imap"
	LDAP       Kind = "ldap"
	MySQL      Kind = "mysql"
	PostgreSQL Kind = "pgsql"
	Redis      Kind = "redis"
	ICMP       Kind = "icmp"
	Exec       Kind = "exec"
	File       Kind = "file"
	Agent      Kind = "agent"
)

// Target is what a probe asks.
type Target struct {
	// Addr is the address of the server. Port 0 is the usual port of the kind.
	Addr netip.AddrPort
	// Source is the local address. Invalid: the kernel chooses one.
	Source netip.Addr
	// Mark is set on the packets (SO_MARK). 0 sets none.
	Mark uint32
	// Netns is the path of the network namespace to ask from. Empty is the program's own.
	Netns string
}

// Timing is when a probe asks and when its verdict changes. Every field is set
// (Timing.WithDefaults).
type Timing struct {
	// Every is the time between two probes, FastEvery the same while a result differs from
	// the verdict, Timeout the longest time of one probe.
	Every, FastEvery, Timeout time.Duration
	// Rise and Fall are how many results in a row make a target Up or Down.
	Rise, Fall int
}

// The defaults of Timing.
const (
	DefaultEvery     = 2 * time.Second
	DefaultFastEvery = 500 * time.Millisecond
	DefaultTimeout   = time.Second
	DefaultRise      = 2
	DefaultFall      = 3
)

// Spec is the question. Fields that a kind does not name have no effect on it.
type Spec struct {
	Kind Kind

	// http and https. An empty Method is GET, an empty Path "/", an empty Host the address.
	// Status are the codes of a success; empty is 200-299. Body is a regular expression
	// (RE2) for the first 64 KiB of the body; empty matches everything. Proxy sends the
	// request as to a proxy: Path is then a whole URL.
	Method, Path, Host, Body string
	Status                   []StatusRange
	Proxy                    bool
	// tls, https, and smtp, pop3, imap, ldap and pgsql with StartTLS. ServerName is sent and, with
	// Verify, must be in the certificate; empty sends none. Expiry is how long the
	// certificate must still be valid; less is a warning.
	StartTLS   bool
	ServerName string
	Verify     bool
	Expiry     time.Duration
	// dns: Name and the type of record, Query; empty is A.
	Name, Query string
	// tcp and udp: what is sent, and a regular expression for the answer. dns: an expression
	// for the name of the answer's code, such as NOERROR. agent: what is sent. redis: an
	// expression for the first line, in place of PONG, NOAUTH or NOPERM.
	Send, Expect string
	// exec: the program and its arguments, in which {address} and {port} are those of the
	// target. file: the path.
	Command []string
	File    string
	// Dynamic reads the exit status of exec as keepalived's misc_dynamic does: 0 is the
	// configured weight, 1 a failure, 2 to 255 the weight 0 to 253.
	Dynamic bool
	// smtp, pop3, imap, mysql: Greeting is how long the server may take for its greeting and
	// all that follows, after Timeout, which is then for the connection alone. Such servers
	// look up the name of the client first. 0: all of it has to be done within Timeout.
	Greeting time.Duration
	// ldap: the entry to read; empty is the root DSE.
	BaseDN string
	// mysql, pgsql: the user to name (no password is ever sent), and the database of pgsql.
	// An empty user is "lvs".
	User, Database string
	// ProxyProtocol is the version of the PROXY header (1 or 2, LOCAL or UNKNOWN) that is
	// sent first. 0 sends none.
	ProxyProtocol int
	// Reset closes TCP connections by a reset, which leaves no TIME_WAIT behind. For tcp.
	Reset bool
}

// StatusRange are HTTP status codes from Low to High.
type StatusRange struct{ Low, High int }

// Probe is one question to one target. Probes with the same Key are the same probe: the
// engine asks it once.
type Probe struct {
	Target
	Spec
	Timing
}

// Outcome is what one result says about its target.
type Outcome uint8

// The outcomes.
const (
	// Pass is a good answer.
	Pass Outcome = iota + 1
	// Fail is a bad answer, or none.
	Fail
	// Busy is the answer of a server that lives and cannot take one more client, for
	// example SMTP 421, and of an agent that says nothing. It changes no verdict.
	Busy
	// Local is a lack of this machine: descriptors, ports, memory, a route. It changes no
	// verdict.
	Local
)

// Reason is why an outcome is not Pass. Words for people are made elsewhere.
type Reason string

// The reasons. Detail in the result names what was received or the system's error.
const (
	Refused     Reason = "refused"     // nobody listens
	Unreachable Reason = "unreachable" // no way to the host
	Timeout     Reason = "timeout"     // no connection in time
	Silent      Reason = "silent"      // a connection, but no whole answer in time
	Closed      Reason = "closed"      // closed or reset before a whole answer
	BadStatus   Reason = "status"      // an answer that means failure, Detail is its code or first line
	BadAnswer   Reason = "answer"      // not the protocol, or not what was expected
	BadTLS      Reason = "tls"         // no TLS, or a certificate that is not accepted
	TooBusy     Reason = "busy"        // see Busy
	Loading     Reason = "loading"     // the server says that it starts or stops
	ExitStatus  Reason = "exit"        // of exec, Detail is the status or the signal
	NoLocal     Reason = "local"       // see Local
)

// Result is the result of one probe.
type Result struct {
	At      time.Time
	Took    time.Duration
	Outcome Outcome
	Reason  Reason
	// Detail is at most 200 bytes of what the server or the system said. It is text of
	// others: escape it before it is shown.
	Detail string
	// Expires is the end of the certificate. Zero is unknown.
	Expires time.Time
	// Soon is set if Expires is within Spec.Expiry.
	Soon bool
	// Agent is what an agent, an exec with Dynamic, or a file said. Nil is nothing.
	Agent *AgentWords
}

// AgentWords are what a server says about itself (HAProxy's agent-check protocol).
type AgentWords struct {
	// Percent of the declared weight, or Weight itself. -1 is not said.
	Percent, Weight int
	// Admin is ready, drain or maint; empty is not said. Up and down are health, and do
	// not change it.
	Admin string
	// Words is the line as it came, at most 200 bytes.
	Words string
}

// Verdict is what the results of a probe add up to.
type Verdict uint8

// The verdicts.
const (
	Unknown Verdict = iota
	Up
	Down
)

// State is the verdict of a probe, and how it came to it.
type State struct {
	Verdict Verdict
	// Since is when the verdict began.
	Since time.Time
	// Row is how many results in a row differ from the verdict (or, for Unknown, are equal).
	// Of is their outcome, Pass or Fail; zero if Row is 0.
	Row int
	Of  Outcome
	// Last is the last result, zero before the first. Next is when the next probe is due.
	Last Result
	Next time.Time
	// Pass and Fail count results since the probe began.
	Pass, Fail uint64
}

// Report is what the engine reports about a probe after each result.
type Report struct {
	Key   Key
	State State
	// Changed is set if the result changed the verdict.
	Changed bool
}

// Key identifies a probe.
type Key string
