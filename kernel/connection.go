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
}

// Template reports whether the entry is a persistence template, which binds a
// client or its network to a server and carries no packets.
func (c *Connection) Template() bool { return c.Client.Port() == 0 }

// ConnectionStates returns the names of the states (ip_vs_proto_tcp.c, _udp.c, _sctp.c),
// and those of persistence templates.
func ConnectionStates() []string {
	return []string{
		"ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN",
		"SYNACK",
		"UDP",
		"INIT1", "INIT", "C-SENT", "C-REPLIED", "C-WAIT", "COOKIE", "C-ECHOED", "S-SENT", "S-RECEIVED", "S-ACK-SENT",
		"REJECTED", "CLOSED",
		"NONE", "ASSURED",
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
	origin bool  // lines have an origin instead of an engine
	names  names // states and origins: few, repeated
}

// parse reads one line into c.
func (p *connectionParser) parse(line []byte, c *Connection) error {
	*c = Connection{}
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
	field, rest = cutField(rest)
	if len(field) == 0 {
		return errLine(line)
	}
	c.State = p.names.of(field)
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

// readConnections iterates over a connection list. Its first line is the header.
func readConnections(r io.Reader, from ConnectionSource) iter.Seq2[*Connection, error] {
	return func(yield func(*Connection, error) bool) {
		p := connectionParser{origin: from == WithOrigin, names: names{}}
		var c Connection
		first := true
		for line, err := range lines(r) {
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
