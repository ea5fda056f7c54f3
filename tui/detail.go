package tui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/output"
)

// detail is the screen of one object: its settings, its counters and a chart. The
// zero key is that of the whole table.
type detail struct {
	key    kernel.ServerKey
	metric int
	zoom   int
}

// metrics are the metrics of the chart.
var metrics = []struct {
	name string
	of   func(point) half
}{
	{"new connections per second", connectionsOf},
	{"active connections", activeOf},
	{"packets per second, in and out", packetsOf},
	{"bytes per second, in and out", bytesOf},
}

// zooms are the durations of the chart. From one hour on it is made of minutes,
// which only services and the whole table have.
var zooms = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, time.Hour, 10 * time.Hour}

// newDetail returns the screen with a chart of the whole past, up to ten minutes.
func newDetail(m *Model, k kernel.ServerKey) *detail {
	s := &detail{key: k}
	past := time.Duration(m.hist.n) * m.o.Interval
	for s.zoom < 3 && zooms[s.zoom] < past {
		s.zoom++
	}
	return s
}

func (s *detail) crumb() string {
	switch {
	case s.key.Server.IsValid():
		return "detail of " + s.key.Server.String()
	case s.key == kernel.ServerKey{}:
		return "detail of all services"
	}
	return "detail of " + s.key.Service.String()
}

func (s *detail) grid() grid               { return nil }
func (s *detail) refresh(m *Model) tea.Cmd { return nil }

func (s *detail) keys() []group {
	zoom := func(step int) func(*Model) tea.Cmd {
		return func(*Model) tea.Cmd {
			s.zoom = min(max(s.zoom+step, 0), s.zooms()-1)
			return nil
		}
	}
	return []group{{"Detail", []binding{
		{keys: []string{"right", ">"}, label: "Right, >", help: "show a shorter time in the chart", short: "zoom in",
			do: zoom(-1)},
		{keys: []string{"left", "<"}, label: "Left, <", help: "show a longer time in the chart, up to ten hours",
			do: zoom(1)},
		{keys: []string{"m", "tab"}, label: "m, Tab", short: "metric",
			help: "show the next metric: conns/s, active, packets, bytes",
			do: func(*Model) tea.Cmd {
				s.metric = (s.metric + 1) % len(metrics)
				return nil
			}},
	}}}
}

// zooms returns how many durations the object has.
func (s *detail) zooms() int {
	if s.key.Server.IsValid() {
		return 4
	}
	return len(zooms)
}

func (s *detail) view(m *Model, w, h int) []line {
	o := m.hist.objects[s.key]
	if o == nil {
		return []line{text(red, "no data: the object no longer exists")}
	}
	facts := m.facts(s.key, o)
	room := h - len(facts) - 4
	if room < 4 { // the chart is more important than the facts
		facts = facts[:min(len(facts), max(h-9, 1))]
		room = h - len(facts) - 4
	}
	out := append(facts, nil)
	metric := metrics[s.metric]
	over := zooms[min(s.zoom, s.zooms()-1)]
	out = append(out, text(bold, metric.name).add(dim, "  last "+output.Duration(over)))
	out = append(out, chart(&m.g, s.values(m, o, over, max(w-axis, 1)), w, max(room, 1), rateText)...)
	left := "-" + output.Duration(over)
	return append(out, text(dim, spaces(axis)+left+spaces(w-axis-len(left)-3)+"now"))
}

// values returns the n columns of the chart.
func (s *detail) values(m *Model, o *object, over time.Duration, n int) []float64 {
	of := metrics[s.metric].of
	if over < time.Hour {
		return m.hist.span(o, over, n, of)
	}
	if o.minutes == nil {
		return nil
	}
	return o.minutes.series(int(over/time.Minute), of)
}

// facts draws the settings and the counters of an object.
func (m *Model) facts(k kernel.ServerKey, o *object) []line {
	e := m.sample.Find(k.Service)
	var out []line
	var t activity
	switch {
	case k == kernel.ServerKey{}:
		out = append(out, m.fact("all", plural(len(m.sample.Services), "service")))
		t = m.wholeTraffic(o)
	case e == nil:
		return []line{text(red, "the service no longer exists")}
	case k.Server.IsValid():
		v := e.Server(k.Server)
		if v == nil {
			return []line{text(red, "the server no longer exists")}
		}
		r := newServerRow(m, e, v)
		t = r.activity
		out = append(out, m.fact("server", v.Addr.String()+" of "+e.ServiceID.String()),
			m.fact("settings", serverSettings(v)))
		out = append(out, m.directedFacts(r.directed)...)
		if r.outage != nil && r.directed == nil {
			out = append(out, m.outageFacts(r.outage)...)
		}
	default:
		r := newServiceRow(m, o, e)
		t = r.activity
		servers := fmt.Sprintf("%s, %d of %d servers have a weight above 0", e.ServiceID, r.up, len(e.Servers))
		out = append(out, m.fact("service", servers), m.fact("settings", serviceSettings(e)))
		out = append(out, m.stateFacts(e, r.directed)...)
	}
	return append(out, m.counterFacts(&t)...)
}

// fact draws a value with its name.
func (m *Model) fact(name, value string) line {
	return label(&m.g, name, 12).add(plain, clean(value))
}

// outageFacts draw who drained a server, since and until when, the weight before and why.
func (m *Model) outageFacts(o *output.Outage) []line {
	name, l := "DRAINED", yellow
	if o.Set > 0 {
		name, l = "drained", plain
	}
	return m.wrapped(name, l, o.Text())
}

// wholeTraffic returns the traffic of the whole table, whose history is o.
func (m *Model) wholeTraffic(o *object) activity {
	t := m.activityOf(o)
	t.active = o.active
	for i := range m.sample.Services {
		for j := range m.sample.Services[i].Servers {
			t.inactive += uint64(m.sample.Services[i].Servers[j].Inactive)
			t.persistent += uint64(m.sample.Services[i].Servers[j].Persistent)
		}
	}
	return t
}

// counterFacts draws the connections and counters of an object.
func (m *Model) counterFacts(t *activity) []line {
	connections := m.fact("connections", fmt.Sprintf("%d active, %d inactive, %s clients bound by persistence",
		t.active, t.inactive, m.count(t.persistent, t.public)))
	if t.public {
		return []line{connections, m.fact("counters", "not available without CAP_NET_ADMIN")}
	}
	out := func(s string) string {
		if t.blind {
			return m.g.dash
		}
		return s
	}
	from := "total"
	if !m.hist.based.IsZero() {
		from = m.hist.based.Format("since 15:04")
	}
	if t.stopped {
		return []line{connections, m.fact("counters", "unknown: "+m.stoppedText())}
	}
	const format = "%s conns, packets %s in %s out, bytes %s in %s out"
	r, c := &t.rates, &t.counted
	rate := func(n float64) string { return m.rate(n, t) }
	return []line{
		connections,
		m.fact("per second", fmt.Sprintf(format, rate(r.Connections), rate(r.PacketsIn),
			out(rate(r.PacketsOut)), rate(r.BytesIn), out(rate(r.BytesOut)))),
		m.fact(from, fmt.Sprintf(format, countText(c.Connections), countText(c.PacketsIn),
			out(countText(c.PacketsOut)), countText(c.BytesIn), out(countText(c.BytesOut)))),
	}
}

// serviceSettings formats the settings of a service.
func serviceSettings(e *kernel.ServiceEntry) string {
	s := "scheduler " + e.Scheduler
	for _, f := range e.SchedFlags.Names(e.Scheduler) {
		s += " " + f
	}
	if e.Persistence > 0 {
		s += ", persistent " + output.Duration(e.Persistence)
	}
	if mask := e.Netmask.Text(e.Family); mask != "" {
		s += ", netmask " + mask
	}
	if e.Engine != "" {
		s += ", engine " + e.Engine
	}
	if e.OnePacket {
		s += ", one-packet scheduling"
	}
	return s
}

// serverSettings formats the settings of a server.
func serverSettings(v *kernel.ServerEntry) string {
	s := fmt.Sprintf("%s, weight %d", v.Forward, v.Weight)
	if v.Upper > 0 {
		s += fmt.Sprintf(", thresholds %d to %d", v.Upper, v.Lower)
	}
	if v.Forward == kernel.Tunneling {
		s += ", " + v.Tunnel.Type.String()
		if v.Tunnel.Port > 0 {
			s += fmt.Sprintf(" port %d", v.Tunnel.Port)
		}
	}
	return s
}
