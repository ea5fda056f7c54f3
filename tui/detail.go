package tui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"lvs/kernel"
	"lvs/output"
)

// detail shows one object: what it is set to, and a chart.
type detail struct {
	key    kernel.ServerKey
	metric int
	zoom   int
}

// metrics are what a chart can show.
var metrics = []struct {
	name string
	of   func(point) half
}{
	{"new connections a second", connectionsOf},
	{"active connections", activeOf},
	{"packets a second, both ways", packetsOf},
	{"bytes a second, both ways", bytesOf},
}

// zooms are the times a chart can span. From an hour on it is made of minutes,
// which are kept of services and of the whole.
var zooms = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, time.Hour, 10 * time.Hour}

// newDetail begins with a chart of as much as there is, up to ten minutes.
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
		return "detail of all"
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
		{keys: []string{"right", ">"}, label: "Right, >", help: "a shorter time in the chart", short: "zoom", do: zoom(-1)},
		{keys: []string{"left", "<"}, label: "Left, <", help: "a longer time in the chart, up to ten hours of the session", do: zoom(1)},
		{keys: []string{"m", "tab"}, label: "m, Tab", help: "chart connections, active, packets or bytes", short: "measure", do: func(*Model) tea.Cmd {
			s.metric = (s.metric + 1) % len(metrics)
			return nil
		}},
	}}}
}

// zooms is how many of the times there are for this object.
func (s *detail) zooms() int {
	if s.key.Server.IsValid() {
		return 4
	}
	return len(zooms)
}

func (s *detail) view(m *Model, w, h int) []line {
	o := m.hist.objects[s.key]
	if o == nil {
		return []line{text(red, "nothing is remembered of it any more")}
	}
	facts := m.facts(s.key, o)
	room := h - len(facts) - 4
	if room < 4 { // the chart comes first
		facts = facts[:min(len(facts), max(h-9, 1))]
		room = h - len(facts) - 4
	}
	out := append(facts, nil)
	metric := metrics[s.metric]
	over := zooms[min(s.zoom, s.zooms()-1)]
	out = append(out, text(bold, metric.name).add(dim, "  the last "+output.Duration(over)))
	out = append(out, chart(&m.g, s.values(m, o, over, max(w-axis, 1)), w, max(room, 1), rateText)...)
	left := "-" + output.Duration(over)
	return append(out, text(dim, spaces(axis)+left+spaces(w-axis-len(left)-3)+"now"))
}

// values are the n columns of a chart.
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

// facts are what an object is set to and has counted.
func (m *Model) facts(k kernel.ServerKey, o *object) []line {
	e := m.sample.Find(k.Service)
	field := func(name, value string) line { return text(dim, fit(&m.g, name, 12, true)).add(plain, clean(value)) }
	var out []line
	var t traffic
	switch {
	case k == kernel.ServerKey{}:
		out = append(out, field("all", fmt.Sprintf("%d services", len(m.sample.Services))))
		t = traffic{active: o.active, rates: o.rates, counted: o.counted(), public: m.sample.Public}
		for i := range m.sample.Services {
			for j := range m.sample.Services[i].Servers {
				t.inactive += uint64(m.sample.Services[i].Servers[j].Inactive)
				t.persistent += uint64(m.sample.Services[i].Servers[j].Persistent)
			}
		}
	case e == nil:
		return []line{text(red, "the service is gone")}
	case k.Server.IsValid():
		v := findServer(e, k)
		if v == nil {
			return []line{text(red, "the server is gone")}
		}
		t = newServerRow(m, e, v).traffic
		out = append(out, field("server", v.Addr.String()+" of "+e.ServiceID.String()), field("settings", serverSettings(v)))
	default:
		r := newServiceRow(m, o, e)
		t = r.traffic
		out = append(out, field("service", fmt.Sprintf("%s, %d of %d servers have a weight", e.ServiceID, r.up, len(e.Servers))),
			field("settings", serviceSettings(e)))
	}
	out = append(out, field("connections", fmt.Sprintf("%d active, %d inactive, %s persistent", t.active, t.inactive, m.count(t.persistent, t.public))))
	dash := func(s string) string {
		if t.blind {
			return m.g.dash
		}
		return s
	}
	if t.public {
		return append(out, field("counters", "not known without privilege"))
	}
	from := "in all"
	if !m.hist.based.IsZero() {
		from = m.hist.based.Format("since 15:04")
	}
	return append(out,
		field("a second", fmt.Sprintf("%s conns, packets %s in %s out, bytes %s in %s out", rateText(t.rates.connections),
			rateText(t.rates.packetsIn), dash(rateText(t.rates.packetsOut)), rateText(t.rates.bytesIn), dash(rateText(t.rates.bytesOut)))),
		field(from, fmt.Sprintf("%s conns, packets %s in %s out, bytes %s in %s out", countText(t.counted.Connections),
			countText(t.counted.PacketsIn), dash(countText(t.counted.PacketsOut)), countText(t.counted.BytesIn), dash(countText(t.counted.BytesOut)))))
}

func findServer(e *kernel.ServiceEntry, k kernel.ServerKey) *kernel.ServerEntry {
	for i := range e.Servers {
		if e.Servers[i].Addr == k.Server {
			return &e.Servers[i]
		}
	}
	return nil
}

// serviceSettings writes what is set of a service.
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
		s += ", one packet"
	}
	return s
}

// serverSettings writes what is set of a server.
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
