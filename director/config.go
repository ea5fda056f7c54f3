package director

import (
	"cmp"
	"net/netip"
	"time"

	"lvs/cluster"
	"lvs/director/health"
	"lvs/kernel"
	"lvs/plan"
)

// defaultQuiesce is how long a failed server keeps the weight 0 before it is removed.
const defaultQuiesce = 20 * time.Second

// NewModel returns what cluster files ask of the director, with all defaults filled in.
// files are the absolute paths of the files that w was made from.
func NewModel(w *cluster.Wanted, files []string) (*Model, error) {
	m := &Model{Wanted: w, Cluster: w.ClusterName(), Files: files, Settings: newSettings(w.Director())}
	m.Services = make([]Service, len(w.Services))
	for i := range w.Services {
		m.Services[i] = newService(&w.Services[i], w.Kept(i))
	}
	return m, nil
}

func newSettings(d cluster.Director) Settings {
	return Settings{
		OnStop: cmp.Or(d.OnStop, "keep"),
		Drift:  cmp.Or(d.Drift, "repair"),
		Sysctl: cmp.Or(d.Sysctl, "check"),
	}
}

func newService(declared *plan.Service, k cluster.Kept) Service {
	h := &k.Health
	s := Service{
		Service:   *declared,
		Name:      k.Name,
		Fallback:  k.Fallback,
		OnAllDown: h.OnAllDown,
		Quiesce:   defaultQuiesce,
		Keep:      h.OnDown.Then == "keep",
		MaxMasked: -1,
		SlowStart: h.SlowStart,
		Announce:  h.Announce,
	}
	s.Members = make([]Member, len(declared.Servers))
	for i := range declared.Servers {
		s.Members[i] = newMember(declared.Servers[i], &k.Members[i])
	}
	if s.OnAllDown == "" {
		s.OnAllDown = "withdraw"
		if s.Fallback != nil {
			s.OnAllDown = "fallback"
		}
	}
	if h.OnDown.Quiesce != nil {
		s.Quiesce = *h.OnDown.Quiesce
	}
	if h.MaxMasked != (cluster.Share{}) {
		s.MaxMasked = int(downTo(h.MaxMasked, int64(len(s.Members))))
	}
	s.quorum(h)
	return s
}

// quorum sets the limits of the service's state. Percentages are of the servers with a
// weight, or of their weight, in the first tier.
func (s *Service) quorum(h *cluster.ServiceHealth) {
	all := s.firstTier()
	s.Down = max(1, upTo(h.Down, all))
	s.Up = max(s.Down, upTo(h.Up, all))
}

// firstTier returns how much the servers of the first choice are together: their number,
// or their weight if the quorum counts that.
func (s *Service) firstTier() (sum int64) {
	first := -1
	for i := range s.Members {
		m := &s.Members[i]
		if m.Weight == 0 || first >= 0 && m.Tier > first {
			continue
		}
		if first < 0 || m.Tier < first {
			first, sum = m.Tier, 0
		}
		if s.ByWeight {
			sum += int64(m.Weight)
		} else {
			sum++
		}
	}
	return sum
}

// upTo returns a share as a number, rounded up: of 3, 50% are 2.
func upTo(s cluster.Share, of int64) int64 {
	if !s.Percent {
		return int64(s.N)
	}
	return (int64(s.N)*of + 99) / 100
}

// downTo returns a share as a number, rounded down: of 3, 50% are 1.
func downTo(s cluster.Share, of int64) int64 {
	if !s.Percent {
		return int64(s.N)
	}
	return int64(s.N) * of / 100
}

func newMember(v kernel.Server, m *cluster.Member) Member {
	return Member{Server: v, Check: newChecks(m.Checks, v.Addr)}
}

// newChecks returns checks that must all pass as one, or nil if there is none.
func newChecks(checks []cluster.Check, server netip.AddrPort) *Check {
	switch len(checks) {
	case 0:
		return nil
	case 1:
		c := newCheck(&checks[0], server)
		return &c
	}
	return &Check{Of: newParts(checks, server)}
}

func newParts(checks []cluster.Check, server netip.AddrPort) []Check {
	parts := make([]Check, len(checks))
	for i := range checks {
		parts[i] = newCheck(&checks[i], server)
	}
	return parts
}

func newCheck(c *cluster.Check, server netip.AddrPort) Check {
	if len(c.Of) > 0 {
		return Check{Of: newParts(c.Of, server), Any: c.Type == "any"}
	}
	return Check{Path: c.Via == "path", Probe: health.Probe{
		Target: newTarget(c, server),
		Spec:   newSpec(c),
		Timing: health.Timing{
			Every:     cmp.Or(c.Every, health.DefaultEvery),
			FastEvery: cmp.Or(c.FastEvery, min(health.DefaultFastEvery, cmp.Or(c.Every, health.DefaultEvery))),
			Timeout:   cmp.Or(c.Timeout, health.DefaultTimeout),
			Rise:      cmp.Or(c.Rise, health.DefaultRise),
			Fall:      cmp.Or(c.Fall, health.DefaultFall),
		},
	}}
}

// newTarget returns what a probe asks. The port is that of the check or else of the server;
// 0 is the usual one of the kind. Kinds without a port have none, so that services on
// several ports of a server share the probe.
func newTarget(c *cluster.Check, server netip.AddrPort) health.Target {
	port := cmp.Or(c.Port, server.Port())
	if kind := health.Kind(c.Type); kind == health.ICMP || kind == health.File {
		port = 0
	}
	return health.Target{Addr: netip.AddrPortFrom(server.Addr(), port)}
}

func newSpec(c *cluster.Check) health.Spec {
	s := health.Spec{
		Kind:   health.Kind(c.Type),
		Method: c.Method, Path: c.Path, Host: c.Host, Body: c.Body, Proxy: c.Proxy,
		StartTLS: c.StartTLS, ServerName: cmp.Or(c.ServerName, c.Host), Verify: c.Verify, Expiry: c.Expiry,
		Name: c.Name, Query: c.Query,
		Send: c.Send, Expect: c.Expect,
		Command: c.Command, File: c.File,
		BaseDN: c.BaseDN,
	}
	for _, r := range c.Status {
		s.Status = append(s.Status, health.StatusRange(r))
	}
	return s
}
