package output

import (
	"time"

	"lvs/kernel"
)

// Event is what a watch tells in one line: a change of the table or, with
// Traffic, what one interval brought.
type Event struct {
	Time time.Time
	// Initial is set for what was there when the watch began. It is told as if
	// it had just been added.
	Initial bool
	// Change is what changed. For an interval it names the service, and the
	// server, alone.
	Change
	// Traffic is nil for a change.
	Traffic *Traffic
}

// Traffic is what a service, or a server, did in an interval.
type Traffic struct {
	// Active and Inactive are the connections at its end.
	Active, Inactive uint64
	// Elapsed is how long it really took.
	Elapsed time.Duration
	// Counted is what was counted in it. Nil is not known: the counters were set
	// to zero, begin with a new object, or are not up to date.
	Counted *kernel.Counters
	// Blind is set where answers do not pass the director, as a rule: zero
	// outbound is not known then.
	Blind bool

	// stats are Counted and the same per second, once the event is written.
	stats kernel.Stats
}

// opRates is the word for an interval, where a change has what was done.
const opRates = "rates"

// EventRow is what a watch tells.
type EventRow struct {
	Time    string       `json:"time" doc:"When it was seen, UTC."`
	Initial bool         `json:"initial" doc:"It was there when the watch began, and is told as if it had just been added."`
	Op      string       `json:"op" doc:"What was done; rates tells what an interval brought." enum:"add-service,edit-service,delete-service,add-server,edit-server,delete-server,set-timeouts,start-sync-master,start-sync-backup,stop-sync-master,stop-sync-backup,rates"`
	Service *string      `json:"service" doc:"The service's id. Null when it concerns none."`
	Server  *string      `json:"server" doc:"The server's id. Null when it concerns the service itself."`
	Before  *SettingsRow `json:"before" doc:"The configuration before. Null when there was none, and for rates."`
	After   *SettingsRow `json:"after" doc:"The configuration after. Null when there is none, and for rates."`
	Traffic *TrafficRow  `json:"traffic" doc:"What the interval brought. Null for a change."`
}

// TrafficRow is what an interval brought.
type TrafficRow struct {
	Active   uint64    `json:"active" doc:"Established connections at its end."`
	Inactive uint64    `json:"inactive" doc:"Connections in any other state at its end."`
	Elapsed  float64   `json:"elapsed" doc:"Seconds that it took."`
	Counted  *StatsRow `json:"counted" doc:"What was counted in it. Null when not known: the counters were set to zero or are not up to date, or the object is new."`
	Rates    *RatesRow `json:"rates" doc:"The same per second, rounded. Null when not known."`
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

// divide fills in the rates, rounded, where they are known.
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

// EventStream writes events as they come. Nothing is held back beyond a Flush
// but a document that must be whole: JSON with jq or a template, and YAML.
type EventStream struct {
	tests []*test[Event]
	rows  rowWriter[Event]
	doc   *document
	err   error
}

// Events begins a list of events; rates tells whether intervals are among them.
// An error of the options comes before anything is written.
func (p *Printer) Events(rates bool) (*EventStream, error) {
	k := eventKind(rates)
	conditions, err := tests(p, &k)
	if err != nil {
		return nil, err
	}
	if p.o.Sort != "" {
		return nil, usage("sort key %q: events come in the order in which they are seen", p.o.Sort)
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
			t.widths[i] = c.room
		}
	}
	return s, nil
}

// Add writes one event. It keeps nothing of e.
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

// Flush hands over what was added.
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
