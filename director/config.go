package director

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/director/health"
	"lvs/doctor"
	"lvs/plan"
)

const (
	// defaultQuiesce is how long a failed server keeps the weight 0 before it is removed.
	defaultQuiesce = 20 * time.Second
	// defaultHookTimeout is how long a hook may take.
	defaultHookTimeout = 10 * time.Second
)

// NewModel returns what cluster files ask of the director, with all defaults filled in.
// files are the absolute paths of the files that w was made from. The error is
// cluster.Faults: all programs in the files that cannot be run.
func NewModel(w *cluster.Wanted, files []string) (*Model, error) {
	m := &Model{Wanted: w, Cluster: w.ClusterName(), Files: files, Settings: newSettings(w.Director())}
	b := builder{director: w.Director(), programs: map[string]bool{}}
	b.program("hook", m.Settings.Hook)
	m.Services = make([]Service, len(w.Services))
	for i := range w.Services {
		m.Services[i] = b.service(&w.Services[i], w.Kept(i))
	}
	if len(b.faults) > 0 {
		return nil, b.faults
	}
	m.Alarms = harmful(w)
	return m, nil
}

// harmful returns the settings that harm clients. The sysctls that the files need are not
// among them: CheckSysctls reads those.
func harmful(w *cluster.Wanted) []Alarm {
	var out []Alarm
	for _, d := range doctor.Cluster(w, doctor.Settings{}) {
		if d.Severity == doctor.Warning {
			out = append(out, Alarm{Code: d.Code, What: d.What + ": " + d.Why, Fix: d.Fix})
		}
	}
	return out
}

func newSettings(d cluster.Director) Settings {
	s := Settings{
		OnStop:   cmp.Or(d.OnStop, "keep"),
		Drift:    cmp.Or(d.Drift, "repair"),
		Sysctl:   cmp.Or(d.Sysctl, "check"),
		Trusted:  d.Start == "trusted",
		RoleAuto: d.Role == "auto",
		Hook:     d.Hook.Command,
	}
	if !s.RoleAuto {
		s.RoleFile = strings.TrimPrefix(d.Role, "file:")
	}
	if len(s.Hook) > 0 {
		s.HookTimeout = cmp.Or(d.Hook.Timeout, defaultHookTimeout)
	}
	return s
}

// builder makes the services of a model.
type builder struct {
	director cluster.Director
	// programs are those that were looked for, faults those that cannot be run.
	programs map[string]bool
	faults   cluster.Faults
}

// program adds a fault if a program cannot be run. Better no new file than a check that
// fails for all servers.
func (b *builder) program(of string, command []string) {
	if len(command) == 0 || b.programs[command[0]] {
		return
	}
	b.programs[command[0]] = true
	if _, err := exec.LookPath(command[0]); err != nil {
		var inner *exec.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		b.faults.Add(cluster.Fault{Why: fmt.Sprintf("cannot run the %s %s: %v", of, plan.Quote(command[0]), err),
			Hint: "install the program and make it executable, or correct its path"})
	}
}

func (b *builder) service(declared *plan.Service, k cluster.Kept) Service {
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
		ByWeight:  h.QuorumOf == "weight",
		Passive:   h.Passive,
		MinLeft:   h.MinLeft.N,
		Announce:  h.Announce,
	}
	s.Members = make([]Member, len(declared.Servers))
	for i := range declared.Servers {
		v, m := declared.Servers[i], &k.Members[i]
		s.Members[i] = Member{Server: v, Tier: m.Tier, Check: b.checks(m.Checks, v.Addr)}
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

// checks returns checks that must all pass as one, or nil if there is none.
func (b *builder) checks(checks []cluster.Check, server netip.AddrPort) *Check {
	switch len(checks) {
	case 0:
		return nil
	case 1:
		c := b.check(&checks[0], server)
		return &c
	}
	return &Check{Of: b.parts(checks, server)}
}

func (b *builder) parts(checks []cluster.Check, server netip.AddrPort) []Check {
	parts := make([]Check, len(checks))
	for i := range checks {
		parts[i] = b.check(&checks[i], server)
	}
	return parts
}

func (b *builder) check(c *cluster.Check, server netip.AddrPort) Check {
	if len(c.Of) > 0 {
		return Check{Of: b.parts(c.Of, server), Any: c.Type == "any", Degrade: c.Degrade.N}
	}
	if c.Type == "exec" {
		b.program("check", c.Command)
	}
	every := cmp.Or(c.Every, health.DefaultEvery)
	return Check{Path: c.Via == "path", Degrade: c.Degrade.N, Probe: health.Probe{
		Target: b.target(c, server),
		Spec:   newSpec(c),
		Timing: health.Timing{
			Every:     every,
			FastEvery: cmp.Or(c.FastEvery, min(health.DefaultFastEvery, every)),
			Timeout:   cmp.Or(c.Timeout, health.DefaultTimeout),
			Rise:      cmp.Or(c.Rise, health.DefaultRise),
			Fall:      cmp.Or(c.Fall, health.DefaultFall),
		},
	}}
}

// target returns what a probe asks. The port is that of the check, or else of the server, or
// else the usual one of the kind. Kinds without a port have none, so that services on
// several ports of a server share the probe.
func (b *builder) target(c *cluster.Check, server netip.AddrPort) health.Target {
	port := cmp.Or(c.Port, server.Port(), cluster.UsualPort(c.Type))
	t := health.Target{Addr: netip.AddrPortFrom(server.Addr(), port)}
	switch health.Kind(c.Type) {
	case health.Exec:
		return t
	case health.File:
		t.Addr = netip.AddrPortFrom(server.Addr(), 0)
		return t
	case health.ICMP:
		t.Addr = netip.AddrPortFrom(server.Addr(), 0)
	}
	if c.Via == "" { // the way of the traffic begins in the director's own
		t.Netns = netnsPath(cmp.Or(c.Netns, b.director.Netns))
	}
	sources := c.Source
	if len(sources) == 0 {
		sources = b.director.Source
	}
	for _, a := range sources {
		if a.Is4() == server.Addr().Is4() {
			t.Source = a
		}
	}
	return t
}

// netnsPath returns the path of a network namespace; a name is one of ip netns.
func netnsPath(name string) string {
	if name == "" || strings.Contains(name, "/") {
		return name
	}
	return "/run/netns/" + name
}

func newSpec(c *cluster.Check) health.Spec {
	s := health.Spec{
		Kind:   health.Kind(c.Type),
		Method: c.Method, Path: c.Path, Host: c.Host, Body: c.Body, Proxy: c.Proxy,
		StartTLS: c.StartTLS, ServerName: cmp.Or(c.ServerName, c.Host), Verify: c.Verify, Expiry: c.Expiry,
		Greeting: c.Greeting,
		Name:     c.Name, Query: c.Query,
		Send: c.Send, Expect: c.Expect,
		Command: c.Command, Dynamic: c.Dynamic, File: c.File,
		BaseDN: c.BaseDN, User: c.User, Database: c.Database,
		ProxyProtocol: c.ProxyProtocol, Reset: c.Reset,
	}
	for _, r := range c.Status {
		s.Status = append(s.Status, health.StatusRange(r))
	}
	return s
}
