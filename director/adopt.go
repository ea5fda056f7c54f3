package director

import (
	"context"
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// adopt takes a model over. What is known of services and servers that stay is kept; of
// the others, what the table has: a server with a weight keeps it until its first verdict.
func (c *core) adopt(ctx context.Context, m *Model) error {
	table, err := c.o.Kernel.Snapshot(ctx)
	if err != nil {
		return err
	}
	if err := c.readResets(ctx); err != nil {
		return err
	}
	m = c.lookAround(m)
	now := c.o.Now()
	entries := table.Index()
	probes := map[health.Key]*probe{}
	services := make([]*service, len(m.Services))
	byID := make(map[kernel.ServiceID]*service, len(m.Services))
	for i := range m.Services {
		s := c.newService(&m.Services[i], probes)
		if old := c.byID[s.ServiceID]; old != nil {
			s.inherit(old, now)
		} else {
			s.found(entries[s.ServiceID], c.file.services[s.ServiceID], now)
		}
		services[i], byID[s.ServiceID] = s, s
	}
	c.model, c.services, c.byID, c.probes, c.loaded = m, services, byID, probes, now
	clear(c.urgent)
	clear(c.fed)
	c.resyncAt, c.retryAt, c.news = now, time.Time{}, true
	c.doubt.window, c.doubt.learnAt = windowOf(probes), time.Time{}
	c.setProbes()
	c.file.probes, c.file.services, c.file.changed = nil, nil, true
	return nil
}

// setProbes hands the probes to the prober. A new one begins with what was remembered.
func (c *core) setProbes() {
	list := make([]health.Probe, 0, len(c.probes))
	for _, p := range c.probes {
		list = append(list, p.Probe)
	}
	c.prober.Set(list, func(key health.Key) (health.State, bool) {
		p := c.probes[key]
		return p.State, p.Verdict != health.Unknown
	})
}

// inherit takes over what is known of the service from an older model.
func (s *service) inherit(old *service, now time.Time) {
	s.aim.State, s.aim.Since, s.aim.Tier = old.aim.State, old.aim.Since, old.aim.Tier
	s.aim.FallbackInUse, s.aim.Present = old.aim.FallbackInUse, old.aim.Present
	s.set = old.set
	for i := range s.servers {
		if j := old.index(s.key(i)); j >= 0 {
			s.aim.Servers[i], s.force[i] = old.aim.Servers[j], old.force[j]
			s.servers[i].flaps, s.servers[i].suspect = old.servers[j].flaps, old.servers[j].suspect
		}
	}
	s.leaving = old.leaving
	if old.set != nil {
		for i := range old.set.Servers {
			s.leave(old.set.Servers[i], now)
		}
	}
}

// found takes over what the table has of a service, and what is remembered of it.
func (s *service) found(e *kernel.ServiceEntry, known savedService, now time.Time) {
	if e == nil {
		return
	}
	s.aim.State, s.aim.Since, s.aim.Tier = known.State, rebased(known.Since, now), known.Tier
	s.aim.Present = true
	for i := range s.servers {
		v := e.Server(s.servers[i].Addr)
		a := &s.aim.Servers[i]
		was, remembered := known.Servers[s.servers[i].Addr.String()]
		a.Masked, a.Ramp = rebased(was.Masked, now), rebased(was.Ramp, now)
		switch {
		case v != nil:
			*a = ServerAim{Weight: v.Weight, Why: ByAdoption, Masked: a.Masked, Ramp: a.Ramp}
		case remembered:
			*a = ServerAim{Weight: -1, Why: was.Why, Masked: a.Masked}
		}
	}
	for i := range e.Servers {
		s.leave(e.Servers[len(e.Servers)-1-i].Server, now)
	}
}

// leave keeps a server that the model does not have for a time, with the weight 0.
func (s *service) leave(v kernel.Server, now time.Time) {
	if s.Keep || refusesAtZero(&s.Service.Service.Service) || s.index(kernel.ServerKey{Server: v.Addr}) >= 0 {
		return
	}
	for i := range s.leaving {
		if s.leaving[i].Addr == v.Addr {
			return
		}
	}
	v.Weight = 0
	s.leaving = append(s.leaving, leaving{v, now.Add(s.Quiesce)})
}

// rebased returns a time that was remembered on the clock of this process, so that a
// clock that is set later changes no interval. A time in the future is now.
func rebased(t, now time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return now.Add(-max(now.Round(0).Sub(t.Round(0)), 0))
}
