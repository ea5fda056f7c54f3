package director

import (
	"slices"
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// Input is what Decide knows of a service besides the file.
type Input struct {
	// Servers are in the order of Service.Members. The fallback, if there is one, is the
	// last.
	Servers []ServerInput
	// State, Since and Tier are what Decide returned before. An empty State is unknown.
	State ServiceState
	Since time.Time
	Tier  int
	// Present is set if the table has the service.
	Present bool
	// Doubted is the time from which failures are not believed (a freeze). Zero is none.
	Doubted time.Time
	// Resets is set if the removal of a server ends its connections (expire_nodest_conn).
	Resets bool
	// Trusted is set if new servers get their weight before their first verdict.
	Trusted bool
}

// ServerInput is what Decide knows of a server besides the file.
type ServerInput struct {
	Health
	Admin Admin
	// Suspect is since when its new connections stay half open. Zero: they do not.
	Suspect time.Time
	// Before is what Decide returned before. For a server that the table had before the
	// director: its weight and ByAdoption. The zero value is a new server.
	Before ServerAim
}

// Admin is what people decided about a server. The zero value is: nothing.
type Admin struct {
	AdminStatus
	// Set is true if AdminStatus has a decision. It ends at Until.
	Set bool
	// Then is the weight of the decision that is in force after that, if ThenSet is true.
	Then    int
	ThenSet bool
	// A weight is reached from From in the time Over that began at Began. Zero is at once.
	From  int
	Over  time.Duration
	Began time.Time
}

// Aim is what a service should be like.
type Aim struct {
	State ServiceState
	Since time.Time
	// Tier is the highest tier in use. FallbackInUse is set while the fallback is.
	Tier          int
	FallbackInUse bool
	// Present is false for a new service that waits for the first verdicts.
	Present bool
	// Servers are in the order of Input.Servers.
	Servers []ServerAim
	// Changes is when another aim follows by time alone. Zero: never.
	Changes time.Time
}

// ServerAim is the weight that a server should have.
type ServerAim struct {
	// Weight is -1 for a server that should not be in the table.
	Weight int
	Why    Why
	// Changes is when Weight will change by time alone. Zero: it will not.
	Changes time.Time
	// Masked is since when the server is out of use because of its health, Ramp the start
	// of its slow start. Zero: it is not.
	Masked, Ramp time.Time
}

// Decide returns what a service should be like. It is a pure function: the same input
// gives the same aim, and an aim that is the input of the next call at the same time
// gives the same aim again.
func Decide(s *Service, in *Input, now time.Time) Aim {
	d := deciding{Service: s, in: in, now: now, fragile: refusesAtZero(&s.Service.Service)}
	d.classify()
	d.spare()
	d.quorum()
	d.tiers()
	d.open()
	d.aim.FallbackInUse = s.Fallback != nil && d.aim.State == ServiceDown && s.OnAllDown == FallbackOnAllDown
	if d.aim.FallbackInUse {
		d.aim.Tier = 0 // none is in use
	}
	d.aim.Servers = make([]ServerAim, len(in.Servers))
	for i := range s.Members {
		d.aim.Servers[i] = d.server(i)
	}
	if s.Fallback != nil {
		d.aim.Servers[len(s.Members)] = d.fallback(&in.Servers[len(s.Members)])
	}
	d.end()
	return d.aim
}

// The values of Service.OnAllDown.
const (
	OpenOnAllDown     = "open"
	FallbackOnAllDown = "fallback"
	WithdrawOnAllDown = "withdraw"
)

// refusesAtZero reports whether the scheduler refuses the clients of a server with the
// weight 0: mh without mh-fallback keeps its places (net/netfilter/ipvs/ip_vs_mh.c).
func refusesAtZero(s *kernel.Service) bool {
	return s.Scheduler == "mh" && s.SchedFlags&kernel.SchedFlag1 == 0
}

// deciding is one call of Decide.
type deciding struct {
	*Service
	in      *Input
	now     time.Time
	fragile bool
	classes []class
	aim     Aim
}

// class is what a server can be used for.
type class struct {
	// base is its weight without any health, by is why.
	base    int
	by      Why
	changes time.Time
	// out is why people, or the server, keep it out of use. Empty: nobody does.
	out Why
	// failed is since when it fails, cause is what found that. Zero: it does not.
	failed time.Time
	cause  Why
	// spared is set if it fails, or is doubted to, and is used nevertheless.
	spared bool
	// unknown is set if it has no verdict yet: then it waits for that, or keeps the weight
	// that it has, or is trusted.
	unknown, waits, keeps bool
}

func (c *class) available() bool {
	return c.base > 0 && c.out == "" && !c.waits && (c.failed.IsZero() || c.spared)
}

func (d *deciding) classify() {
	d.classes = make([]class, len(d.Members))
	for i := range d.Members {
		in := &d.in.Servers[i]
		c := &d.classes[i]
		c.base, c.by, c.changes = d.base(&d.Members[i], in)
		switch admin := in.Admin.at(d.now); {
		case admin.State == Drained:
			c.out = ByDrain
		case admin.State == Maintenance:
			c.out = ByMaint
		case in.Agent.out():
			c.out = ByAgent
		}
		switch {
		case in.Checked && in.Verdict == health.Down:
			c.failed, c.cause = in.Health.Since, ByCheck
		case d.Passive && !in.Suspect.IsZero():
			c.failed, c.cause = in.Suspect, ByPassive
		case in.Checked && in.Verdict == health.Unknown:
			c.unknown = true
			c.keeps = in.Before.Weight > 0 && (in.Before.Why == ByAdoption || in.Before.Why != "" && !d.in.Trusted)
			c.waits = !c.keeps && !d.in.Trusted
		}
		if c.base == 0 {
			c.failed = time.Time{} // it is out of use anyway
		}
		c.spared = !c.failed.IsZero() && !d.in.Doubted.IsZero() && !c.failed.Before(d.in.Doubted)
	}
}

// base returns the weight of a server without any health.
func (d *deciding) base(m *Member, in *ServerInput) (weight int, by Why, changes time.Time) {
	if a := in.Admin.at(d.now); a.Set && a.Weight >= 0 {
		weight, changes = a.weight(d.now)
		return weight, ByWeight, changes
	}
	weight, by = m.Weight, ByFile
	if w, said := in.Agent.weight(weight); said && w != weight {
		weight, by = w, ByAgent
	}
	if in.Degrade > 0 && in.Degrade < 100 && weight > 0 {
		weight, by = percent(weight, in.Degrade), ByDegrade
	}
	return weight, by, time.Time{}
}

// spare decides which of the failing servers stay in use, because MaxMasked servers are
// out of use already: those that failed last.
func (d *deciding) spare() {
	if d.MaxMasked < 0 {
		return
	}
	var failing []int
	for i := range d.classes {
		if c := &d.classes[i]; !c.failed.IsZero() && !c.spared && c.out == "" {
			failing = append(failing, i)
		}
	}
	if len(failing) <= d.MaxMasked {
		return
	}
	slices.SortFunc(failing, func(a, b int) int {
		if n := d.classes[a].failed.Compare(d.classes[b].failed); n != 0 {
			return n
		}
		return d.Members[a].Addr.Compare(d.Members[b].Addr)
	})
	for _, i := range failing[d.MaxMasked:] {
		d.classes[i].spared = true
	}
}

// open spares all failing servers if the service wants that when none is left.
func (d *deciding) open() {
	if d.OnAllDown != OpenOnAllDown || d.aim.State != ServiceDown {
		return
	}
	for i := range d.classes {
		if d.classes[i].available() {
			return
		}
	}
	for i := range d.classes {
		d.classes[i].spared = !d.classes[i].failed.IsZero()
	}
}

// server decides the weight of a server.
func (d *deciding) server(i int) ServerAim {
	c, in := &d.classes[i], &d.in.Servers[i]
	switch {
	case c.out != "":
		aim := ServerAim{Why: c.out, Changes: in.Admin.ends(d.now)}
		if !c.failed.IsZero() && in.Before.Weight < 0 {
			aim.Weight, aim.Masked = -1, in.Before.Masked
		}
		return aim
	case !c.failed.IsZero() && !c.spared:
		return d.mask(c, in)
	case d.aim.FallbackInUse:
		return ServerAim{Weight: d.zero(), Why: ByFallback}
	case d.Members[i].Tier > d.aim.Tier:
		return ServerAim{Weight: d.zero(), Why: ByTier}
	case c.waits:
		return ServerAim{Weight: d.zero(), Why: ByStart}
	case c.spared:
		return ServerAim{Weight: c.base, Why: BySpared, Changes: c.changes}
	case c.keeps:
		return ServerAim{Weight: in.Before.Weight, Why: ByAdoption}
	}
	aim := ServerAim{Weight: c.base, Why: c.by, Changes: earliest(c.changes, in.Admin.ends(d.now))}
	if c.by != ByWeight {
		d.ramp(&aim, in)
	}
	return aim
}

// zero is the weight of a server out of use that has no clients.
func (d *deciding) zero() int {
	if d.fragile {
		return -1
	}
	return 0
}

// mask decides what a failing server gets: the weight 0, and after the quiesce time its
// removal, so that its clients are reset or moved.
func (d *deciding) mask(c *class, in *ServerInput) ServerAim {
	aim := ServerAim{Why: c.cause, Masked: in.Before.Masked}
	if aim.Masked.IsZero() {
		aim.Masked = d.now
	}
	if d.fragile {
		aim.Weight = -1
		return aim
	}
	if d.Keep || !d.in.Resets {
		return aim
	}
	if end := aim.Masked.Add(d.Quiesce); d.now.Before(end) {
		aim.Changes = end
	} else {
		aim.Weight, aim.Why = -1, ByQuiesced
	}
	return aim
}

// fallback decides the weight of the fallback. Out of use, it keeps the weight 0 for the
// quiesce time.
func (d *deciding) fallback(in *ServerInput) ServerAim {
	aim := ServerAim{Weight: -1, Why: ByFallback}
	end := d.aim.Since.Add(d.Quiesce)
	switch {
	case d.aim.FallbackInUse:
		aim.Weight = d.Fallback.Weight
	case d.fragile || in.Before.Why == "" || in.Before.Weight < 0:
	case !d.in.Resets:
		aim.Weight = 0
	case d.now.Before(end):
		aim.Weight, aim.Changes = 0, end
	}
	return aim
}

// end finishes the aim.
func (d *deciding) end() {
	a := &d.aim
	a.Present = d.in.Present
	waits := false
	for i := range a.Servers {
		a.Changes = earliest(a.Changes, a.Servers[i].Changes)
		a.Present = a.Present || a.Servers[i].Weight > 0
		waits = waits || i < len(d.classes) && d.classes[i].waits
	}
	a.Present = a.Present || !waits
}

// earliest returns the earlier of two times that is not zero.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
