package output

import (
	"net/netip"
	"slices"
)

// eventTime is RFC 3339 with milliseconds: no watch looks more often.
const eventTime = "2006-01-02T15:04:05.000Z07:00"

// eventKind has room from the start for what most tables need, because the
// first lines are written before the next are known.
func eventKind(rates bool) kind[Event] {
	k := kind[Event]{name: "EventList", columns: []column[Event]{
		{key: "time", help: "when it was seen", room: len(eventTime) - len("07:00"), text: func(b []byte, e *Event) []byte {
			return e.Time.AppendFormat(b, eventTime)
		}},
		{key: "op", help: "what was done; rates for an interval", room: len("start-sync-master"), text: func(b []byte, e *Event) []byte {
			return append(b, e.op()...)
		}},
	}}
	for _, c := range changeKind().columns {
		switch c.key {
		case "service", "server", "before", "after":
			k.columns = append(k.columns, ofChange(&c))
		}
	}
	k.columns = append(k.columns,
		column[Event]{key: "initial", help: "true: it was there from the start", text: func(b []byte, e *Event) []byte {
			if !e.Initial {
				return b
			}
			return append(b, "true"...)
		}},
		column[Event]{key: "active", help: "established connections", number: func(e *Event) (uint64, bool) {
			if e.Traffic == nil {
				return 0, false
			}
			return e.Traffic.Active, true
		}},
		column[Event]{key: "inactive", help: "connections in any other state", number: func(e *Event) (uint64, bool) {
			if e.Traffic == nil {
				return 0, false
			}
			return e.Traffic.Inactive, true
		}},
	)
	for _, c := range statColumns() {
		k.columns = append(k.columns, ofTraffic(c))
	}
	what, settings := []string{"time", "op", "service", "server"}, []string{"before", "after"}
	var traffic, counted []string
	if rates {
		traffic, counted = append([]string{"active", "inactive"}, counterKeys(Rates)...), counterKeys(Stats)
	}
	k.plain = slices.Concat(what, traffic, settings)
	k.wide = slices.Concat(what, []string{"initial"}, traffic, counted, settings)
	k.appendName = func(b []byte, e *Event) []byte { return appendChangeName(b, &e.Change) }
	k.style = func(e *Event, key string) Style {
		switch {
		case key != "op":
			return NoStyle
		case e.Traffic != nil || e.Initial:
			return Dim
		case e.AfterService == nil && e.AfterServer == nil && e.AfterDaemon == nil && e.AfterTimeouts == nil:
			return Red // something has gone
		}
		return Bold
	}
	return k
}

// ofChange is a change's column for events.
func ofChange(c *column[Change]) column[Event] {
	out := column[Event]{key: c.key, help: c.help, canon: c.canon,
		text: func(b []byte, e *Event) []byte { return c.text(b, &e.Change) }}
	switch c.key {
	case "service":
		out.room = len("tcp://192.0.2.100:443")
		out.part = func(value string) (func(*Event) bool, bool) {
			return addressPart(value, func(e *Event) netip.Addr { return e.Service.Addr })
		}
	case "server":
		out.room = len("10.0.0.100:8080")
		out.canon = canonEndpoint
		out.part = func(value string) (func(*Event) bool, bool) {
			return addressPart(value, func(e *Event) netip.Addr { return e.Server.Addr() })
		}
	case "before":
		out.room, out.ragged = len("weight=100"), true
	}
	return out
}

// ofTraffic is a statistic's column for events.
func ofTraffic(c statColumn) column[Event] {
	return column[Event]{key: c.key, help: c.help, unit: scaled, room: len("10.5K"), number: func(e *Event) (uint64, bool) {
		t := e.Traffic
		if t == nil || t.Counted == nil {
			return 0, false
		}
		n := c.value(&t.stats)
		return n, n > 0 || !c.outbound || !t.Blind
	}}
}
