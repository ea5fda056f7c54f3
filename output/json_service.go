package output

import (
	"strconv"
	"time"

	"lvs/kernel"
)

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
