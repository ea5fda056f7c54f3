package kernel

import (
	"bytes"
	"io"
	"iter"
	"net/netip"
	"time"
)

// Connection is one entry of the connection table.
type Connection struct {
	// Protocol is the protocol of the packets; 0 (IP) for the persistence
	// template of a firewall mark.
	Protocol Protocol
	Client   netip.AddrPort
	Virtual  netip.AddrPort
	Server   netip.AddrPort
	// State is the kernel's name of the state: ESTABLISHED, FIN_WAIT, UDP, NONE …
	State string
	// Expires is the time left, in whole seconds.
	Expires time.Duration
	// Engine and EngineData are the persistence engine (sip) and its key (the
	// Call-ID). They are empty without an engine.
	Engine, EngineData string
	// Origin is where the entry was made: LOCAL, or SYNC for another director. It is
	// set by the source WithOrigin only.
	Origin string
	// Orphan is whether its server was deleted. The kernel does not list it: Owners finds
	// it.
	Orphan Orphan
}

// Template reports whether the entry is a persistence template, which binds a
// client or its network to a server and carries no packets.
func (c *Connection) Template() bool { return c.Client.Port() == 0 }

// StateReleased is our name of the state of a released template.
const StateReleased = "RELEASED"

// Released reports whether the entry is a persistence template that binds nobody any more:
// its client came while the server had the weight 0 and net.ipv4.vs.expire_quiescent_template
// was 1, or was deleted. Until it expires the kernel lists it with the server port 65535,
// before Linux 7 the virtual port too (ip_vs_check_template).
func (c *Connection) Released() bool { return c.Template() && c.Server.Port() == 65535 }

// Shown returns the state as people see it: StateReleased, or State.
func (c *Connection) Shown() string {
	if c.Released() {
		return StateReleased
	}
	return c.State
}

// ConnectionStates returns the names of the states (ip_vs_proto_tcp.c, _udp.c, _sctp.c),
// and those of persistence templates.
func ConnectionStates() []string {
	return []string{
		"ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN",
		"SYNACK",
		"UDP",
		"INIT1", "INIT", "C-SENT", "C-REPLIED", "C-WAIT", "COOKIE", "C-ECHOED", "S-SENT", "S-RECEIVED", "S-ACK-SENT",
		"REJECTED", "CLOSED",
		"NONE", "ASSURED", StateReleased,
	}
}

// ConnectionSource is one of the kernel's two lists of connections.
type ConnectionSource uint8

const (
	// WithEngine reads /proc/net/ip_vs_conn, which has persistence engines.
	WithEngine ConnectionSource = iota
	// WithOrigin reads /proc/net/ip_vs_conn_sync, which has the origin of entries.
	WithOrigin
)

// connectionParser reads lines of /proc/net/ip_vs_conn and ip_vs_conn_sync.
type connectionParser struct {
	origin bool   // lines have an origin instead of an engine
	names  names  // states and origins: few, repeated
	state  string // of the line before
	// known has virtual addresses, and servers, of lines before: most come again. The last
	// digit of the address chooses the place.
	known [2][16]knownEndpoint
}

// knownEndpoint is an address with its port, and the text that it was parsed from.
type knownEndpoint struct {
	text [shortEndpoint]byte
	at   netip.AddrPort
}

// shortEndpoint is the length of an IPv4 address with its port.
const shortEndpoint = len("C6336464 A1B2")

// parse reads one line into c.
func (p *connectionParser) parse(line []byte, c *Connection) error {
	*c = Connection{}
	if rest, ok := p.parseShort(line, c); ok {
		return p.parseEnd(line, rest, c)
	}
	field, rest := cutField(line)
	ok := false
	if c.Protocol, ok = parseProtocol(field); !ok {
		return errLine(line)
	}
	for _, ap := range []*netip.AddrPort{&c.Client, &c.Virtual, &c.Server} {
		var host, port []byte
		host, rest = cutField(rest)
		port, rest = cutField(rest)
		a, okAddr := parseHexAddr(host)
		n, okPort := parseHex(port)
		if !okAddr || !okPort || n > 65535 {
			return errLine(line)
		}
		*ap = netip.AddrPortFrom(a, uint16(n))
	}
	return p.parseEnd(line, rest, c)
}

// parseEnd reads what follows the addresses of a line.
func (p *connectionParser) parseEnd(line, rest []byte, c *Connection) error {
	field, rest := cutField(rest)
	if len(field) == 0 {
		return errLine(line)
	}
	if string(field) != p.state { // usually that of the line before
		p.state = p.names.of(field)
	}
	c.State = p.state
	if p.origin {
		field, rest = cutField(rest)
		c.Origin = p.names.of(field)
	}
	field, rest = cutField(rest)
	seconds, ok := parseDecimal(field)
	if !ok || seconds > 1<<32 {
		return errLine(line)
	}
	c.Expires = time.Duration(seconds) * time.Second
	if field, rest = cutField(rest); len(field) > 0 {
		c.Engine = p.names.of(field)
		c.EngineData = string(bytes.TrimLeft(rest, " "))
	}
	return nil
}

// parseShort reads the addresses of a line that has the usual form, "UDP C6336464 A1B2
// C000020A 0050 C6336401 1F90 ", and returns what follows. It is for speed only: it
// returns false for any other line.
func (p *connectionParser) parseShort(line []byte, c *Connection) (rest []byte, ok bool) {
	const length = len("UDP ") + 3*(shortEndpoint+1)
	if len(line) < length || line[3] != ' ' || line[17] != ' ' || line[31] != ' ' || line[45] != ' ' {
		return nil, false
	}
	switch string(line[:3]) {
	case "TCP":
		c.Protocol = TCP
	case "UDP":
		c.Protocol = UDP
	default:
		return nil, false
	}
	if c.Client, ok = parseShortEndpoint(line[4:17]); !ok {
		return nil, false
	}
	if c.Virtual, ok = parseKnownEndpoint(line[18:31], &p.known[0]); !ok {
		return nil, false
	}
	if c.Server, ok = parseKnownEndpoint(line[32:45], &p.known[1]); !ok {
		return nil, false
	}
	return line[length:], true
}

// parseKnownEndpoint is parseShortEndpoint, faster for what is in known, and adds to it.
func parseKnownEndpoint(b []byte, known *[16]knownEndpoint) (netip.AddrPort, bool) {
	k := &known[b[7]&15]
	if string(b) == string(k.text[:]) {
		return k.at, true
	}
	at, ok := parseShortEndpoint(b)
	if ok {
		k.text, k.at = [shortEndpoint]byte(b), at
	}
	return at, ok
}

// parseShortEndpoint parses "C6336464 A1B2".
func parseShortEndpoint(b []byte) (netip.AddrPort, bool) {
	n, okAddr := parseHex(b[:8])
	port, okPort := parseHex(b[9:])
	a := netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	return netip.AddrPortFrom(a, uint16(port)), okAddr && okPort && b[8] == ' '
}

// readConnections iterates over a connection list. Its first line is the header.
func readConnections(r io.Reader, from ConnectionSource) iter.Seq2[*Connection, error] {
	return func(yield func(*Connection, error) bool) {
		p := connectionParser{origin: from == WithOrigin, names: names{}}
		var c Connection
		first := true
		for line, err := range lines(r, readConnLen) {
			if first && err == nil {
				first = false
				continue
			}
			if err == nil {
				err = p.parse(line, &c)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&c, nil) {
				return
			}
		}
	}
}
