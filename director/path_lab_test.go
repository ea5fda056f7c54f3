package director

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"lvs/director/health"
	"lvs/kernel"
	"lvs/lab"
	"lvs/plan"
)

// prober asks probes until the test ends, and knows their newest states.
type labProber struct {
	engine *health.Engine
	states map[health.Key]health.State
	news   chan health.Report
}

func newLabProber(t *testing.T) *labProber {
	p := &labProber{states: map[health.Key]health.State{}, news: make(chan health.Report, 100)}
	p.engine = health.NewEngine(health.Options{Report: func(r health.Report) { p.news <- r }})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.engine.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for {
			select {
			case <-p.news:
			case err := <-ended:
				if err != nil {
					t.Error(err)
				}
				return
			}
		}
	})
	return p
}

// until waits until a probe has a verdict.
func (p *labProber) until(t *testing.T, key health.Key, want health.Verdict) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for p.states[key].Verdict != want {
		select {
		case r := <-p.news:
			p.states[r.Key] = r.State
		case <-limit:
			t.Fatalf("the verdict stays %v: %+v", p.states[key].Verdict, p.states[key].Last)
		}
	}
}

// TestPathCheck takes from a server what clients need and a plain check does not see: with
// every forwarding method and both families, the plain check goes on passing and the one
// through the forwarding path fails, until it is there again.
func TestPathCheck(t *testing.T) {
	for _, c := range []struct {
		name    string
		lab     lab.Forward
		forward kernel.Forward
	}{
		{"direct", lab.Direct, kernel.Direct}, {"tunnel", lab.Tunnel, kernel.Tunneling}, {"nat", lab.NAT, kernel.NAT},
	} {
		for _, family := range []kernel.Family{kernel.IPv4, kernel.IPv6} {
			t.Run(c.name+" "+family.String(), func(t *testing.T) {
				lab.Need(t)
				pathCheck(t, lab.NewCluster(t, lab.Options{Forward: c.lab}), c.forward, family)
			})
		}
	}
}

func pathCheck(t *testing.T, c *lab.Cluster, forward kernel.Forward, family kernel.Family) {
	d := c.Director
	for _, s := range c.Servers {
		if err := s.ServeHTTP(80); err != nil {
			t.Fatal(err)
		}
	}
	virtual, own := c.VIP4, c.Servers[0].Addr4
	if family == kernel.IPv6 {
		virtual, own = c.VIP6, c.Servers[0].Addr6
	}
	service := kernel.AddressID(kernel.TCP, netip.AddrPortFrom(virtual, 80))
	model := &Model{Services: []Service{pathService(t, service.String(), forward, netip.AddrPortFrom(own, 80).String())}}
	k, err := kernel.Open(kernel.Options{Netns: d.NetNS})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	p := preparedPaths(t, d, k, model)
	var wanted []plan.Service
	for i := range p.Model.Services {
		if IsPath(p.Model.Services[i].ServiceID) {
			wanted = append(wanted, p.Model.Services[i].Service)
		}
	}
	table, err := k.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Apply(t.Context(), plan.Between(table, wanted, plan.Options{})); err != nil {
		t.Fatal(err)
	}
	prober := newLabProber(t)
	checks := p.Model.Services[0].Members[0].Check.Of
	var probes []health.Probe
	for i := range checks {
		checks[i].Netns = d.Path()
		checks[i].Timing = health.Timing{Every: 200 * time.Millisecond, FastEvery: 100 * time.Millisecond,
			Timeout: 300 * time.Millisecond, Rise: 1, Fall: 2}
		probes = append(probes, checks[i].Probe)
	}
	plain, path := probes[0].Key(), probes[1].Key()
	prober.engine.Set(probes, func(health.Key) (health.State, bool) { return health.State{}, false })
	prober.until(t, plain, health.Up)
	prober.until(t, path, health.Up)

	lose, regain := loseWay(t, c, forward, family)
	lose()
	prober.until(t, path, health.Down)
	t.Logf("the check says %s: %s", prober.states[path].Last.Reason, prober.states[path].Last.Detail)
	if prober.states[plain].Verdict != health.Up {
		t.Error("the plain check has noticed it as well")
	}
	regain()
	prober.until(t, path, health.Up)

	if err := c.Servers[0].Stop(); err != nil {
		t.Fatal(err)
	}
	prober.until(t, path, health.Down)
	if got := prober.states[path].Last.Reason; got != health.Refused {
		t.Errorf("a stopped server is %q, want refused", got)
	}
}

// preparedPaths makes the paths of a model on a director. What is missing of the settings is
// set, as with sysctl: set.
func preparedPaths(t *testing.T, d *lab.Node, k *kernel.Client, model *Model) (p *Paths) {
	t.Helper()
	onDirector(t, d, func() {
		p = NewPaths(model, Host{})
		if len(p.Needs) == 0 {
			return
		}
		t.Logf("it needs %v", p.Needs)
		if len(p.Direct) != 1 {
			t.Errorf("before that %d checks ask directly", len(p.Direct))
		}
		if alarms, _, err := CheckSysctls(t.Context(), k, Host{}, p.Needs, true, time.Time{}); err != nil || len(alarms) > 0 {
			t.Errorf("after setting them: %v, %v", alarms, err)
		}
		p = NewPaths(model, Host{})
	})
	if len(p.Direct) > 0 {
		t.Fatalf("checks ask directly: %+v", p.Direct)
	}
	return p
}

// loseWay returns what takes from the first server what traffic by a forwarding method
// needs: the virtual address on lo or, with NAT, the route back to the director.
func loseWay(t *testing.T, c *lab.Cluster, forward kernel.Forward, family kernel.Family) (lose, regain func()) {
	s, virtual, bits := c.Servers[0].Node, c.VIP4, 32
	if family == kernel.IPv6 {
		virtual, bits = c.VIP6, 128
	}
	if forward != kernel.NAT {
		address := fmt.Sprintf("%s/%d", virtual, bits)
		return func() { ip(t, s, "addr", "del", address, "dev", "lo") },
			func() { ip(t, s, "addr", "add", address, "dev", "lo") }
	}
	gateway := c.Director.Addr4
	if family == kernel.IPv6 {
		gateway = c.Director.Addr6
	}
	every := netip.PrefixFrom(gateway, 0).Masked().String()
	return func() { ip(t, s, "route", "del", every) },
		func() { ip(t, s, "route", "add", every, "via", gateway.String()) }
}
