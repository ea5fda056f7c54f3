package output

import "time"

// DirectorEventStream writes events of a director as they come.
type DirectorEventStream struct {
	rows rowWriter[DirectorEventRow]
	test []*test[DirectorEventRow]
	doc  *document
	err  error
}

// DirectorEvents begins a list of events of a director. An error of the options comes
// before anything is written.
func (p *Printer) DirectorEvents() (*DirectorEventStream, error) {
	k := directorEventKind(p.o.Now)
	conditions, err := tests(p, &k)
	if err != nil {
		return nil, err
	}
	if p.o.Sort != "" {
		return nil, usage("invalid sort key %q: events are written in their order", p.o.Sort)
	}
	s := &DirectorEventStream{test: conditions}
	if !p.rowFormat() {
		s.doc = p.document(k.name, false)
		return s, nil
	}
	if s.rows, err = rows(p, &k); err != nil {
		return nil, err
	}
	if t, ok := s.rows.(*table[DirectorEventRow]); ok {
		t.window = streamWindow
		for i, c := range t.columns {
			t.widths[i] = c.minWidth
		}
	}
	return s, nil
}

// Add writes one event. It does not keep e.
func (s *DirectorEventStream) Add(e *DirectorEventRow) error {
	switch {
	case s.err != nil || !allHold(s.test, e):
	case s.rows != nil:
		s.err = s.rows.row(e)
	default:
		s.err = s.doc.value(e)
	}
	return s.err
}

// Flush writes what was added.
func (s *DirectorEventStream) Flush() error {
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
func (s *DirectorEventStream) Close() error {
	switch {
	case s.err != nil:
	case s.rows != nil:
		s.err = s.rows.flush()
	default:
		s.err = s.doc.close()
	}
	return s.err
}

func directorEventKind(now func() time.Time) kind[DirectorEventRow] {
	if now == nil { // only the names of the columns are wanted
		now = time.Now
	}
	text := func(key, help string, width int, of func(*DirectorEventRow) string) column[DirectorEventRow] {
		return column[DirectorEventRow]{key: key, help: help, minWidth: width, ragged: key != "text",
			text: func(b []byte, e *DirectorEventRow) []byte { return append(b, of(e)...) }}
	}
	k := kind[DirectorEventRow]{name: "DirectorEventList", columns: []column[DirectorEventRow]{
		{key: "id", help: "it counts from 1 since the director started",
			number: func(e *DirectorEventRow) (uint64, bool) { return e.ID, true }},
		{key: "time", help: "when it happened", minWidth: len(time.TimeOnly),
			text: func(b []byte, e *DirectorEventRow) []byte { return appendClock(b, &e.Time, now()) }},
		text("event", "the kind of event", len("reloaded"), func(e *DirectorEventRow) string { return e.Event }),
		text("service", "the virtual service", len("tcp://192.0.2.100:443"),
			func(e *DirectorEventRow) string { return deref(e.Service) }),
		text("server", "the real server", len("10.0.0.100:443"),
			func(e *DirectorEventRow) string { return deref(e.Server) }),
		text("from", "the old value", 0, func(e *DirectorEventRow) string { return deref(e.From) }),
		text("to", "the new value", 0, func(e *DirectorEventRow) string { return deref(e.To) }),
		text("by", "who decided it", 0, func(e *DirectorEventRow) string { return deref(e.By) }),
		text("text", "what happened", 0, func(e *DirectorEventRow) string { return e.Text }),
	}}
	k.plain = []string{"time", "event", "service", "server", "text"}
	k.wide = k.keys()
	k.appendName = func(b []byte, e *DirectorEventRow) []byte { return appendUint(b, e.ID) }
	k.style = func(e *DirectorEventRow, key string) Style {
		switch {
		case key != "event" && key != "text":
			return NoStyle
		case e.Event == "alarm" || e.Event == "frozen" || e.Event == "refused":
			return Yellow
		case deref(e.To) == "down":
			return Red
		}
		return NoStyle
	}
	return k
}
