package director

import (
	"slices"
	"strconv"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

// The values of Settings.Drift.
const (
	RepairDrift = "repair"
	ReportDrift = "report"
)

// differences returns what somebody else changed since the director wrote the service,
// unless it is what is wanted now.
func (s *service) differences(e *kernel.ServiceEntry, want *plan.Service, now time.Time) (out []Drift) {
	if s.set == nil {
		return nil
	}
	add := func(server kernel.Server, what DriftKind, have, wanted string) {
		d := Drift{Since: now, Service: s.ServiceID, What: what, Have: have, Want: wanted}
		if server.Addr.IsValid() {
			d.Server = kernel.ServerKey{Service: s.ServiceID, Server: server.Addr}
		}
		out = append(out, d)
	}
	if e == nil {
		add(kernel.Server{}, Missing, "", "")
		return out
	}
	have := plan.PlainService(e.Service)
	if have != plan.PlainService(s.set.Service) && have != plan.PlainService(want.Service) {
		add(kernel.Server{}, Setting, e.Scheduler, want.Scheduler)
	}
	for i := range s.set.Servers {
		set := &s.set.Servers[i]
		w := serverOf(want, set)
		v := e.Server(set.Addr)
		switch {
		case v == nil && w != nil:
			add(*set, Missing, "", weightText(w.Weight))
		case v == nil || w == nil:
		case v.Weight != set.Weight && v.Weight != w.Weight:
			add(*set, Weight, weightText(v.Weight), weightText(w.Weight))
		case !alike(v.Server, *set) && !alike(v.Server, *w):
			add(*set, Setting, v.Forward.String(), w.Forward.String())
		}
	}
	for i := range e.Servers {
		if v := &e.Servers[i].Server; serverOf(s.set, v) == nil && serverOf(want, v) == nil {
			add(*v, Unexpected, weightText(v.Weight), "")
		}
	}
	return out
}

// alike reports whether two servers differ in their weight only. Old kernels show a server
// that is the director itself as local, whatever was set.
func alike(a, b kernel.Server) bool {
	if a.Forward == kernel.Local || b.Forward == kernel.Local {
		a.Forward, a.Tunnel = b.Forward, b.Tunnel
	}
	a.Weight = b.Weight
	return plan.PlainServer(a) == plan.PlainServer(b)
}

func serverOf(s *plan.Service, like *kernel.Server) *kernel.Server {
	for i := range s.Servers {
		if s.Servers[i].Addr == like.Addr {
			return &s.Servers[i]
		}
	}
	return nil
}

// tolerated returns the wanted service with the changes of others, but for servers whose
// own weight has to change now.
func (s *service) tolerated(e *kernel.ServiceEntry, set *plan.Service, drift []Drift) plan.Service {
	want := plan.Service{Service: set.Service, Servers: slices.Clone(set.Servers)}
	for i := range drift {
		like := &kernel.Server{Addr: drift[i].Server.Server}
		if !like.Addr.IsValid() {
			want.Service = e.Service
			continue
		}
		have, now, before := e.Server(like.Addr), serverOf(&want, like), serverOf(s.set, like)
		changes := now != nil && before != nil && now.Weight != before.Weight
		switch drift[i].What {
		case Unexpected:
			want.Servers = append(want.Servers, have.Server)
		case Missing:
			if !changes {
				want.Servers = slices.DeleteFunc(want.Servers, func(v kernel.Server) bool { return v.Addr == like.Addr })
			}
		default:
			weight := now.Weight
			if *now = have.Server; changes {
				now.Weight = weight
			}
		}
	}
	return want
}

// reportDrift remembers the drift that is left after a pass, and emits an event for what is new.
func (c *core) reportDrift(w *work) {
	within := map[kernel.ServiceID]bool{}
	for _, s := range w.services {
		within[s.ServiceID] = true
	}
	failed := map[kernel.ServiceID]bool{}
	for _, s := range w.failed {
		failed[s.ServiceID] = true
	}
	var left []Drift
	for _, d := range c.drift {
		if !within[d.Service] && c.byID[d.Service] != nil {
			left = append(left, d)
		}
	}
	report := c.model.Settings.Drift == ReportDrift
	for _, d := range w.drift {
		known := slices.IndexFunc(c.drift, func(o Drift) bool {
			return o.Service == d.Service && o.Server == d.Server && o.What == d.What && o.Have == d.Have
		})
		if known >= 0 {
			d.Since = c.drift[known].Since
		} else {
			c.emit(Event{Kind: EventDrift, Service: d.Service, Server: d.Server, From: d.Want, To: d.Have,
				Text: string(d.What)})
		}
		if report || failed[d.Service] {
			left = append(left, d)
		}
	}
	c.news = c.news || len(left) != len(c.drift)
	c.drift = left
}

// weightText returns a weight as text, empty for a server that is not in the table.
func weightText(weight int) string {
	if weight < 0 {
		return ""
	}
	return strconv.Itoa(weight)
}
