package output

import (
	"strconv"
	"time"
)

// directed is a line of a director's status: a service, or a server of it.
type directed struct {
	service *DirectedServiceRow
	server  *DirectedServerRow
}

// Director writes the state of a director: as a table its services and servers.
func (p *Printer) Director(d *DirectorRow) error {
	k := directorKind(p.o.Now)
	if !p.rowFormat() {
		return printOne(p, &k, directed{}, func(*directed) any { return d })
	}
	var lines []directed
	for i := range d.Services {
		s := &d.Services[i]
		lines = append(lines, directed{service: s})
		for j := range s.Servers {
			lines = append(lines, directed{s, &s.Servers[j]})
		}
	}
	return printList(p, &k, lines, func(*directed) any { return nil })
}

// DirectedServers writes servers of a director, of any services.
func (p *Printer) DirectedServers(rows []DirectedServerRow) error {
	k := directedServerKind(p.o.Now)
	lines := make([]directed, len(rows))
	for i := range rows {
		lines[i].server = &rows[i]
	}
	return printList(p, &k, lines, func(l *directed) any { return l.server })
}

func directorKind(now func() time.Time) kind[directed] {
	k := directedKind("DirectorStatus", now)
	k.plain = []string{"service", "server", "admin", "health", "since", "weight", "weightWanted", "why", "last"}
	k.wide = k.keys()
	return k
}

func directedServerKind(now func() time.Time) kind[directed] {
	k := directedKind("DirectedServerList", now)
	k.plain = []string{"service", "server", "admin", "health", "since", "weight", "weightWanted", "why", "last"}
	k.wide = k.keys()
	return k
}

func directedKind(name string, now func() time.Time) kind[directed] {
	if now == nil { // only the names of the columns are wanted
		now = time.Now
	}
	k := kind[directed]{name: name, columns: []column[directed]{
		{key: "service", help: "the virtual service",
			text: func(b []byte, l *directed) []byte {
				if l.server != nil {
					return append(b, l.server.Service...)
				}
				return append(b, l.service.Service...)
			},
			hide: func(l *directed) bool { return l.server != nil && l.service != nil }},
		serverText("server", "the real server", func(r *DirectedServerRow) string { return r.Server }),
		serverText("admin", "ready, drain or maintenance: what an admin decided",
			func(r *DirectedServerRow) string { return r.Admin }),
		{key: "health", help: "up, down or unknown: what the checks found", text: appendHealth},
		clockColumn("since", "since when", now, func(l *directed) *string {
			if l.server != nil {
				return l.server.Since
			}
			return l.service.Since
		}),
		{key: "weight", help: "the weight in the table, of a service the sum", number: weightInForce},
		wantedColumn(),
		serverNumber("declared", "the weight in the file",
			func(r *DirectedServerRow) (int, bool) { return r.Declared, true }),
		{key: "why", help: "why it has the wanted weight", text: appendWhy},
		serverText("last", "the last result of its checks", func(r *DirectedServerRow) string { return r.ResultText() }),
		clockColumn("next", "when it is checked again", now, func(l *directed) *string { return l.nextCheck() }),
		clockColumn("changes", "when time alone changes the weight", now, func(l *directed) *string {
			if l.server == nil {
				return nil
			}
			return l.server.Changes
		}),
		clockColumn("adminUntil", "when the decision of the admin ends", now, func(l *directed) *string {
			if l.server == nil {
				return nil
			}
			return l.server.AdminUntil
		}),
		serverText("by", "who decided it", func(r *DirectedServerRow) string { return deref(r.By) }),
		serverText("adminReason", "the reason that the admin wrote",
			func(r *DirectedServerRow) string { return deref(r.AdminReason) }),
		serverNumber("flaps", "changes of the health in the last hour",
			func(r *DirectedServerRow) (int, bool) { return r.Flaps, true }),
		serverNumber("tier", "0 is the first choice", func(r *DirectedServerRow) (int, bool) { return r.Tier, true }),
	}}
	k.appendName = func(b []byte, l *directed) []byte {
		if l.server == nil {
			return append(b, l.service.Service...)
		}
		return append(append(append(b, l.server.Service...), ' '), l.server.Server...)
	}
	k.style = directedStyle
	return k
}

func serverText(key, help string, of func(*DirectedServerRow) string) column[directed] {
	return column[directed]{key: key, help: help, text: func(b []byte, l *directed) []byte {
		if l.server == nil {
			return b
		}
		return append(b, of(l.server)...)
	}}
}

func serverNumber(key, help string, of func(*DirectedServerRow) (int, bool)) column[directed] {
	return column[directed]{key: key, help: help, number: func(l *directed) (uint64, bool) {
		if l.server == nil {
			return 0, false
		}
		n, ok := of(l.server)
		return uint64(max(n, 0)), ok
	}}
}

func wantedColumn() column[directed] {
	c := serverNumber("weightWanted", "the weight that it should have now", func(r *DirectedServerRow) (int, bool) {
		if r.WeightWanted == nil {
			return 0, false
		}
		return *r.WeightWanted, true
	})
	c.heading, c.aliases = "WANTED", []string{"wanted"}
	return c
}

// clockColumn shows a time of today as a clock, others with their date.
func clockColumn(key, help string, now func() time.Time, of func(*directed) *string) column[directed] {
	return column[directed]{key: key, help: help, text: func(b []byte, l *directed) []byte {
		return appendClock(b, of(l), now())
	}}
}

// appendClock appends the time of a row in the local zone. Nil is nothing.
func appendClock(b []byte, text *string, now time.Time) []byte {
	if text == nil {
		return b
	}
	t, err := time.Parse(time.RFC3339Nano, *text)
	if err != nil {
		return append(b, *text...)
	}
	t = t.In(now.Location())
	if y, m, d := t.Date(); y == now.Year() && m == now.Month() && d == now.Day() {
		return t.AppendFormat(b, time.TimeOnly)
	}
	return t.AppendFormat(b, "2006-01-02T15:04:05")
}

func appendHealth(b []byte, l *directed) []byte {
	switch {
	case l.server == nil:
		return append(b, l.service.State...)
	case !l.server.Checked:
		return b
	}
	return append(b, l.server.Health...)
}

func weightInForce(l *directed) (uint64, bool) {
	switch {
	case l.server == nil:
		return uint64(max(l.service.Weight, 0)), true
	case l.server.Weight == nil:
		return 0, false
	}
	return uint64(max(*l.server.Weight, 0)), true
}

func appendWhy(b []byte, l *directed) []byte {
	if l.server != nil {
		return append(b, l.server.WhyText()...)
	}
	return append(b, l.service.WhyText()...)
}

// WhyText returns in words how many servers the service has, and what it needs.
func (r *DirectedServiceRow) WhyText() string {
	text := strconv.Itoa(r.Healthy) + " of " + strconv.Itoa(r.All) + " servers healthy"
	switch {
	case r.State == "down" && r.ByWeight:
		text += ", up from a weight of " + strconv.FormatInt(r.UpFrom, 10)
	case r.State == "down":
		text += ", up from " + strconv.FormatInt(r.UpFrom, 10)
	}
	if r.Tier > 0 {
		text += ", tier " + strconv.Itoa(r.Tier) + " in use"
	}
	if r.FallbackInUse {
		text += ", fallback in use"
	}
	return text
}

// nextCheck returns the earliest time of a next check.
func (l *directed) nextCheck() *string {
	if l.server == nil {
		return nil
	}
	var next *string
	for i := range l.server.Checks {
		if n := l.server.Checks[i].Next; n != nil && (next == nil || *n < *next) {
			next = n
		}
	}
	return next
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func directedStyle(l *directed, key string) Style {
	switch {
	case key == "admin" && l.server != nil && l.server.Admin != "ready":
		return Yellow
	case key != "health":
		return NoStyle
	}
	state := ""
	if l.server != nil {
		state = l.server.Health
	} else {
		state = l.service.State
	}
	switch {
	case l.server != nil && l.server.Suspect:
		return Yellow
	case state == "up":
		return Green
	case state == "down":
		return Red
	}
	return NoStyle
}
