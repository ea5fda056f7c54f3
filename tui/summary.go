package tui

import (
	"fmt"

	"lvs/kernel"
	"lvs/output"
)

// summary draws the summary of the whole table above the services.
func (m *Model) summary(w, h int) []line {
	o := m.hist.objects[kernel.ServerKey{}]
	t := m.wholeTraffic(o)
	if h < 14 || w < 60 {
		l := text(dim, "conns/s ").add(bold, m.rate(t.rates.Connections, &t)).
			add(dim, " active ").add(bold, countText(t.active)).add(plain, " ")
		if room := w - l.width(); room > 0 && !t.public {
			l = l.add(cyan, spark(&m.g, m.hist.series(o, room, connectionsOf), room))
		}
		return []line{l}
	}
	pic := w - 46
	rate := func(name string, in, out float64, both bool, of func(point) half) line {
		l := label(&m.g, name, 14).add(bold, fit(&m.g, m.rate(in, &t), 6, false))
		if both {
			l = l.add(dim, " in ").add(bold, fit(&m.g, m.rate(out, &t), 6, false)).add(dim, " out ")
		}
		l = l.pad(37)
		if !t.public {
			l = l.add(cyan, spark(&m.g, m.hist.series(o, pic, of), pic))
		}
		return l
	}
	lines := []line{
		rate("connections/s", t.rates.Connections, 0, false, connectionsOf),
		rate("packets/s", t.rates.PacketsIn, t.rates.PacketsOut, true, packetsOf),
		rate("bytes/s", t.rates.BytesIn, t.rates.BytesOut, true, bytesOf),
		label(&m.g, "connections", 14).add(bold, fit(&m.g, countText(t.active), 6, false)).add(dim, " active ").
			add(bold, countText(t.inactive)).add(dim, " inactive ").
			add(bold, m.count(t.persistent, t.public)).add(dim, " clients"),
		m.connTable(),
		m.settings(),
	}
	switch {
	case !m.hist.based.IsZero():
		return append(lines, text(dim, "counting since "+m.hist.based.Format("15:04:05")))
	case h < 20: // the rows are more important than an empty line
		return lines
	}
	return append(lines, nil)
}

// conns returns the state of the connection table. Only Linux 7 tells how many entries
// it has; before, the size of the hash table is fixed.
func (m *Model) conns() kernel.ConnTable {
	t := kernel.ConnTableOf(m.sample.slow.status, m.sample.slow.sysctls)
	if size := int64(m.sample.Info.ConnTableSize); t.Buckets < 0 && size > 0 {
		t.Buckets = size
	}
	return t
}

// connTable draws how many connections the table has, the limit of the kernel, and the
// size of the hash table, which is no limit.
func (m *Model) connTable() line {
	t := m.conns()
	l := label(&m.g, "table", 14)
	look := bold
	if t.AlmostFull() {
		look = bold | red
	}
	known := func(n int64) string {
		if n < 0 {
			return m.g.dash
		}
		return countText(uint64(n))
	}
	l = l.add(look, fit(&m.g, known(t.Used), 6, false)).add(dim, " entries")
	switch {
	case t.Max < 0:
		l = l.add(dim, ", no limit")
	case t.Used < 0 || t.Max == 0:
		l = l.add(dim, " of at most ").add(look, known(t.Max)).add(dim, " (conn_max)")
	default:
		l = l.add(dim, " of at most ").add(look, known(t.Max)).
			add(dim, fmt.Sprintf(" (conn_max, %s)", percentText(float64(t.Used)/float64(t.Max))))
	}
	if t.Buckets > 0 {
		l = l.add(dim, "   hash ").add(plain, known(t.Buckets)).add(dim, " buckets")
	}
	return l
}

// settings draws the timeouts and the sync daemons.
func (m *Model) settings() line {
	s := m.sample.slow
	l := label(&m.g, "timeouts", 14)
	if s.timeouts == (kernel.Timeouts{}) {
		l = l.add(plain, "?")
	} else {
		l = l.add(plain, fmt.Sprintf("tcp %s  fin %s  udp %s", output.Duration(s.timeouts.TCP),
			output.Duration(s.timeouts.TCPFin), output.Duration(s.timeouts.UDP)))
	}
	l = l.add(dim, "   sync ")
	switch {
	case s.daemons == nil:
		return l.add(plain, "?")
	case len(s.daemons) == 0:
		return l.add(plain, "off")
	}
	for i, d := range s.daemons {
		if i > 0 {
			l = l.add(plain, ", ")
		}
		l = l.add(plain, clean(fmt.Sprintf("%s on %s (id %d)", d.Role, d.Interface, d.ID)))
	}
	return l
}
