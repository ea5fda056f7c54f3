package output

import (
	"net/netip"
	"slices"
	"time"

	"lvs/kernel"
)

func serviceKind(v View) kind[line] {
	k := kind[line]{name: "ServiceList", directed: v == Plain, columns: lineColumns(), appendName: appendLineName,
		style: lineStyle}
	k.columns[0].aliases = []string{"id"} // what the JSON calls it in a service
	k.plain = []string{"service", "server", "scheduler", "forward", "weight", "active", "inactive"}
	k.wide = append(k.plain[:7:7], "persistent", "netmask", "engine", "flags", "upper", "lower", "clients", "tunnel",
		"drained")
	if v != Plain {
		k.plain = append([]string{"service", "server"}, counterKeys(v)...)
		k.wide = k.plain
	}
	return k
}

// serverKind is the servers of one service, with the columns that servers have.
func serverKind(v View) kind[line] {
	k := kind[line]{name: "ServerList", directed: v == Plain, appendName: appendLineName, style: lineStyle}
	for _, c := range lineColumns() {
		if c.key == "service" || !ofService(c.key) {
			k.columns = append(k.columns, c)
		}
	}
	k.columns[1].aliases = []string{"id"} // what the JSON calls it in a server
	k.plain = []string{"server", "forward", "weight", "active", "inactive"}
	k.wide = append(k.plain[:5:5], "upper", "lower", "clients", "tunnel", "drained")
	if v != Plain {
		k.plain = append([]string{"server"}, counterKeys(v)...)
		k.wide = k.plain
	}
	return k
}

// counterKeys returns the keys of the statistics that a view shows.
func counterKeys(v View) []string {
	if v == Rates {
		return []string{"connectionsPerSecond", "packetsInPerSecond", "packetsOutPerSecond",
			"bytesInPerSecond", "bytesOutPerSecond"}
	}
	return []string{"connections", "packetsIn", "packetsOut", "bytesIn", "bytesOut"}
}

// ofService reports whether a column belongs to the service alone.
func ofService(key string) bool {
	switch key {
	case "service", "scheduler", "persistent", "netmask", "engine", "flags":
		return true
	}
	return false
}

func inServerRow(l *line) bool  { return l.server != nil }
func inServiceRow(l *line) bool { return l.server == nil }

func lineColumns() []column[line] {
	return slices.Concat(identityColumns(), plainColumns(), persistenceColumns(), thresholdColumns(),
		[]column[line]{weightBefore()}, outageColumns((*line).outage, inServiceRow), directedColumns(),
		counterColumns())
}

// identityColumns name the service and the server.
func identityColumns() []column[line] {
	return []column[line]{
		{key: "service", help: "the virtual service", hide: inServerRow,
			text:    func(b []byte, l *line) []byte { return l.node.entry.ServiceID.Append(b) },
			compare: func(a, b *line) int { return a.node.entry.ServiceID.Compare(b.node.entry.ServiceID) },
			canon:   canonService, part: func(value string) (func(*line) bool, bool) {
				return addressPart(value, func(l *line) netip.Addr { return l.node.entry.Addr })
			}},
		{key: "server", help: "the real server", hide: inServiceRow,
			text:    ofServer(func(b []byte, s *kernel.ServerEntry) []byte { return s.Addr.AppendTo(b) }),
			compare: compareServers,
			canon:   canonEndpoint, part: func(value string) (func(*line) bool, bool) {
				return addressPart(value, func(l *line) netip.Addr {
					if l.server == nil {
						return netip.Addr{}
					}
					return l.server.Addr.Addr()
				})
			}},
	}
}

// plainColumns are shown in every list: how a service schedules, and what its
// servers have.
func plainColumns() []column[line] {
	return []column[line]{
		{key: "scheduler", help: "the scheduler", hide: inServerRow,
			text: ofEntry(func(b []byte, s *kernel.ServiceEntry) []byte { return append(b, s.Scheduler...) })},
		{key: "forward", help: "the forwarding method", hide: inServiceRow, canon: canonForward,
			text: ofServer(func(b []byte, s *kernel.ServerEntry) []byte { return append(b, s.Forward.String()...) })},
		{key: "weight", help: "the share of new connections", hide: inServiceRow,
			number: func(l *line) (uint64, bool) {
				if l.server == nil {
					return 0, false
				}
				return uint64(l.server.Weight), true
			}},
		{key: "active", help: "established connections", number: func(l *line) (uint64, bool) {
			if l.server == nil {
				return l.node.active, true
			}
			return uint64(l.server.Active), true
		}},
		{key: "inactive", help: "connections in any other state", number: func(l *line) (uint64, bool) {
			if l.server == nil {
				return l.node.inactive, true
			}
			return uint64(l.server.Inactive), true
		}},
	}
}

// persistenceColumns are the other settings of a service.
func persistenceColumns() []column[line] {
	return []column[line]{
		{key: "persistent", help: "how long a client stays on its server", hide: inServerRow, unit: seconds,
			unknown: unknownOfService, number: func(l *line) (uint64, bool) {
				d := l.node.entry.Persistence
				return uint64(d / time.Second), l.server == nil && d > 0
			}},
		{key: "netmask", help: "the client mask of persistence", hide: inServerRow, unknown: unknownOfService,
			canon: canonNetmask,
			text: ofEntry(func(b []byte, s *kernel.ServiceEntry) []byte {
				return append(b, s.Netmask.Text(s.Family)...)
			})},
		{key: "engine", help: "the persistence engine", hide: inServerRow, unknown: unknownOfService,
			canon: canonEngine,
			text:  ofEntry(func(b []byte, s *kernel.ServiceEntry) []byte { return append(b, s.Engine...) })},
		{key: "flags", help: "scheduler flags, and ops", hide: inServerRow, unknown: unknownOfService,
			canon: canonFlags,
			text: func(b []byte, l *line) []byte {
				if l.server != nil {
					return b
				}
				if b = appendFlagNames(b, l.node.entry); l.public && l.node.entry.OnePacket {
					b = append(b, ",?"...) // the scheduler's are unknown
				}
				return b
			}},
	}
}

// thresholdColumns are the other settings of a server, and the clients bound to it.
func thresholdColumns() []column[line] {
	return []column[line]{
		{key: "upper", help: "no new connections from this number on", hide: inServiceRow, unknown: unknownOfServer,
			number: threshold(func(s *kernel.ServerEntry) uint32 { return s.Upper })},
		{key: "lower", help: "new connections again below this number", hide: inServiceRow, unknown: unknownOfServer,
			number: threshold(func(s *kernel.ServerEntry) uint32 { return s.Lower })},
		{key: "clients", aliases: []string{"persistentConnections"}, help: "clients bound by persistence",
			unknown: func(l *line) bool { return l.public }, number: func(l *line) (uint64, bool) {
				if l.server == nil {
					return l.node.clients, !l.public
				}
				return uint64(l.server.Persistent), !l.public
			}},
		{key: "tunnel", help: "the encapsulation", hide: inServiceRow, canon: canonTunnel, part: gueOfAnyPort,
			text: func(b []byte, l *line) []byte {
				if l.public || l.server == nil || l.server.Forward != kernel.Tunneling {
					return b
				}
				return appendTunnelText(b, l.server.Tunnel)
			}, unknown: func(l *line) bool {
				return unknownOfServer(l) && l.server.Forward == kernel.Tunneling
			}},
	}
}

// unknownOfService reports whether the row is a service's of the public table,
// which leaves out most settings.
func unknownOfService(l *line) bool { return l.public && l.server == nil }

// unknownOfServer reports the same of a server's row.
func unknownOfServer(l *line) bool { return l.public && l.server != nil }

// weightBefore is the remembered weight of a server.
func weightBefore() column[line] {
	return column[line]{key: "weightBefore", heading: "BEFORE", help: "the weight that undrain restores",
		hide: inServiceRow, number: func(l *line) (uint64, bool) {
			o := l.outage()
			if o == nil {
				return 0, false
			}
			return uint64(max(o.Before, 0)), true
		}}
}

// counterColumns are the statistics. The director does not see the replies of
// servers behind direct routing or a tunnel, unless they run on the director or
// reply through it: outbound statistics that are 0 are shown as none there, and so
// are all statistics that are not up to date.
func counterColumns() []column[line] {
	var columns []column[line]
	for _, c := range statColumns() {
		columns = append(columns, column[line]{key: c.key, heading: c.heading, aliases: []string{c.old}, help: c.help,
			unit: scaled, unknown: func(l *line) bool { return l.public }, number: func(l *line) (uint64, bool) {
				switch {
				case l.public, l.stopped:
					return 0, false
				case l.server == nil:
					return c.value(&l.node.entry.Stats), true
				}
				n := c.value(&l.server.Stats)
				return n, n > 0 || !c.outbound || l.server.OutboundKnown()
			}})
	}
	return columns
}

// stack returns the kind with the servers below their service, in one column.
func stack(k *kind[line]) kind[line] {
	s := *k
	s.columns = slices.Clone(k.columns)
	without := func(key string) bool { return key == "server" }
	s.plain = slices.DeleteFunc(slices.Clone(k.plain), without)
	s.wide = slices.DeleteFunc(slices.Clone(k.wide), without)
	for i := range s.columns {
		if c := &s.columns[i]; c.key == "service" {
			c.hide = nil
			c.text = func(b []byte, l *line) []byte {
				if l.server == nil {
					return l.node.entry.ServiceID.Append(b)
				}
				return l.server.Addr.AppendTo(append(b, "  -> "...))
			}
		}
	}
	return s
}

// ofServer returns a column's text that only the rows of servers have.
func ofServer(text func([]byte, *kernel.ServerEntry) []byte) func([]byte, *line) []byte {
	return func(b []byte, l *line) []byte {
		if l.server == nil {
			return b
		}
		return text(b, l.server)
	}
}

// ofEntry returns a column's text that only the rows of services have.
func ofEntry(text func([]byte, *kernel.ServiceEntry) []byte) func([]byte, *line) []byte {
	return func(b []byte, l *line) []byte {
		if l.server != nil {
			return b
		}
		return text(b, l.node.entry)
	}
}

func threshold(value func(*kernel.ServerEntry) uint32) func(*line) (uint64, bool) {
	return func(l *line) (uint64, bool) {
		if l.server == nil || l.public {
			return 0, false
		}
		return uint64(value(l.server)), true
	}
}

func appendFlagNames(b []byte, s *kernel.ServiceEntry) []byte {
	start := len(b)
	if s.OnePacket {
		b = append(b, "ops"...)
	}
	if s.SchedFlags == 0 {
		return b
	}
	for _, name := range s.SchedFlags.Names(s.Scheduler) {
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(b, name...)
	}
	return b
}

// appendTunnelText writes ipip, gre/csum, gue:6080/remcsum.
func appendTunnelText(b []byte, t kernel.Tunnel) []byte {
	b = append(b, t.Type.String()...)
	if t.Type == kernel.GUE {
		b = appendUint(append(b, ':'), uint64(t.Port))
	}
	if t.Flags != kernel.NoChecksum {
		b = append(append(b, '/'), t.Flags.String()...)
	}
	return b
}

func compareServers(a, b *line) int {
	var x, y netip.AddrPort
	if a.server != nil {
		x = a.server.Addr
	}
	if b.server != nil {
		y = b.server.Addr
	}
	return x.Compare(y)
}

func appendLineName(b []byte, l *line) []byte {
	b = l.node.entry.ServiceID.Append(b)
	if l.server != nil {
		b = l.server.Addr.AppendTo(append(b, ' '))
	}
	return b
}

// lineStyle marks what gets no new connections: a service without capacity in
// red, a server of weight 0 dimmed and its weight in yellow.
func lineStyle(l *line, key string) Style {
	switch {
	case l.server == nil && key == "service":
		if !l.node.capacity {
			return Red
		}
		return Bold
	case l.server != nil && l.server.Weight > 0 && key == "weight" && l.outage() != nil && l.outage().Set == 0:
		return Red // drained, but someone else set a weight
	case l.server == nil || l.server.Weight > 0:
		return NoStyle
	case key == "weight":
		return Yellow
	}
	return Dim
}

// statColumn is a statistic, shared by services, servers, events and totals.
type statColumn struct {
	// key, heading and the older word all name it.
	key, heading, old string
	help              string
	// outbound is set if the director usually does not see it with direct routing
	// and tunnels.
	outbound bool
	value    func(*kernel.Stats) uint64
}

// statColumns are the totals, then the rates.
func statColumns() []statColumn {
	return []statColumn{
		{"connections", "CONNS", "conns", "connections", false,
			func(s *kernel.Stats) uint64 { return s.Counters.Connections }},
		{"packetsIn", "IN-PKTS", "inpkts", "packets from clients", false,
			func(s *kernel.Stats) uint64 { return s.Counters.PacketsIn }},
		{"packetsOut", "OUT-PKTS", "outpkts", "packets to clients", true,
			func(s *kernel.Stats) uint64 { return s.Counters.PacketsOut }},
		{"bytesIn", "IN-BYTES", "inbytes", "bytes from clients", false,
			func(s *kernel.Stats) uint64 { return s.Counters.BytesIn }},
		{"bytesOut", "OUT-BYTES", "outbytes", "bytes to clients", true,
			func(s *kernel.Stats) uint64 { return s.Counters.BytesOut }},
		{"connectionsPerSecond", "CONNS/S", "cps", "connections per second", false,
			func(s *kernel.Stats) uint64 { return s.Rates.Connections }},
		{"packetsInPerSecond", "IN-PKTS/S", "inpps", "packets from clients per second", false,
			func(s *kernel.Stats) uint64 { return s.Rates.PacketsIn }},
		{"packetsOutPerSecond", "OUT-PKTS/S", "outpps", "packets to clients per second", true,
			func(s *kernel.Stats) uint64 { return s.Rates.PacketsOut }},
		{"bytesInPerSecond", "IN-BYTES/S", "inbps", "bytes from clients per second", false,
			func(s *kernel.Stats) uint64 { return s.Rates.BytesIn }},
		{"bytesOutPerSecond", "OUT-BYTES/S", "outbps", "bytes to clients per second", true,
			func(s *kernel.Stats) uint64 { return s.Rates.BytesOut }},
	}
}
