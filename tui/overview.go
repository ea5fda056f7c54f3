package tui

import (
	"fmt"
	"strconv"
	"strings"

	"lvs/kernel"
	"lvs/output"
)

// overview shows the whole table in a few lines, above the services.
type overview struct{ *services }

func (s *overview) crumb() string { return "overview" }

func (s *overview) view(m *Model, w, h int) []line {
	panel := m.summary(w, h)
	s.table.y = len(panel)
	return append(panel, s.table.view(&m.g, w, h-len(panel))...)
}

// summary takes no more than a third of the height.
func (m *Model) summary(w, h int) []line {
	o := m.hist.objects[kernel.ServerKey{}]
	public := m.sample.Public
	if h < 14 || w < 60 {
		l := text(dim, "conn/s ").add(bold, m.rate(o.rates.connections, public)).add(dim, " act ").add(bold, countText(o.active)).add(plain, " ")
		if room := w - l.width(); room > 0 && !public {
			l = l.add(cyan, spark(&m.g, m.hist.series(o, room, connectionsOf), room))
		}
		return []line{l}
	}
	var inactive, persistent uint64
	for i := range m.sample.Services {
		for _, v := range m.sample.Services[i].Servers {
			inactive += uint64(v.Inactive)
			persistent += uint64(v.Persistent)
		}
	}
	pic := w - 46
	rate := func(name string, in, out float64, both bool, of func(point) half) line {
		l := text(dim, fit(&m.g, name, 14, true)).add(bold, fit(&m.g, m.rate(in, public), 6, false))
		if both {
			l = l.add(dim, " in ").add(bold, fit(&m.g, m.rate(out, public), 6, false)).add(dim, " out ")
		}
		l = l.pad(37)
		if !public {
			l = l.add(cyan, spark(&m.g, m.hist.series(o, pic, of), pic))
		}
		return l
	}
	lines := []line{
		rate("connections/s", o.rates.connections, 0, false, connectionsOf),
		rate("packets/s", o.rates.packetsIn, o.rates.packetsOut, true, packetsOf),
		rate("bytes/s", o.rates.bytesIn, o.rates.bytesOut, true, bytesOf),
		text(dim, fit(&m.g, "connections", 14, true)).add(bold, fit(&m.g, countText(o.active), 6, false)).add(dim, " active ").
			add(bold, countText(inactive)).add(dim, " inactive ").add(bold, m.count(persistent, public)).add(dim, " persistent").
			add(plain, m.fill(o.active+inactive)),
		m.settings(),
	}
	if m.hist.based.IsZero() {
		return append(lines, nil)
	}
	return append(lines, text(dim, "counting since "+m.hist.based.Format("15:04:05")))
}

// fill tells how full the connection table is: what is in it and its buckets,
// of which each can hold several. Linux 7 says it, the size alone is known
// before.
func (m *Model) fill(known uint64) string {
	held, buckets := known, uint64(m.sample.Info.ConnTableSize)
	for _, s := range m.sample.slow.status {
		switch n := firstNumber(s.Value); s.Name {
		case "Conns":
			held = n
		case "Conn buckets":
			buckets = n
		}
	}
	if buckets == 0 {
		return ""
	}
	return fmt.Sprintf("  table %s/%s %s", countText(held), countText(buckets), percentText(float64(held)/float64(buckets)))
}

// firstNumber reads the number that a text begins with; without one it is 0.
func firstNumber(s string) uint64 {
	word, _, _ := strings.Cut(s, " ")
	n, _ := strconv.ParseUint(word, 10, 64)
	return n
}

// settings are timeouts and sync daemons.
func (m *Model) settings() line {
	s := m.sample.slow
	l := text(dim, fit(&m.g, "timeouts", 14, true))
	if s.timeouts == (kernel.Timeouts{}) {
		l = l.add(plain, "?")
	} else {
		l = l.add(plain, fmt.Sprintf("tcp %s  fin %s  udp %s", output.Duration(s.timeouts.TCP), output.Duration(s.timeouts.TCPFin), output.Duration(s.timeouts.UDP)))
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
