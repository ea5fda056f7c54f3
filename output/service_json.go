package output

import (
	"strconv"
	"time"

	"lvs/kernel"
)

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

// Hand-written encoders for the hot kinds: encoding/json takes several times as
// long. A test compares their bytes with encoding/json over the row structs.

// appendService writes a service. After each server more may take what is
// written so far and give an empty buffer: a service can have thousands.
func appendService(b []byte, n *node, public bool, more func([]byte) []byte) []byte {
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
	b = appendFlags(b, &s.Service, public)
	b = append(b, `,"persistent":`...)
	b = appendSeconds(b, s.Persistence)
	b = append(b, `,"netmask":`...)
	b = appendStringOrNull(b, s.Netmask.Text(s.Family))
	b = append(b, `,"engine":`...)
	b = appendStringOrNull(b, s.Engine)
	b = append(b, `,"onePacket":`...)
	b = strconv.AppendBool(b, s.OnePacket)
	b = appendActivity(b, n.active, n.inactive, n.persistent, &s.Stats, public)
	b = append(b, `,"servers":[`...)
	for i := range n.servers {
		if i > 0 {
			b = append(b, ',')
		}
		b = more(appendServer(b, &s.ServiceID, n.servers[i], public))
	}
	return append(b, "]}"...)
}

func appendServer(b []byte, id *kernel.ServiceID, s *kernel.ServerEntry, public bool) []byte {
	b = append(b, `{"service":"`...)
	b = id.Append(b)
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
	if public {
		b = append(b, `,"upper":null,"lower":null,"tunnel":null`...)
	} else {
		b = append(b, `,"upper":`...)
		b = appendUint(b, uint64(s.Upper))
		b = append(b, `,"lower":`...)
		b = appendUint(b, uint64(s.Lower))
		b = append(b, `,"tunnel":`...)
		b = appendTunnel(b, &s.Server)
	}
	b = appendActivity(b, uint64(s.Active), uint64(s.Inactive), uint64(s.Persistent), &s.Stats, public)
	return append(b, '}')
}

// appendActivity writes what services and servers have in common: connections
// now, totals and rates.
func appendActivity(b []byte, active, inactive, persistent uint64, s *kernel.Stats, public bool) []byte {
	b = append(b, `,"active":`...)
	b = appendUint(b, active)
	b = append(b, `,"inactive":`...)
	b = appendUint(b, inactive)
	if public {
		return append(b, `,"persistentConnections":null,"stats":null,"rates":null`...)
	}
	b = append(b, `,"persistentConnections":`...)
	b = appendUint(b, persistent)
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

// appendSeconds writes whole seconds; zero, which is off, as null.
func appendSeconds(b []byte, d time.Duration) []byte {
	if d == 0 {
		return append(b, "null"...)
	}
	return appendUint(b, uint64(d/time.Second))
}
