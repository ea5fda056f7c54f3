package output

import (
	"time"

	"lvs/kernel"
)

// TimeoutsRow are the timeouts of connection states.
type TimeoutsRow struct {
	TCP    uint64 `json:"tcp" doc:"Seconds after which an idle established TCP connection expires."`
	TCPFin uint64 `json:"tcpFin" doc:"Seconds after a FIN until a TCP connection expires."`
	UDP    uint64 `json:"udp" doc:"Seconds after the last UDP datagram until a connection expires."`
}

// Timeouts writes the timeouts.
func (p *Printer) Timeouts(t kernel.Timeouts) error {
	k := timeoutsKind()
	return printOne(p, &k, t, func(t *kernel.Timeouts) any {
		return timeoutsRow(t)
	})
}

func timeoutsRow(t *kernel.Timeouts) TimeoutsRow {
	return TimeoutsRow{TCP: wholeSeconds(t.TCP), TCPFin: wholeSeconds(t.TCPFin), UDP: wholeSeconds(t.UDP)}
}

func timeoutsKind() kind[kernel.Timeouts] {
	col := func(key, help string, of func(*kernel.Timeouts) time.Duration) column[kernel.Timeouts] {
		return column[kernel.Timeouts]{key: key, help: help, unit: seconds,
			number: func(t *kernel.Timeouts) (uint64, bool) { return wholeSeconds(of(t)), true }}
	}
	k := kind[kernel.Timeouts]{name: "Timeouts", columns: []column[kernel.Timeouts]{
		col("tcp", "an idle established TCP connection", func(t *kernel.Timeouts) time.Duration { return t.TCP }),
		col("tcpFin", "a TCP connection after a FIN", func(t *kernel.Timeouts) time.Duration { return t.TCPFin }),
		col("udp", "after the last UDP datagram", func(t *kernel.Timeouts) time.Duration { return t.UDP }),
	}}
	k.plain = k.keys()
	k.wide = k.plain
	k.appendName = func(b []byte, t *kernel.Timeouts) []byte {
		b = append(appendDuration(b, t.TCP), ' ')
		b = append(appendDuration(b, t.TCPFin), ' ')
		return appendDuration(b, t.UDP)
	}
	return k
}

// wholeSeconds returns a duration in seconds, cut.
func wholeSeconds(d time.Duration) uint64 { return uint64(d / time.Second) }

// DaemonRow is a daemon of connection synchronisation.
type DaemonRow struct {
	Role      string  `json:"role" doc:"master (sends connections) or backup (receives them)."`
	Interface string  `json:"interface" doc:"The network interface."`
	ID        uint8   `json:"id" doc:"Separates groups on one network, 0 to 255; a backup with 0 accepts all."`
	Group     *string `json:"group" doc:"The multicast address. Null is the default, 224.0.0.81."`
	Port      uint16  `json:"port" doc:"The UDP port; 0 is the default, 8848."`
	TTL       uint8   `json:"ttl" doc:"The multicast time to live; 0 is the default, 1."`
	MaxLen    uint16  `json:"maxLen" doc:"The longest sync message in bytes; 0 is what the interface allows."`
}

// Daemons writes the running sync daemons.
func (p *Printer) Daemons(d []kernel.Daemon) error {
	k := daemonKind()
	return printList(p, &k, d, func(d *kernel.Daemon) any {
		return daemonRow(d)
	})
}

func daemonRow(d *kernel.Daemon) DaemonRow {
	row := DaemonRow{Role: d.Role.String(), Interface: d.Interface, ID: d.ID, Port: d.Port, TTL: d.TTL,
		MaxLen: d.MaxLen}
	if d.Group.IsValid() {
		row.Group = new(d.Group.String())
	}
	return row
}

func daemonKind() kind[kernel.Daemon] {
	type daemon = kernel.Daemon
	number := func(key, help string, of func(*daemon) uint64) column[daemon] {
		return column[daemon]{key: key, help: help, number: func(d *daemon) (uint64, bool) { return of(d), of(d) != 0 }}
	}
	k := kind[daemon]{name: "DaemonList", columns: []column[daemon]{
		{key: "role", help: "master or backup",
			text: func(b []byte, d *daemon) []byte { return append(b, d.Role.String()...) }},
		{key: "interface", help: "the network interface",
			text: func(b []byte, d *daemon) []byte { return append(b, d.Interface...) }},
		{key: "id", help: "separates groups on one network",
			number: func(d *daemon) (uint64, bool) { return uint64(d.ID), true }},
		{key: "group", help: "the multicast address", text: func(b []byte, d *daemon) []byte {
			if !d.Group.IsValid() {
				return b
			}
			return d.Group.AppendTo(b)
		}, compare: func(a, b *daemon) int { return a.Group.Compare(b.Group) }},
		number("port", "the UDP port", func(d *daemon) uint64 { return uint64(d.Port) }),
		number("ttl", "the multicast time to live", func(d *daemon) uint64 { return uint64(d.TTL) }),
		number("maxLen", "the longest sync message in bytes", func(d *daemon) uint64 { return uint64(d.MaxLen) }),
	}}
	k.plain = k.keys()
	k.wide = k.plain
	return k
}

func statsRow(s *kernel.Stats) *StatsRow {
	c := s.Counters
	return &StatsRow{c.Connections, c.PacketsIn, c.PacketsOut, c.BytesIn, c.BytesOut}
}

func ratesRow(s *kernel.Stats) *RatesRow {
	r := s.Rates
	return &RatesRow{r.Connections, r.PacketsIn, r.PacketsOut, r.BytesIn, r.BytesOut}
}
