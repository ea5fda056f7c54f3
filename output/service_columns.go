package output

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"lvs/kernel"
)

func serviceKind(v View) kind[line] {
	k := kind[line]{name: "ServiceList", columns: lineColumns(), appendName: appendLineName, style: lineStyle}
	k.plain = []string{"service", "server", "scheduler", "forward", "weight", "active", "inactive"}
	k.wide = append(k.plain[:7:7], "persistent", "netmask", "engine", "flags", "upper", "lower", "clients", "tunnel")
	if v != Plain {
		k.plain = append([]string{"service", "server"}, counterKeys(v)...)
		k.wide = k.plain
	}
	return k
}

// serverKind is one service's servers: the columns that servers have.
func serverKind(v View) kind[line] {
	k := kind[line]{name: "ServerList", appendName: appendLineName, style: lineStyle}
	for _, c := range lineColumns() {
		if c.key == "service" || !ofService(c.key) {
			k.columns = append(k.columns, c)
		}
	}
	k.plain = []string{"server", "forward", "weight", "active", "inactive"}
	k.wide = append(k.plain[:5:5], "upper", "lower", "clients", "tunnel")
	if v != Plain {
		k.plain = append([]string{"server"}, counterKeys(v)...)
		k.wide = k.plain
	}
	return k
}

func counterKeys(v View) []string {
	if v == Rates {
		return []string{"cps", "inpps", "outpps", "inbps", "outbps"}
	}
	return []string{"conns", "inpkts", "outpkts", "inbytes", "outbytes"}
}

// ofService tells which columns belong to the service alone.
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
	return append([]column[line]{
		{key: "service", help: "the virtual service", text: func(b []byte, l *line) []byte { return l.node.entry.ServiceID.Append(b) },
			compare: func(a, b *line) int { return a.node.entry.ServiceID.Compare(b.node.entry.ServiceID) },
			canon:   canonService, hide: inServerRow, part: func(value string) (func(*line) bool, bool) {
				return addressPart(value, func(l *line) netip.Addr { return l.node.entry.Addr })
			}},
		{key: "server", help: "the real server", text: ofServer(func(b []byte, s *kernel.ServerEntry) []byte { return s.Addr.AppendTo(b) }),
			compare: compareServers, canon: canonEndpoint, hide: inServiceRow, part: func(value string) (func(*line) bool, bool) {
				return addressPart(value, func(l *line) netip.Addr {
					if l.server == nil {
						return netip.Addr{}
					}
					return l.server.Addr.Addr()
				})
			}},
		{key: "scheduler", help: "how a server is chosen", text: ofEntry(func(b []byte, s *kernel.ServiceEntry) []byte { return append(b, s.Scheduler...) }), hide: inServerRow},
		{key: "forward", help: "how packets reach the server", text: ofServer(func(b []byte, s *kernel.ServerEntry) []byte { return append(b, s.Forward.String()...) }), hide: inServiceRow},
		{key: "weight", help: "the server's share", number: func(l *line) (uint64, bool) {
			if l.server == nil {
				return 0, false
			}
			return uint64(l.server.Weight), true
		}, hide: inServiceRow},
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
		{key: "persistent", help: "how long a client stays with its server", unit: seconds, number: func(l *line) (uint64, bool) {
			d := l.node.entry.Persistence
			return uint64(d / time.Second), l.server == nil && d > 0
		}, hide: inServerRow, unknown: unknownOfService},
		{key: "netmask", help: "how clients are grouped for persistence", text: ofEntry(func(b []byte, s *kernel.ServiceEntry) []byte {
			return append(b, s.Netmask.Text(s.Family)...)
		}), hide: inServerRow, unknown: unknownOfService},
		{key: "engine", help: "the persistence engine", text: ofEntry(func(b []byte, s *kernel.ServiceEntry) []byte { return append(b, s.Engine...) }), hide: inServerRow, unknown: unknownOfService},
		{key: "flags", help: "the scheduler's flags, and ops", text: func(b []byte, l *line) []byte {
			if l.server != nil {
				return b
			}
			if b = appendFlagNames(b, l.node.entry); l.public && l.node.entry.OnePacket {
				b = append(b, ",?"...) // the scheduler's are not known
			}
			return b
		}, hide: inServerRow, unknown: unknownOfService},
		{key: "upper", help: "no new connections at this many", number: threshold(func(s *kernel.ServerEntry) uint32 { return s.Upper }), hide: inServiceRow, unknown: unknownOfServer},
		{key: "lower", help: "new connections again below this many", number: threshold(func(s *kernel.ServerEntry) uint32 { return s.Lower }), hide: inServiceRow, unknown: unknownOfServer},
		{key: "clients", help: "clients bound by persistence", number: func(l *line) (uint64, bool) {
			if l.server == nil {
				return l.node.persistent, !l.public
			}
			return uint64(l.server.Persistent), !l.public
		}, unknown: func(l *line) bool { return l.public }},
		{key: "tunnel", help: "the encapsulation", text: func(b []byte, l *line) []byte {
			if l.public || l.server == nil || l.server.Forward != kernel.Tunneling {
				return b
			}
			return appendTunnelText(b, l.server.Tunnel)
		}, hide: inServiceRow, unknown: func(l *line) bool {
			return unknownOfServer(l) && l.server.Forward == kernel.Tunneling
		}},
	}, counterColumns()...)
}

// unknownOfService and unknownOfServer tell which values of a row the public
// table leaves out.
func unknownOfService(l *line) bool { return l.public && l.server == nil }
func unknownOfServer(l *line) bool  { return l.public && l.server != nil }

// counterColumns are the statistics. The director does not see what servers
// behind direct routing or a tunnel answer, unless they are the director itself
// or answer through it: outbound has no value there as long as it is 0.
func counterColumns() []column[line] {
	var columns []column[line]
	for _, c := range statColumns() {
		columns = append(columns, column[line]{key: c.key, help: c.help, unit: scaled, number: func(l *line) (uint64, bool) {
			switch {
			case l.public:
				return 0, false
			case l.server == nil:
				return c.value(&l.node.entry.Stats), true
			}
			n := c.value(&l.server.Stats)
			blind := c.outbound && (l.server.Forward == kernel.Direct || l.server.Forward == kernel.Tunneling)
			return n, n > 0 || !blind
		}, unknown: func(l *line) bool { return l.public }})
	}
	return columns
}

// stack puts the servers below their service, in one column.
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

// ofServer makes a column's text that only servers' rows have.
func ofServer(text func([]byte, *kernel.ServerEntry) []byte) func([]byte, *line) []byte {
	return func(b []byte, l *line) []byte {
		if l.server == nil {
			return b
		}
		return text(b, l.server)
	}
}

// ofEntry makes a column's text that only services' rows have.
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

func canonService(s string) string {
	if id, err := kernel.ParseServiceID(s); err == nil {
		return id.String()
	}
	return s
}

func canonEndpoint(s string) string {
	if a, err := kernel.ParseAddrPort(s); err == nil {
		return a.String()
	}
	return s
}

// addressPart lets an address without a port stand for every port.
func addressPart[T any](value string, of func(*T) netip.Addr) (func(*T) bool, bool) {
	want, err := netip.ParseAddr(strings.Trim(value, "[]"))
	return func(r *T) bool { return of(r) == want }, err == nil
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

// lineStyle shows at a glance what takes no connections: a service without
// capacity in red, a server of weight 0 dimmed, its weight in yellow.
func lineStyle(l *line, key string) Style {
	switch {
	case l.server == nil && key == "service":
		if !l.node.capacity {
			return Red
		}
		return Bold
	case l.server == nil || l.server.Weight > 0:
		return NoStyle
	case key == "weight":
		return Yellow
	}
	return Dim
}

// statColumn is a statistic, shared by services, servers and totals.
type statColumn struct {
	key, help string
	// outbound is what the director mostly does not see behind direct routing and
	// tunnels.
	outbound bool
	value    func(*kernel.Stats) uint64
}

func statColumns() []statColumn {
	return []statColumn{
		{"conns", "connections scheduled", false, func(s *kernel.Stats) uint64 { return s.Counters.Connections }},
		{"inpkts", "packets from clients", false, func(s *kernel.Stats) uint64 { return s.Counters.PacketsIn }},
		{"outpkts", "packets to clients", true, func(s *kernel.Stats) uint64 { return s.Counters.PacketsOut }},
		{"inbytes", "bytes from clients", false, func(s *kernel.Stats) uint64 { return s.Counters.BytesIn }},
		{"outbytes", "bytes to clients", true, func(s *kernel.Stats) uint64 { return s.Counters.BytesOut }},
		{"cps", "connections per second", false, func(s *kernel.Stats) uint64 { return s.Rates.Connections }},
		{"inpps", "packets from clients per second", false, func(s *kernel.Stats) uint64 { return s.Rates.PacketsIn }},
		{"outpps", "packets to clients per second", true, func(s *kernel.Stats) uint64 { return s.Rates.PacketsOut }},
		{"inbps", "bytes from clients per second", false, func(s *kernel.Stats) uint64 { return s.Rates.BytesIn }},
		{"outbps", "bytes to clients per second", true, func(s *kernel.Stats) uint64 { return s.Rates.BytesOut }},
	}
}
