package director

import (
	"time"

	"lvs/director/health"
	"lvs/kernel"
	"lvs/plan"
)

// service is a service of the model with what the director knows of it.
type service struct {
	*Service
	servers []server
	aim     Aim
	// set is the service as the director left it in the table. Nil: it was not in the
	// table, or was not read yet.
	set *plan.Service
	// leaving are servers that the file does not have, which keep the weight 0 until a time
	// so that their connections can end.
	leaving []leaving
	// force are the weights in the table when it was last read, by server; -1 is none.
	force []int
}

type leaving struct {
	kernel.Server
	until time.Time
}

// server is a member of a service, or its fallback.
type server struct {
	kernel.Server
	tier     int
	fallback bool
	check    *check
	health   Health
	suspect  time.Time
	flaps    flaps
}

// probe is a check that is asked, once for all servers that have it.
type probe struct {
	health.Probe
	health.State
	agent Agent
	// silent is set for an agent or a file that was asked and never said anything.
	silent bool
	// lacks is since when this machine cannot ask, zero if it can.
	lacks time.Time
	// users are the services with a server that has it.
	users []*service
}

func (s *service) key(i int) kernel.ServerKey {
	return kernel.ServerKey{Service: s.ServiceID, Server: s.servers[i].Addr}
}

// index returns the place of a server, -1 if there is none.
func (s *service) index(k kernel.ServerKey) int {
	for i := range s.servers {
		if s.servers[i].Addr == k.Server {
			return i
		}
	}
	return -1
}

// newService returns a service that nothing is known of.
func (c *core) newService(m *Service, probes map[health.Key]*probe) *service {
	s := &service{Service: m, servers: make([]server, 0, len(m.Members)+1)}
	for i := range m.Members {
		v := server{Server: m.Members[i].Server, tier: m.Members[i].Tier}
		if m.Members[i].Check != nil {
			tree := compile(m.Members[i].Check, func(p *health.Probe) health.Key {
				key := p.Key()
				one := probes[key]
				if one == nil {
					one = &probe{Probe: *p}
					one.Timing = p.WithDefaults()
					if old := c.probes[key]; old != nil {
						one.State, one.agent, one.silent, one.lacks = old.State, old.agent, old.silent, old.lacks
					} else if known, ok := c.file.probes[key]; ok {
						one.State, one.agent = known.State, known.agent
					}
					probes[key] = one
				}
				if n := len(one.users); n == 0 || one.users[n-1] != s {
					one.users = append(one.users, s)
				}
				return key
			})
			v.check = &tree
		}
		s.servers = append(s.servers, v)
	}
	if m.Fallback != nil {
		s.servers = append(s.servers, server{Server: *m.Fallback, fallback: true})
	}
	s.force = make([]int, len(s.servers))
	for i := range s.servers {
		s.force[i] = -1
		if v := &s.servers[i]; v.check != nil {
			v.health = v.check.judge(probes)
		}
	}
	s.aim.Servers = make([]ServerAim, len(s.servers))
	return s
}

// hear takes the newest state of a probe.
func (c *core) hear(r health.Report) {
	p := c.probes[r.Key]
	if p == nil {
		return // it was removed meanwhile
	}
	turned := p.Verdict != r.State.Verdict || !p.State.Since.Equal(r.State.Since)
	p.State = r.State
	p.noteLack(c.o.Now())
	agent := p.agent.heard(r.State.Last.Agent)
	fed := agent.onlyFed(&p.agent)
	if !agent.same(&p.agent) {
		p.agent, turned = agent, turned || !fed
	}
	if silent := p.saysNothing(); silent != p.silent {
		p.silent, turned = silent, true
	}
	if !turned && !fed {
		return
	}
	c.file.changed, c.doubt.turned = true, c.doubt.turned || turned
	for _, s := range p.users {
		c.judge(s, p)
		if turned {
			c.urgent[s] = true
		} else {
			c.feed(s)
		}
	}
}

// feed has a service decided soon, together with others.
func (c *core) feed(s *service) {
	c.fed[s] = true
	if c.fedAt.IsZero() {
		c.fedAt = c.o.Now().Add(fedTime)
	}
}

// saysNothing reports whether the probe asks for words that were never said: as in HAProxy, an
// agent that does not answer changes nothing.
func (p *probe) saysNothing() bool {
	asked := p.Kind == health.Agent || p.Kind == health.File
	return asked && p.Verdict == health.Unknown && (p.silent || p.Last.Outcome == health.Busy)
}

// judge finds what the checks of a service's servers add up to now. by is the probe that
// turned.
func (c *core) judge(s *service, by *probe) {
	for i := range s.servers {
		v := &s.servers[i]
		if v.check == nil {
			continue
		}
		before := v.health
		v.health = v.check.judge(c.probes)
		if before.Verdict == v.health.Verdict {
			continue
		}
		if before.Verdict != health.Unknown {
			v.flaps.add(c.o.Now())
		}
		k := s.key(i)
		if c.admin.of(k).State == Maintenance {
			continue // that is what maintenance is for
		}
		c.emit(Event{Kind: EventVerdict, Service: k.Service, Server: k, From: verdictName(before.Verdict),
			To: verdictName(v.health.Verdict), Check: by.Kind, Result: by.Last})
	}
}

// suspect takes over which servers have new connections that stay half open. Their checks
// are asked at once.
func (c *core) suspect(all map[kernel.ServerKey]time.Time) {
	var fresh []kernel.ServerKey
	for _, s := range c.services {
		for i := range s.servers {
			v, since := &s.servers[i], all[s.key(i)]
			if v.suspect.IsZero() == since.IsZero() {
				continue
			}
			if v.suspect = since; !since.IsZero() {
				fresh = append(fresh, s.key(i))
			}
			c.urgent[s], c.news = true, true
		}
	}
	if len(fresh) > 0 {
		c.ask(fresh)
	}
}

func verdictName(v health.Verdict) string {
	switch v {
	case health.Up:
		return "up"
	case health.Down:
		return "down"
	}
	return "unknown"
}

// decide finds the aim of a service, and reports whether its table may have to change.
func (c *core) decide(s *service, now time.Time) bool {
	in := c.input(s)
	aim := Decide(s.Service, &in, now)
	before := s.aim
	s.aim = aim
	if aim.State != before.State {
		c.file.changed = true
	}
	if aim.State != before.State && (before.State != "" || aim.State != ServiceUnknown) {
		c.emit(Event{Kind: EventService, Service: s.ServiceID, From: string(before.State), To: string(aim.State)})
	}
	if aim.FallbackInUse != before.FallbackInUse {
		c.emit(Event{Kind: EventFallback, Service: s.ServiceID, To: onOff(aim.FallbackInUse)})
	}
	changed := aim.Present != (s.set != nil)
	for _, v := range s.leaving {
		if now.Before(v.until) {
			s.aim.Changes = earliest(s.aim.Changes, v.until)
		} else {
			changed = true
		}
	}
	for i := range aim.Servers {
		a, b := &aim.Servers[i], &before.Servers[i]
		if a.Masked != b.Masked || a.Ramp != b.Ramp {
			c.file.changed = true
		}
		if a.Weight == b.Weight && a.Why == b.Why {
			continue
		}
		c.news = true
		changed = changed || a.Weight != b.Weight
	}
	return changed
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// input returns what Decide has to know of a service.
func (c *core) input(s *service) Input {
	in := Input{Servers: make([]ServerInput, len(s.servers)), State: s.aim.State, Since: s.aim.Since, Tier: s.aim.Tier,
		Present: s.set != nil, Doubted: c.doubt.from, Resets: c.resets, Trusted: c.trusted()}
	for i := range s.servers {
		v := &s.servers[i]
		in.Servers[i] = ServerInput{Health: v.health, Admin: c.admin.of(s.key(i)), Suspect: v.suspect,
			Before: s.aim.Servers[i]}
	}
	return in
}

// flaps counts how often a verdict changed in the last hour, in parts of five minutes.
type flaps struct {
	parts [12]uint16
	last  int64
}

const flapPart = 5 * time.Minute

func (f *flaps) turn(now time.Time) {
	part := now.Unix() / int64(flapPart/time.Second)
	if part-f.last >= int64(len(f.parts)) {
		*f = flaps{last: part}
	}
	for f.last < part {
		f.last++
		f.parts[f.last%int64(len(f.parts))] = 0
	}
}

func (f *flaps) add(now time.Time) {
	f.turn(now)
	if p := &f.parts[f.last%int64(len(f.parts))]; *p < 1<<16-1 {
		*p++
	}
}

func (f *flaps) count(now time.Time) (n int) {
	f.turn(now)
	for _, p := range f.parts {
		n += int(p)
	}
	return n
}

// serviceStatus returns a service as others see it.
func (c *core) serviceStatus(s *service, now time.Time) ServiceStatus {
	down, up := max(s.Down, 1), max(s.Up, s.Down, 1)
	out := ServiceStatus{ID: s.ServiceID, Name: s.Name, State: s.aim.State, Since: s.aim.Since, DownBelow: down,
		UpFrom: up, ByWeight: s.ByWeight, MinLeft: s.MinLeft, Tier: s.aim.Tier, FallbackInUse: s.aim.FallbackInUse,
		Servers: make([]ServerStatus, len(s.servers))}
	if out.State == "" {
		out.State = ServiceUnknown
	}
	for i := range s.servers {
		v := c.serverStatus(s, i, now)
		out.Servers[i] = v
		if v.Fallback {
			continue
		}
		out.All++
		if !v.Health.Checked || v.Health.Verdict == health.Up {
			out.Healthy++
		}
		out.Weight += int64(max(v.InForce, 0))
		out.Declared += int64(v.Declared)
	}
	return out
}

func (c *core) serverStatus(s *service, i int, now time.Time) ServerStatus {
	v, aim := &s.servers[i], &s.aim.Servers[i]
	out := ServerStatus{Key: s.key(i), Tier: v.tier, Fallback: v.fallback, Admin: c.admin.of(s.key(i)).status(),
		Declared: v.Weight, Wanted: aim.Weight, Why: aim.Why, Changes: aim.Changes, InForce: s.force[i]}
	if aim.Why == "" {
		out.Wanted, out.Why = -1, ByStart
	}
	switch {
	case !s.aim.Present:
		out.Wanted = -1
	case s.set != nil && out.InForce != out.Wanted && c.model.Settings.Drift == ReportDrift:
		out.Why = ByOverridden
	}
	out.Health = HealthStatus{Verdict: v.health.Verdict, Checked: v.check != nil, Since: v.health.Since,
		Flaps: v.flaps.count(now), Suspect: !v.suspect.IsZero()}
	if v.check != nil {
		v.check.each(func(key health.Key) {
			if p := c.probes[key]; p != nil {
				out.Health.Probes = append(out.Health.Probes, ProbeStatus{Key: key, Kind: p.Kind, Addr: p.asked(),
					State: p.State})
			}
		})
	}
	return out
}

// each calls f with the key of each probe.
func (c *check) each(f func(health.Key)) {
	if len(c.of) == 0 {
		f(c.key)
	}
	for i := range c.of {
		c.of[i].each(f)
	}
}

// asked returns what a probe asks, as text.
func (p *probe) asked() string {
	switch p.Kind {
	case health.Exec:
		if len(p.Command) > 0 {
			return p.Command[0]
		}
	case health.File:
		return p.File
	}
	return p.Addr.String()
}
