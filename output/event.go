package output

import (
	"net/netip"
	"slices"
	"time"

	"lvs/kernel"
)

// Event is one line of a watch: a change of the table or, with Traffic, the
// traffic of one interval.
type Event struct {
	Time time.Time
	// Initial is set for an object that existed when the watch began. It is shown
	// as if it had just been added.
	Initial bool
	// Change is what changed. For an interval it only names the service and the
	// server.
	Change
	// Traffic is nil for a change.
	Traffic *Traffic
}

// Traffic is the traffic of a service or a server in an interval.
type Traffic struct {
	// Active and Inactive are the connections at the end of the interval.
	Active, Inactive uint64
	// Elapsed is the real length of the interval.
	Elapsed time.Duration
	// Counted is the traffic counted in it. Nil is unknown: the counters were set
	// to zero, belong to a new object, or are not up to date.
	Counted *kernel.Counters
	// Blind is set if replies usually do not pass the director: outbound counters
	// that are 0 are unknown then.
	Blind bool

	// stats holds Counted and its rates once the event is written.
	stats kernel.Stats
}

// opRates is the op of an interval.
const opRates = "rates"

// EventRow is one line of a watch.
type EventRow struct {
	Time    string       `json:"time" doc:"When it was seen, in UTC."`
	Initial bool         `json:"initial" doc:"It existed when the watch began; it is shown as if just added."`
	Op      string       `json:"op" doc:"What was done; rates for the traffic of an interval." enum:"event"`
	Service *string      `json:"service" doc:"The service's id. Null if it concerns none."`
	Server  *string      `json:"server" doc:"The server's id. Null if it concerns the service itself."`
	Before  *SettingsRow `json:"before" doc:"The configuration before. Null if there was none, and for rates."`
	After   *SettingsRow `json:"after" doc:"The configuration after. Null if there is none, and for rates."`
	Traffic *TrafficRow  `json:"traffic" doc:"The traffic of the interval. Null for a change."`
}

// TrafficRow is the traffic of an interval.
type TrafficRow struct {
	Active   uint64    `json:"active" doc:"Established connections at its end."`
	Inactive uint64    `json:"inactive" doc:"Connections in any other state at its end."`
	Elapsed  float64   `json:"elapsed" doc:"Its length in seconds."`
	Counted  *StatsRow `json:"counted" doc:"Counted in it. Null if unknown: counters zeroed, late, stopped; a new object."`
	Rates    *RatesRow `json:"rates" doc:"The same per second, rounded. Null if unknown."`
}

func (e *Event) op() string {
	if e.Traffic != nil {
		return opRates
	}
	return e.Change.op()
}

func (e *Event) row() EventRow {
	change := e.Change.row()
	row := EventRow{
		Time: e.Time.UTC().Format(time.RFC3339Nano), Initial: e.Initial, Op: e.op(),
		Service: change.Service, Server: change.Server, Before: change.Before, After: change.After,
	}
	if t := e.Traffic; t != nil {
		row.Traffic = &TrafficRow{Active: t.Active, Inactive: t.Inactive, Elapsed: t.Elapsed.Seconds()}
		if t.Counted != nil {
			r := t.stats.Rates
			row.Traffic.Counted = (*StatsRow)(t.Counted)
			row.Traffic.Rates = &RatesRow{r.Connections, r.PacketsIn, r.PacketsOut, r.BytesIn, r.BytesOut}
		}
	}
	return row
}

// divide computes the rates, rounded, if they are known.
func (t *Traffic) divide() {
	if t == nil || t.Counted == nil {
		return
	}
	c := *t.Counted
	t.stats = kernel.Stats{Counters: c, Rates: kernel.Rates{
		Connections: t.perSecond(c.Connections),
		PacketsIn:   t.perSecond(c.PacketsIn), PacketsOut: t.perSecond(c.PacketsOut),
		BytesIn: t.perSecond(c.BytesIn), BytesOut: t.perSecond(c.BytesOut),
	}}
}

func (t *Traffic) perSecond(n uint64) uint64 {
	return uint64(float64(n)/t.Elapsed.Seconds() + 0.5)
}

// EventStream writes events as they come. A Flush writes all that was added, unless
// the document must be whole: JSON with jq or a template, and YAML.
type EventStream struct {
	tests []*test[Event]
	rows  rowWriter[Event]
	doc   *document
	err   error
}

// Events begins a list of events, with columns for intervals if rates is set. An
// error of the options comes before anything is written.
func (p *Printer) Events(rates bool) (*EventStream, error) {
	k := eventKind(rates)
	conditions, err := tests(p, &k)
	if err != nil {
		return nil, err
	}
	if p.o.Sort != "" {
		return nil, usage("invalid sort key %q: events are written as they are seen", p.o.Sort)
	}
	s := &EventStream{tests: conditions}
	if !p.rowFormat() {
		s.doc = p.document(k.name, false)
		return s, nil
	}
	if s.rows, err = rows(p, &k); err != nil {
		return nil, err
	}
	if t, ok := s.rows.(*table[Event]); ok {
		t.window = streamWindow
		for i, c := range t.columns {
			t.widths[i] = c.minWidth
		}
	}
	return s, nil
}

// Add writes one event. It does not keep e.
func (s *EventStream) Add(e *Event) error {
	e.Traffic.divide()
	switch {
	case s.err != nil || !allHold(s.tests, e):
	case s.rows != nil:
		s.err = s.rows.row(e)
	default:
		s.err = s.doc.value(e.row())
	}
	return s.err
}

// Flush writes what was added.
func (s *EventStream) Flush() error {
	switch {
	case s.err != nil:
	case s.rows != nil:
		s.err = s.rows.flush()
	case !s.doc.whole:
		s.err = s.doc.sink.flush()
	}
	return s.err
}

// Close ends the list.
func (s *EventStream) Close() error {
	switch {
	case s.err != nil:
	case s.rows != nil:
		s.err = s.rows.flush()
	default:
		s.err = s.doc.close()
	}
	return s.err
}

// eventTime is RFC 3339 with milliseconds: no watch reads the table more often.
const eventTime = "2006-01-02T15:04:05.000Z07:00"

// eventKind has columns that are wide enough from the start for most tables: the
// first lines are written before the next are known.
func eventKind(rates bool) kind[Event] {
	k := kind[Event]{name: "EventList", columns: []column[Event]{
		{key: "time", help: "when it was seen", minWidth: len(eventTime) - len("07:00"),
			text: func(b []byte, e *Event) []byte { return e.Time.AppendFormat(b, eventTime) }},
		{key: "op", help: "what was done; rates for an interval", canon: oneOf(enum("event")...),
			minWidth: len("start-sync-master"),
			text:     func(b []byte, e *Event) []byte { return append(b, e.op()...) }},
	}}
	for _, c := range changeKind().columns {
		switch c.key {
		case "service", "server", "before", "after":
			k.columns = append(k.columns, ofChange(&c))
		}
	}
	k.columns = append(k.columns,
		column[Event]{key: "initial", help: "true if it existed when the watch began", canon: oneOf("true"),
			text: func(b []byte, e *Event) []byte {
				if !e.Initial {
					return b
				}
				return append(b, "true"...)
			}},
		ofInterval("active", "established connections", func(t *Traffic) uint64 { return t.Active }),
		ofInterval("inactive", "connections in any other state", func(t *Traffic) uint64 { return t.Inactive }),
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
			return Red // something was deleted
		}
		return Bold
	}
	return k
}

// ofChange returns the column of a change for events.
func ofChange(c *column[Change]) column[Event] {
	out := column[Event]{key: c.key, heading: c.heading, aliases: c.aliases, help: c.help, canon: c.canon,
		text: func(b []byte, e *Event) []byte { return c.text(b, &e.Change) }}
	switch c.key {
	case "service":
		out.minWidth = len("tcp://192.0.2.100:443")
		out.part = func(value string) (func(*Event) bool, bool) {
			return addressPart(value, func(e *Event) netip.Addr { return e.Service.Addr })
		}
	case "server":
		out.minWidth = len("10.0.0.100:8080")
		out.canon = canonEndpoint
		out.part = func(value string) (func(*Event) bool, bool) {
			return addressPart(value, func(e *Event) netip.Addr { return e.Server.Addr() })
		}
	case "before":
		out.minWidth, out.ragged = len("weight=100"), true
	}
	return out
}

// ofInterval returns the column of a number at the end of an interval.
func ofInterval(key, help string, of func(*Traffic) uint64) column[Event] {
	return column[Event]{key: key, help: help, number: func(e *Event) (uint64, bool) {
		if e.Traffic == nil {
			return 0, false
		}
		return of(e.Traffic), true
	}}
}

// ofTraffic returns the column of a statistic for events.
func ofTraffic(c statColumn) column[Event] {
	return column[Event]{key: c.key, heading: c.heading, aliases: []string{c.old}, help: c.help,
		unit: scaled, minWidth: len("10.5K"), number: func(e *Event) (uint64, bool) {
			t := e.Traffic
			if t == nil || t.Counted == nil {
				return 0, false
			}
			n := c.value(&t.stats)
			return n, n > 0 || !c.outbound || !t.Blind
		}}
}
