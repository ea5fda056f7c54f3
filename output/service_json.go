package output

import (
	"strconv"
	"time"

	"lvs/kernel"
)

// In every row struct a field's doc tag is its description in the JSON Schema, and
// a deprecated tag marks a key that has a better name. A pointer may be null; every
// key is always present. Quantities are in base units: bytes, packets, seconds.

// ServiceRow is a virtual service.
type ServiceRow struct {
	ID         string    `json:"id" doc:"The service: tcp://192.0.2.10:80 or fwmark:7."`
	Family     string    `json:"family" doc:"ipv4 or ipv6."`
	Protocol   *string   `json:"protocol" doc:"tcp, udp or sctp. Null for a firewall mark."`
	Address    *string   `json:"address" doc:"The virtual address. Null for a firewall mark."`
	Port       *uint16   `json:"port" doc:"The virtual port; 0 is every port. Null for a firewall mark."`
	FWMark     *uint32   `json:"fwmark" doc:"The firewall mark. Null for a service with an address."`
	Scheduler  string    `json:"scheduler" doc:"The scheduler: wlc, rr, mh …"`
	Flags      *[]string `json:"flags" doc:"The names of the scheduler's flags. Null if unknown."`
	Persistent *uint64   `json:"persistent" doc:"Seconds a client stays on its server. Null if not persistent."`
	Netmask    *string   `json:"netmask" doc:"Client mask of persistence; IPv6: prefix length. Null: single addresses."`
	Engine     *string   `json:"engine" doc:"The persistence engine (sip). Null if there is none, or unknown."`
	OnePacket  bool      `json:"onePacket" doc:"Each UDP datagram is scheduled on its own."`
	Active     uint64    `json:"active" doc:"Established connections of all its servers."`
	Inactive   uint64    `json:"inactive" doc:"Connections of all its servers in any other state."`
	Clients    *uint64   `json:"clients" doc:"Clients bound to its servers by persistence. Null if unknown."`

	PersistentConnections *uint64 `json:"persistentConnections" deprecated:"true" doc:"Use clients. Null if unknown."`

	Stats   *StatsRow   `json:"stats" doc:"Totals since the service was added or last zeroed. Null if unknown."`
	Rates   *RatesRow   `json:"rates" doc:"The kernel's estimates per second. Null if unknown."`
	Servers []ServerRow `json:"servers" doc:"The real servers, by address unless sorted."`
}

// ServerRow is a real server of one service.
type ServerRow struct {
	Service  string     `json:"service" doc:"The id of its service."`
	ID       string     `json:"id" doc:"Address and port: 10.0.0.11:80 or [2001:db8::1]:80."`
	Family   string     `json:"family" doc:"ipv4 or ipv6; with tunnels it may differ from the service's."`
	Address  string     `json:"address" doc:"The server's address."`
	Port     uint16     `json:"port" doc:"The server's port."`
	Forward  string     `json:"forward" doc:"nat, tunnel or direct; the kernel also shows local and bypass."`
	Weight   int        `json:"weight" doc:"The share of new connections; 0 is none."`
	Upper    *uint32    `json:"upper" doc:"No new connections from this number on; 0 means no limit. Null if unknown."`
	Lower    *uint32    `json:"lower" doc:"New connections again below this number; 0 is 3/4 of upper. Null if unknown."`
	Tunnel   *TunnelRow `json:"tunnel" doc:"The encapsulation. Null if forward is not tunnel, or unknown."`
	Active   uint64     `json:"active" doc:"Established connections."`
	Inactive uint64     `json:"inactive" doc:"Connections in any other state."`
	Clients  *uint64    `json:"clients" doc:"Clients bound to the server by persistence. Null if unknown."`

	PersistentConnections *uint64 `json:"persistentConnections" deprecated:"true" doc:"Use clients. Null if unknown."`

	Stats *StatsRow `json:"stats" doc:"Totals since the server was added or last zeroed. Null if unknown."`
	Rates *RatesRow `json:"rates" doc:"The kernel's estimates per second. Null if unknown."`

	Drained         *OutageRow `json:"drained" doc:"By whom and since when it is drained. Null if it is not."`
	TemporaryWeight *OutageRow `json:"temporaryWeight" doc:"What restores its weight later. Null if nothing does."`

	Director *DirectedStateRow `json:"director" doc:"What the director says that keeps it. Null if none does."`
}

// TunnelRow is an encapsulation.
type TunnelRow struct {
	Type           string  `json:"type" doc:"ipip, gue or gre."`
	Port           *uint16 `json:"port" doc:"The UDP port of gue. Null for the others."`
	Checksum       bool    `json:"checksum" doc:"The outer header has a checksum."`
	RemoteChecksum bool    `json:"remoteChecksum" doc:"The receiver computes the checksums (gue only)."`
}

// StatsRow are totals.
type StatsRow struct {
	Connections uint64 `json:"connections" doc:"Connections scheduled."`
	PacketsIn   uint64 `json:"packetsIn" doc:"Packets from clients."`
	PacketsOut  uint64 `json:"packetsOut" doc:"Packets to clients through the director; with direct or tunnel usually 0."`
	BytesIn     uint64 `json:"bytesIn" doc:"Bytes from clients."`
	BytesOut    uint64 `json:"bytesOut" doc:"Bytes to clients through the director; with direct or tunnel usually 0."`
}

// RatesRow are estimates per second.
type RatesRow struct {
	ConnectionsPerSecond uint64 `json:"connectionsPerSecond" doc:"Connections scheduled per second."`
	PacketsInPerSecond   uint64 `json:"packetsInPerSecond" doc:"Packets from clients per second."`
	PacketsOutPerSecond  uint64 `json:"packetsOutPerSecond" doc:"Like packetsOut, per second."`
	BytesInPerSecond     uint64 `json:"bytesInPerSecond" doc:"Bytes from clients per second."`
	BytesOutPerSecond    uint64 `json:"bytesOutPerSecond" doc:"Like bytesOut, per second."`
}

// The encoders below are written by hand: encoding/json takes several times as
// long. A test compares their bytes with what it makes of the row structs.

// appendService appends a service. After each server more may write the buffer
// and return an empty one: a service can have thousands.
func appendService(b []byte, n *node, missing gaps, more func([]byte) []byte) []byte {
	s := n.entry
	b = append(b, `{"id":"`...)
	b = s.ServiceID.Append(b)
	b = append(b, `","family":"`...)
	b = append(b, s.Family.String()...)
	if s.FWMark != 0 {
		b = append(b, `","protocol":null,"address":null,"port":null,"fwmark":`...)
		b = appendUint(b, uint64(s.FWMark))
	} else {
		b = append(b, `","protocol":"`...)
		b = append(b, s.Protocol.String()...)
		b = append(b, `","address":"`...)
		b = s.Addr.AppendTo(b)
		b = append(b, `","port":`...)
		b = appendUint(b, uint64(s.Port))
		b = append(b, `,"fwmark":null`...)
	}
	b = append(b, `,"scheduler":`...)
	b = appendString(b, s.Scheduler)
	b = append(b, `,"flags":`...)
	b = appendFlags(b, &s.Service, missing.public)
	b = append(b, `,"persistent":`...)
	b = appendSeconds(b, s.Persistence)
	b = append(b, `,"netmask":`...)
	b = appendStringOrNull(b, s.Netmask.Text(s.Family))
	b = append(b, `,"engine":`...)
	b = appendStringOrNull(b, s.Engine)
	b = append(b, `,"onePacket":`...)
	b = strconv.AppendBool(b, s.OnePacket)
	b = appendActivity(b, n.active, n.inactive, n.clients, &s.Stats, missing)
	b = append(b, `,"servers":[`...)
	for i := range n.servers {
		if i > 0 {
			b = append(b, ',')
		}
		b = more(n.appendServer(b, n.servers[i], missing))
	}
	return append(b, "]}"...)
}

// appendServer appends a server of the service.
func (n *node) appendServer(b []byte, s *kernel.ServerEntry, missing gaps) []byte {
	b = append(b, `{"service":"`...)
	b = n.entry.ServiceID.Append(b)
	b = append(b, `","id":"`...)
	b = s.Addr.AppendTo(b)
	b = append(b, `","family":"`...)
	b = append(b, kernel.FamilyOf(s.Addr.Addr()).String()...)
	b = append(b, `","address":"`...)
	b = s.Addr.Addr().AppendTo(b)
	b = append(b, `","port":`...)
	b = appendUint(b, uint64(s.Addr.Port()))
	b = append(b, `,"forward":"`...)
	b = append(b, s.Forward.String()...)
	b = append(b, `","weight":`...)
	b = strconv.AppendInt(b, int64(s.Weight), 10)
	if missing.public {
		b = append(b, `,"upper":null,"lower":null,"tunnel":null`...)
	} else {
		b = append(b, `,"upper":`...)
		b = appendUint(b, uint64(s.Upper))
		b = append(b, `,"lower":`...)
		b = appendUint(b, uint64(s.Lower))
		b = append(b, `,"tunnel":`...)
		b = appendTunnel(b, &s.Server)
	}
	b = appendActivity(b, uint64(s.Active), uint64(s.Inactive), uint64(s.Persistent), &s.Stats, missing)
	return append(appendDirected(appendOutages(b, n.outage(s)), n.directedState(s)), '}')
}

// appendActivity appends what services and servers have in common: connections
// now, totals and rates.
func appendActivity(b []byte, active, inactive, clients uint64, s *kernel.Stats, missing gaps) []byte {
	b = append(b, `,"active":`...)
	b = appendUint(b, active)
	b = append(b, `,"inactive":`...)
	b = appendUint(b, inactive)
	if missing.public {
		return append(b, `,"clients":null,"persistentConnections":null,"stats":null,"rates":null`...)
	}
	b = append(b, `,"clients":`...)
	b = appendUint(b, clients)
	b = append(b, `,"persistentConnections":`...)
	b = appendUint(b, clients)
	if missing.stopped {
		return append(b, `,"stats":null,"rates":null`...)
	}
	b = append(b, `,"stats":{"connections":`...)
	b = appendUint(b, s.Counters.Connections)
	b = append(b, `,"packetsIn":`...)
	b = appendUint(b, s.Counters.PacketsIn)
	b = append(b, `,"packetsOut":`...)
	b = appendUint(b, s.Counters.PacketsOut)
	b = append(b, `,"bytesIn":`...)
	b = appendUint(b, s.Counters.BytesIn)
	b = append(b, `,"bytesOut":`...)
	b = appendUint(b, s.Counters.BytesOut)
	b = append(b, `},"rates":{"connectionsPerSecond":`...)
	b = appendUint(b, s.Rates.Connections)
	b = append(b, `,"packetsInPerSecond":`...)
	b = appendUint(b, s.Rates.PacketsIn)
	b = append(b, `,"packetsOutPerSecond":`...)
	b = appendUint(b, s.Rates.PacketsOut)
	b = append(b, `,"bytesInPerSecond":`...)
	b = appendUint(b, s.Rates.BytesIn)
	b = append(b, `,"bytesOutPerSecond":`...)
	b = appendUint(b, s.Rates.BytesOut)
	return append(b, '}')
}

// appendFlags appends the names of the scheduler's flags.
func appendFlags(b []byte, s *kernel.Service, public bool) []byte {
	if public {
		return append(b, "null"...)
	}
	if s.SchedFlags == 0 {
		return append(b, "[]"...)
	}
	b = append(b, '[')
	for i, name := range s.SchedFlags.Names(s.Scheduler) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
	}
	return append(b, ']')
}

// appendTunnel appends the encapsulation, or null if the server has none.
func appendTunnel(b []byte, s *kernel.Server) []byte {
	if s.Forward != kernel.Tunneling {
		return append(b, "null"...)
	}
	b = append(b, `{"type":"`...)
	b = append(b, s.Tunnel.Type.String()...)
	b = append(b, `","port":`...)
	if s.Tunnel.Type == kernel.GUE {
		b = appendUint(b, uint64(s.Tunnel.Port))
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"checksum":`...)
	b = strconv.AppendBool(b, s.Tunnel.Flags&kernel.Checksum != 0)
	b = append(b, `,"remoteChecksum":`...)
	b = strconv.AppendBool(b, s.Tunnel.Flags&kernel.RemoteChecksum != 0)
	return append(b, '}')
}

// appendSeconds appends whole seconds. Zero means off, and is null.
func appendSeconds(b []byte, d time.Duration) []byte {
	if d == 0 {
		return append(b, "null"...)
	}
	return appendUint(b, uint64(d/time.Second))
}
