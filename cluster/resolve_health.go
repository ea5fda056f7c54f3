package cluster

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"lvs/kernel"
	"lvs/plan"
)

type checkPlace struct {
	file  int
	check *Check
}

func (r *resolver) addChecks() {
	for i := range r.now.Checks {
		c := &r.now.Checks[i]
		if first, twice := r.checks[c.Name]; twice {
			r.fault(fmt.Sprintf("duplicate check %s: first %s", plan.Quote(c.Name), r.where(first.file, "checks", c.Name)),
				"define a check only once in all files that are read together", "checks", c.Name)
			continue
		}
		r.checks[c.Name] = checkPlace{r.file, &c.Check}
	}
}

// addOnce adds the keys that only one of the files may have.
func (r *resolver) addOnce() {
	for i, part := range []struct {
		key  string
		here bool
	}{{"bgp", r.now.BGP != nil}, {"overflow", r.now.Overflow != nil}, {"director", r.now.Director != nil}} {
		switch {
		case !part.here:
		case r.once[i] > 0:
			r.fault(fmt.Sprintf("duplicate key %s: first %s", part.key, r.where(r.once[i]-1, part.key)),
				"define it only once in all files that are read together", part.key)
		default:
			r.once[i] = r.file + 1
		}
	}
}

// role checks that there is an address from which the role can be found.
func (r *resolver) role() {
	byAddress := func(s plan.Service) bool { return s.FWMark == 0 }
	if d := r.now.Director; d != nil && d.Role == "auto" && !slices.ContainsFunc(r.out.Services, byAddress) &&
		len(r.out.Services) > 0 {
		r.fault("role: auto needs a service with an address; there are only firewall marks",
			"use role: file:PATH", "director", "role")
	}
}

// namedChecks finds names without a check, and checks that contain themselves.
func (r *resolver) namedChecks() {
	r.useChecks(r.now.Defaults.Check, "defaults", "check")
	for i := range r.now.Checks {
		c := &r.now.Checks[i]
		r.useChecks(c.Check.Of, "checks", c.Name, "of")
		if r.circles(&c.Check, r.circled) {
			r.fault("the check "+plan.Quote(c.Name)+" contains itself", "", "checks", c.Name)
		}
	}
	for i := range r.now.Pools {
		for j := range r.now.Pools[i].Servers {
			if c := r.now.Pools[i].Servers[j].Check; len(c) > 0 {
				r.useChecks(c, "pools", r.now.Pools[i].Name, j, "check")
			}
		}
	}
}

// useChecks looks up the names in a list of checks.
func (r *resolver) useChecks(checks []Check, path ...any) {
	for i := range checks {
		if checks[i].Ref == "" && len(checks[i].Of) == 0 {
			continue
		}
		at := append(slices.Clone(path), i)
		r.useChecks(checks[i].Of, append(slices.Clone(at), "of")...)
		name := checks[i].Ref
		if _, ok := r.checks[name]; ok || name == "" {
			continue
		}
		r.unknown("check", name, slices.Sorted(maps.Keys(r.checks)), at...)
	}
}

// circles reports whether a check leads back to a check that contains it. Each check
// is visited once: seen is true for those that are being visited.
func (r *resolver) circles(c *Check, seen map[*Check]bool) bool {
	if open, done := seen[c]; done {
		return open
	}
	seen[c] = true
	defer func() { seen[c] = false }()
	return slices.ContainsFunc(c.Of, func(part Check) bool {
		named, ok := r.checks[part.Ref]
		if ok && part.Ref != "" {
			return r.circles(named.check, seen)
		}
		return r.circles(&part, seen)
	})
}

// unknown adds the fault of a name that no object has.
func (r *resolver) unknown(what, name string, known []string, path ...any) {
	hint := "add it under the key " + what + "s"
	if near := Nearest(name, known); near != "" {
		hint = "did you mean " + near + "?"
	} else if len(known) > 0 {
		hint = "the " + what + "s are: " + plan.Shorten(strings.Join(known, ", "))
	}
	r.fault("there is no "+what+" "+plan.Quote(name), hint, path...)
}

// health checks a service's settings for the director against the service.
func (r *resolver) health(s *FileService, i int, one *plan.Service) {
	h := &s.Health
	n := len(one.Servers)
	most, never := n, "%d healthy servers: it has %d"
	if h.QuorumOf == "weight" {
		most, never = 0, "healthy servers with a weight of %d: all its servers have %d"
		for j := range one.Servers {
			most += one.Servers[j].Weight
		}
	}
	for _, share := range []struct {
		key string
		Share
	}{{"down", h.Down}, {"up", h.Up}} {
		if !share.Percent && share.N > most && (most > 0 || n == 0) { // all may be drained
			r.fault(fmt.Sprintf("service %v can never have "+never, one.ServiceID, share.N, most),
				"", "services", i, "minHealthy", share.key)
		}
	}
	if m := h.MaxMasked; !m.Percent && m.N > n {
		r.fault(fmt.Sprintf("service %v can never have %d masked servers: it has %d", one.ServiceID, m.N, n),
			"leave out maxMasked, or use a percentage such as 50%", "services", i, "maxMasked")
	}
	if h.OnAllDown == "fallback" && h.Fallback == "" {
		r.fault("onAllDown: fallback needs a fallback", "add fallback: ADDRESS", "services", i, "onAllDown")
	}
	if h.Fallback != "" {
		r.fallback(s, i, one)
	}
	if h.Announce && one.FWMark == 0 && r.once[0] == 0 {
		r.fault("announce needs bgp", "add bgp, or leave out announce", "services", i, "announce")
	}
	if h.Announce && !slices.ContainsFunc(s.Addresses, func(id kernel.ServiceID) bool { return id.FWMark == 0 }) {
		r.fault("a firewall mark has no address to announce", "leave out announce", "services", i, "announce")
	}
}

// fallback checks the server that would be added while the service is down.
func (r *resolver) fallback(s *FileService, i int, one *plan.Service) {
	v, err := fallbackServer(r.now, s, one.Port)
	if err != nil { // of a file that a program made
		r.fault(err.Error(), "", "services", i, "fallback")
		return
	}
	for _, b := range plan.CheckNewServer(one.ServiceID, &v) {
		r.fault(fmt.Sprintf("fallback %v: %s", v.Addr, b.Why(r.words)), b.Fix(r.words), "services", i, "fallback")
	}
	byAddress := func(s kernel.Server, a netip.AddrPort) int { return s.Addr.Compare(a) }
	if _, there := slices.BinarySearchFunc(one.Servers, v.Addr, byAddress); there {
		r.fault(fmt.Sprintf("the fallback %v is also a server of %v", v.Addr, one.ServiceID),
			"", "services", i, "fallback")
	}
}

// ports adds a fault if a check has no port to probe: neither the check nor the server nor
// the service has one, and its type has no usual one.
func (r *resolver) ports(s *FileService, i int, l *serverList, one *plan.Service) {
	if one.Port != 0 {
		return
	}
	shared := s.Health.Check
	if len(shared) == 0 {
		shared = r.now.Defaults.Check
	}
	for j := range l.from {
		from := &l.from[j]
		servers, err := parseServers(from.Address)
		if err != nil || servers.portOr(0) != 0 {
			continue
		}
		checks := shared
		if len(from.Check) > 0 {
			checks = from.Check
		}
		if kind := r.portless(checks, maxDepth); kind != "" {
			r.fault(fmt.Sprintf("the %s check of server %s of %v has no port to probe: neither the server nor the service "+
				"has one", kind, plan.Quote(from.Address), one.ServiceID), "add port: NUMBER to the check",
				"services", i, "address")
			return
		}
	}
}

// portless returns the type of the first check that needs a port of the server, or nothing.
// Checks that contain themselves are a fault already: depth ends them.
func (r *resolver) portless(checks []Check, depth int) string {
	if depth == 0 {
		return ""
	}
	for i := range checks {
		c := &checks[i]
		if named, ok := r.checks[c.Ref]; ok && c.Ref != "" {
			c = named.check
		}
		if (c.Type == "tcp" || c.Type == "udp") && c.Port == 0 {
			return c.Type
		}
		if kind := r.portless(c.Of, depth-1); kind != "" {
			return kind
		}
	}
	return ""
}
