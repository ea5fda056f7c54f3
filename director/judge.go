package director

import (
	"time"

	"lvs/director/health"
	"lvs/kernel"
)

// Health is what the checks of a server found together.
type Health struct {
	// Checked is false without any check. The verdict is then Unknown and counts as Up.
	Checked bool
	Verdict health.Verdict
	Since   time.Time
	// Degrade is the percentage of its weight that the server keeps. 0 is all.
	Degrade int
	// Agent is what the server said about itself.
	Agent Agent
	// silent is set if there is nothing but agents that never said anything.
	silent bool
}

// Agent is what a server said about itself, each part as it was said last. The zero value
// is: nothing.
type Agent struct {
	// Percent of the declared weight, or Weight itself. Only one is set.
	Percent, Weight *int
	// Admin is drain or maint. Only the word ready ends it; up and down are health.
	Admin string
}

// heard returns what is known after some words.
func (a Agent) heard(w *health.AgentWords) Agent {
	if w == nil {
		return a
	}
	switch {
	case w.Percent >= 0:
		a.Percent, a.Weight = &w.Percent, nil
	case w.Weight >= 0:
		a.Percent, a.Weight = nil, &w.Weight
	}
	switch w.Admin {
	case "drain", "maint":
		a.Admin = w.Admin
	case "ready":
		a.Admin = ""
	}
	return a
}

func (a *Agent) out() bool { return a.Admin != "" }

// weight returns the weight that the server asks for.
func (a *Agent) weight(declared int) (weight int, said bool) {
	switch {
	case a.Percent != nil && *a.Percent <= 0, a.Weight != nil && *a.Weight <= 0:
		return 0, true
	case declared == 0:
		return 0, false
	case a.Percent != nil:
		return percent(declared, *a.Percent), true
	case a.Weight != nil:
		return min(*a.Weight, kernel.MaxWeight), true
	}
	return declared, false
}

// onlyFed reports whether a differs from b in nothing but the share of a server that is in use
// with both. The first share counts at once.
func (a *Agent) onlyFed(b *Agent) bool {
	some := func(x *Agent) bool { return x.Percent != nil && *x.Percent > 0 || x.Weight != nil && *x.Weight > 0 }
	return !a.same(b) && a.Admin == b.Admin && some(a) && some(b)
}

// same reports whether both say the same.
func (a *Agent) same(b *Agent) bool {
	equal := func(x, y *int) bool { return x == y || x != nil && y != nil && *x == *y }
	return a.Admin == b.Admin && equal(a.Percent, b.Percent) && equal(a.Weight, b.Weight)
}

// check is a Check with the keys of its probes.
type check struct {
	of      []check
	any     bool
	degrade int
	key     health.Key
}

// compile returns a tree with keys, and calls probe with each probe.
func compile(c *Check, probe func(*health.Probe) health.Key) check {
	out := check{any: c.Any, degrade: c.Degrade}
	if len(c.Of) == 0 {
		out.key = probe(&c.Probe)
		return out
	}
	for i := range c.Of {
		out.of = append(out.of, compile(&c.Of[i], probe))
	}
	return out
}

// judge returns what the probes of a tree add up to. It does not depend on the order in
// which they came to their verdicts.
func (c *check) judge(probes map[health.Key]*probe) Health {
	h := Health{Checked: true}
	if len(c.of) == 0 {
		if p := probes[c.key]; p != nil {
			h.Verdict, h.Since, h.Agent, h.silent = p.Verdict, p.State.Since, p.agent, p.silent
		}
	} else {
		h = c.together(probes)
	}
	if c.degrade > 0 && h.Verdict == health.Down {
		h.Verdict, h.Degrade = health.Up, c.degrade
	}
	return h
}

// together returns what several checks add up to. All: down if one is, since the first
// of them. Any: the other way round. Agents that never said anything do not count.
func (c *check) together(probes map[health.Key]*probe) Health {
	decisive, other := health.Down, health.Up
	if c.any {
		decisive, other = health.Up, health.Down
	}
	out := Health{Checked: true, Verdict: other, silent: true}
	for i := range c.of {
		h := c.of[i].judge(probes)
		if h.silent {
			continue
		}
		out.silent = false
		switch {
		case h.Verdict == decisive && (out.Verdict != decisive || h.Since.Before(out.Since)):
			out.Verdict, out.Since = decisive, h.Since
		case out.Verdict == decisive:
		case h.Verdict == health.Unknown:
			out.Verdict, out.Since = health.Unknown, time.Time{}
		case out.Verdict == other && h.Verdict == other && h.Since.After(out.Since):
			out.Since = h.Since
		}
		if h.Degrade > 0 && (out.Degrade == 0 || h.Degrade < out.Degrade) {
			out.Degrade = h.Degrade
		}
		out.Agent = out.Agent.with(h.Agent)
	}
	if out.silent {
		out.Verdict = health.Unknown
	}
	return out
}

// with adds what another agent of the same server said.
func (a Agent) with(b Agent) Agent {
	if b.Percent != nil || b.Weight != nil {
		a.Percent, a.Weight = b.Percent, b.Weight
	}
	if b.Admin != "" {
		a.Admin = b.Admin
	}
	return a
}
