package output

// The rows of the two hot kinds. In every row struct a field's doc tag is its
// description in the JSON Schema; a pointer may be null; every key is always
// present. Quantities are in base units: bytes, packets, seconds.

// ServiceRow is a virtual service.
type ServiceRow struct {
	ID                    string      `json:"id" doc:"The service as flags and files name it: tcp://192.0.2.10:80 or fwmark:7."`
	Family                string      `json:"family" doc:"ipv4 or ipv6."`
	Protocol              *string     `json:"protocol" doc:"tcp, udp or sctp. Null for a firewall mark."`
	Address               *string     `json:"address" doc:"The virtual address. Null for a firewall mark."`
	Port                  *uint16     `json:"port" doc:"The virtual port; 0 is every port. Null for a firewall mark."`
	FWMark                *uint32     `json:"fwmark" doc:"The firewall mark. Null for a service with an address."`
	Scheduler             string      `json:"scheduler" doc:"The scheduler's name: wlc, rr, mh …"`
	Flags                 *[]string   `json:"flags" doc:"The scheduler's flags, by name. Null when not known."`
	Persistent            *uint64     `json:"persistent" doc:"Seconds a client stays with its server. Null when the service is not persistent."`
	Netmask               *string     `json:"netmask" doc:"Groups clients for persistence: 255.255.255.0, or a prefix length for IPv6. Null when each client stands by itself."`
	Engine                *string     `json:"engine" doc:"The persistence engine (sip). Null when none, or not known."`
	OnePacket             bool        `json:"onePacket" doc:"Every UDP datagram is scheduled anew."`
	Active                uint64      `json:"active" doc:"Established connections of all its servers."`
	Inactive              uint64      `json:"inactive" doc:"Connections of all its servers in any other state."`
	PersistentConnections *uint64     `json:"persistentConnections" doc:"Clients bound to its servers by persistence. Null when not known."`
	Stats                 *StatsRow   `json:"stats" doc:"Totals since the service was made or last zeroed. Null when not known."`
	Rates                 *RatesRow   `json:"rates" doc:"The kernel's estimates per second. Null when not known."`
	Servers               []ServerRow `json:"servers" doc:"The real servers, by address unless sorted."`
}

// ServerRow is a real server of one service.
type ServerRow struct {
	Service               string     `json:"service" doc:"The id of the service it belongs to."`
	ID                    string     `json:"id" doc:"Address and port: 10.0.0.11:80 or [2001:db8::1]:80."`
	Family                string     `json:"family" doc:"ipv4 or ipv6; with tunnels it may differ from the service's."`
	Address               string     `json:"address" doc:"The server's address."`
	Port                  uint16     `json:"port" doc:"The server's port."`
	Forward               string     `json:"forward" doc:"How packets reach it: nat, tunnel or direct (the kernel also shows local and bypass)."`
	Weight                int        `json:"weight" doc:"Its share of new connections; 0 takes none."`
	Upper                 *uint32    `json:"upper" doc:"No new connections at this many; 0 is no limit. Null when not known."`
	Lower                 *uint32    `json:"lower" doc:"New connections again below this many; 0 is three quarters of upper. Null when not known."`
	Tunnel                *TunnelRow `json:"tunnel" doc:"The encapsulation. Null when forward is not tunnel, or not known."`
	Active                uint64     `json:"active" doc:"Established connections."`
	Inactive              uint64     `json:"inactive" doc:"Connections in any other state."`
	PersistentConnections *uint64    `json:"persistentConnections" doc:"Clients bound to the server by persistence. Null when not known."`
	Stats                 *StatsRow  `json:"stats" doc:"Totals since the server was added or last zeroed. Null when not known."`
	Rates                 *RatesRow  `json:"rates" doc:"The kernel's estimates per second. Null when not known."`
}

// TunnelRow is an encapsulation.
type TunnelRow struct {
	Type           string  `json:"type" doc:"ipip, gue or gre."`
	Port           *uint16 `json:"port" doc:"The UDP port of gue. Null for the others."`
	Checksum       bool    `json:"checksum" doc:"The outer header carries a checksum."`
	RemoteChecksum bool    `json:"remoteChecksum" doc:"Checksums are left to the receiving end (gue only)."`
}

// StatsRow are totals.
type StatsRow struct {
	Connections uint64 `json:"connections" doc:"Connections scheduled."`
	PacketsIn   uint64 `json:"packetsIn" doc:"Packets from clients."`
	PacketsOut  uint64 `json:"packetsOut" doc:"Packets to clients that passed the director: with direct and tunnel forwarding none, as a rule."`
	BytesIn     uint64 `json:"bytesIn" doc:"Bytes from clients."`
	BytesOut    uint64 `json:"bytesOut" doc:"Bytes to clients that passed the director: with direct and tunnel forwarding none, as a rule."`
}

// RatesRow are estimates per second.
type RatesRow struct {
	ConnectionsPerSecond uint64 `json:"connectionsPerSecond" doc:"Connections scheduled per second."`
	PacketsInPerSecond   uint64 `json:"packetsInPerSecond" doc:"Packets from clients per second."`
	PacketsOutPerSecond  uint64 `json:"packetsOutPerSecond" doc:"Packets to clients per second, as far as they pass the director."`
	BytesInPerSecond     uint64 `json:"bytesInPerSecond" doc:"Bytes from clients per second."`
	BytesOutPerSecond    uint64 `json:"bytesOutPerSecond" doc:"Bytes to clients per second, as far as they pass the director."`
}
