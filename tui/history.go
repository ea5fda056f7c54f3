package tui

import (
	"time"

	"lvs/kernel"
	"lvs/traffic"
)

// Limits of the history. A point is 8 bytes: the full history is 19 MiB, and half as
// much again for 3,000 services after ten hours.
const (
	// longRing is the number of points for 10 minutes at one sample per second.
	longRing = 600
	// longObjects is how many objects have longRing points: services first, as they are
	// recorded first.
	longObjects = 3000
	// shortRing is the number of points of the other objects.
	shortRing = 60
	// shortObjects is how many objects have shortRing points. All others have none.
	shortObjects = 10000
	// forgetAfter is the number of samples after which a missing object is removed.
	forgetAfter = 60
)

// object is the history of a server of a service, of a service or of the whole table.
type object struct {
	key kernel.ServerKey
	// name is its text form: the service, or the server without its service.
	name string
	traffic.Meter
	// base is the baseline that z sets: the counters are shown relative to it.
	base kernel.Counters
	// active is the number of active connections, of all servers for a service.
	active uint64
	// firstWeight is a server's weight when it was first seen.
	firstWeight int
	// share is set for a server, window for a service.
	share  traffic.Share
	window traffic.Window
	seen   uint64
	limit  int
	ring   ring
	// servers are those of a service, in the order of the newest sample.
	servers []*object
	// minutes is set for services and for the whole table.
	minutes *minutes
}

// counted returns the counters since the baseline.
func (o *object) counted() kernel.Counters {
	counted, _ := o.Last.Sub(o.base)
	return counted
}

// history keeps objects from sample to sample.
type history struct {
	objects map[kernel.ServerKey]*object
	// services are in the order of the newest sample.
	services []*object
	// n is the number of the newest sample, from 1 on.
	n     uint64
	times [longRing]time.Time
	// based is when the baseline was set. Zero: it was not.
	based time.Time
	long  int
	short int
}

func newHistory() *history { return &history{objects: map[kernel.ServerKey]*object{}} }

// record adds a sample.
func (h *history) record(s *sample) {
	h.n++
	h.times[h.n%longRing] = s.Time
	all := h.get(kernel.ServerKey{}, "all services")
	var active uint64
	for i := range s.Services {
		e := &s.Services[i]
		// Most samples have the services of the one before, in the same order.
		if i == len(h.services) {
			h.services = append(h.services, nil)
		}
		if o := h.services[i]; o == nil || o.key.Service != e.ServiceID {
			h.services[i] = h.get(kernel.ServerKey{Service: e.ServiceID}, "")
		}
		o := h.services[i]
		o.active = 0
		for j := range e.Servers {
			o.active += uint64(e.Servers[j].Active)
		}
		active += o.active
		h.see(o, e.Stats, s)
	}
	clear(h.services[len(s.Services):])
	h.services = h.services[:len(s.Services)]
	all.active = active
	h.see(all, kernel.Stats{Counters: s.totals, Rates: sumRates(s.Services)}, s)
	for i := range s.Services {
		h.recordServers(h.services[i], &s.Services[i], s)
	}
	if h.n%forgetAfter == 0 {
		h.forget()
	}
}

func (h *history) recordServers(svc *object, e *kernel.ServiceEntry, s *sample) {
	for j := range e.Servers {
		v := &e.Servers[j]
		if j == len(svc.servers) {
			svc.servers = append(svc.servers, nil)
		}
		if o := svc.servers[j]; o == nil || o.key.Server != v.Addr {
			svc.servers[j] = h.get(kernel.ServerKey{Service: e.ServiceID, Server: v.Addr}, "")
		}
		o := svc.servers[j]
		if o.seen == 0 {
			o.firstWeight = v.Weight
		}
		o.active = uint64(v.Active)
		h.see(o, v.Stats, s)
	}
	clear(svc.servers[len(e.Servers):])
	svc.servers = svc.servers[:len(e.Servers)]
	share := func(i int) *traffic.Share { return &svc.servers[i].share }
	switch {
	case s.Public:
	case s.Stopped != "":
		svc.window.Pause(e, share)
	default:
		svc.window.Count(e, s.Time, share)
	}
}

// see adds the counters of an object in a sample.
func (h *history) see(o *object, s kernel.Stats, at *sample) {
	add := o.Add
	if at.Stopped != "" {
		add = o.Pause
	}
	if add(s, at.Time).Reset {
		o.base = kernel.Counters{}
	}
	o.seen = h.n
	values := [4]float64{o.Rates.Connections, o.Rates.PacketsIn + o.Rates.PacketsOut,
		o.Rates.BytesIn + o.Rates.BytesOut, float64(o.active)}
	if o.Unknown {
		values[0], values[1], values[2] = -1, -1, -1
	}
	if o.limit > 0 {
		o.ring.put(h.n, pointOf(values), o.limit)
	}
	if o.minutes != nil {
		o.minutes.add(at.Time.Unix()/60, values)
	}
}

// get returns an object, a new one if there is none.
func (h *history) get(k kernel.ServerKey, name string) *object {
	if o := h.objects[k]; o != nil {
		return o
	}
	switch {
	case name != "":
	case k.Server.IsValid():
		name = k.Server.String()
	default:
		name = k.Service.String()
	}
	o := &object{key: k, name: name}
	switch {
	case h.long < longObjects:
		h.long++
		o.limit = longRing
	case h.short < shortObjects:
		h.short++
		o.limit = shortRing
	}
	if o.limit == longRing && !k.Server.IsValid() {
		o.minutes = &minutes{}
	}
	h.objects[k] = o
	return o
}

// forget removes objects that have been missing for long.
func (h *history) forget() {
	for k, o := range h.objects {
		if h.n-o.seen < forgetAfter {
			continue
		}
		switch o.limit {
		case longRing:
			h.long--
		case shortRing:
			h.short--
		}
		delete(h.objects, k)
	}
}

// rebase sets the baseline of all counters to now.
func (h *history) rebase(at time.Time) {
	h.based = at
	for _, o := range h.objects {
		o.base = o.Last
	}
}

// series returns the last n values of an object, oldest first; missing ones are
// negative.
func (h *history) series(o *object, n int, of func(point) half) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = -1
		back := uint64(n - 1 - i)
		if back >= h.n {
			continue
		}
		if v, ok := of(o.ring.at(h.n - back)).value(); ok {
			out[i] = v
		}
	}
	return out
}

// span returns the values of an object over a time that ends with the newest sample,
// in n equal parts: the greatest of each. A part between two samples has the later
// one's value, which is the mean since the earlier one. Missing values are negative.
func (h *history) span(o *object, over time.Duration, n int, of func(point) half) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = -1
	}
	end := h.times[h.n%longRing]
	part := func(t time.Time) int { return n - 1 - int(int64(n)*int64(end.Sub(t))/int64(over)) }
	for k := h.n; k > 0 && h.n-k < longRing; k-- {
		at := part(h.times[k%longRing])
		if at < 0 {
			break
		}
		v, ok := of(o.ring.at(k)).value()
		if !ok {
			continue
		}
		from := at
		if _, seen := of(o.ring.at(k - 1)).value(); seen && k > 1 && h.n-k+1 < longRing {
			from = min(part(h.times[(k-1)%longRing])+1, at)
		}
		for i := max(from, 0); i <= at; i++ {
			out[i] = max(out[i], v)
		}
	}
	return out
}

func connectionsOf(p point) half { return p.connections }
func packetsOf(p point) half     { return p.packets }
func bytesOf(p point) half       { return p.bytes }
func activeOf(p point) half      { return p.active }

func sumRates(services []kernel.ServiceEntry) (sum kernel.Rates) {
	for i := range services {
		sum = sum.Add(services[i].Stats.Rates)
	}
	return sum
}
