package kernel

import (
	"net/netip"
	"time"
)

// Connection is one entry of the connection table.
type Connection struct {
	// Protocol is that of the packets; a firewall-mark template has 0 (IP).
	Protocol Protocol
	Client   netip.AddrPort
	Virtual  netip.AddrPort
	Server   netip.AddrPort
	// State is the kernel's word: ESTABLISHED, FIN_WAIT, UDP, NONE …
	State string
	// Expires is the time left, in whole seconds.
	Expires time.Duration
	// Engine and EngineData belong to a persistence engine (sip and the
	// Call-ID). Empty without one.
	Engine, EngineData string
	// Origin tells who made the entry: LOCAL or SYNC (another director). Empty
	// unless it was asked for.
	Origin string
}

// Template tells whether the entry is a persistence template: it binds a
// client, or a client's network, to a server and carries no packets.
func (c *Connection) Template() bool { return c.Client.Port() == 0 }

// ConnectionSource is one of the kernel's two lists.
type ConnectionSource uint8

const (
	// WithEngine reads /proc/net/ip_vs_conn, which knows persistence engines.
	WithEngine ConnectionSource = iota
	// WithOrigin reads /proc/net/ip_vs_conn_sync, which knows who made an entry.
	WithOrigin
)
