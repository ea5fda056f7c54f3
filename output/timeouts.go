package output

import (
	"time"

	"lvs/kernel"
)

// TimeoutsRow are the timeouts of connection states.
type TimeoutsRow struct {
	TCP    uint64 `json:"tcp" doc:"Seconds an idle established TCP connection is kept."`
	TCPFin uint64 `json:"tcpFin" doc:"Seconds a TCP connection is kept after a FIN."`
	UDP    uint64 `json:"udp" doc:"Seconds after the last UDP datagram."`
}

// Timeouts writes the three timeouts.
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
		col("tcpfin", "a TCP connection after a FIN", func(t *kernel.Timeouts) time.Duration { return t.TCPFin }),
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

func wholeSeconds(d time.Duration) uint64 { return uint64(d / time.Second) }
