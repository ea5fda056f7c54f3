package director

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/cluster"
	"lvs/director/health"
	"lvs/kernel"
)

func modelOf(t *testing.T, text string) *Model {
	t.Helper()
	f, err := cluster.Read("/etc/lvs/cluster.yaml", "apiVersion: lvs/v1\nkind: Cluster\n"+text)
	if err != nil {
		t.Fatal(err)
	}
	w, err := cluster.Resolve(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModel(w, []string{"/etc/lvs/cluster.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestNewModelOfAFileWithoutSettings(t *testing.T) {
	m := modelOf(t, "name: x\nservices: [{name: web, address: 'tcp://192.0.2.10:80', servers: [10.0.0.1, 10.0.0.2]}]\n")
	server := func(last string) Member {
		return Member{Server: kernel.Server{Addr: netip.MustParseAddrPort("10.0.0." + last + ":80"), Weight: 1,
			Forward: kernel.Direct}}
	}
	want := Service{Service: m.Wanted.Services[0], Name: "web", Members: []Member{server("1"), server("2")}, Down: 1,
		Up: 1, OnAllDown: "withdraw", Quiesce: 20 * time.Second, MaxMasked: -1}
	if d := cmp.Diff([]Service{want}, m.Services, cmpopts.EquateComparable(netip.AddrPort{}, netip.Addr{})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d := cmp.Diff(Settings{OnStop: "keep", Drift: "repair", Sysctl: "check"}, m.Settings); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if m.Cluster != "x" || len(m.Files) != 1 {
		t.Errorf("cluster %q, files %v", m.Cluster, m.Files)
	}
}

func TestServiceSettings(t *testing.T) {
	for _, c := range []struct {
		name, keys, servers string
		want                func(*Service)
	}{
		{"quorum in servers", "minHealthy: {down: 2, up: 3}", "", func(s *Service) { s.Down, s.Up = 2, 3 }},
		{"quorum in percent, rounded up", "minHealthy: {down: 30%, up: 50%}", "", func(s *Service) { s.Down, s.Up = 2, 3 }},
		{"quorum with one limit", "minHealthy: {down: 50%}", "", func(s *Service) { s.Down, s.Up = 3, 3 }},
		{"quorum with the other limit", "minHealthy: {up: 50%}", "", func(s *Service) { s.Down, s.Up = 1, 3 }},
		{"quorum of servers with a weight", "minHealthy: {down: 100%}",
			"[10.0.0.1, 10.0.0.2, {address: 10.0.0.3, weight: 0}]",
			func(s *Service) { s.Down, s.Up = 2, 2 }},
		{"quorum without a weight", "minHealthy: {down: 50%}", "[{address: 10.0.0.3, weight: 0}]", nil},
		{"no servers", "minHealthy: {down: 50%}", "[]", nil},
		{"fallback", "fallback: 10.0.0.99", "", func(s *Service) {
			s.Fallback = &kernel.Server{Addr: netip.MustParseAddrPort("10.0.0.99:80"), Weight: 1, Forward: kernel.Direct}
			s.OnAllDown = "fallback"
		}},
		{"open", "onAllDown: open", "", func(s *Service) { s.OnAllDown = "open" }},
		{"keep", "onDown: {then: keep}", "", func(s *Service) { s.Keep = true }},
		{"at once", "onDown: {quiesce: 0s}", "", func(s *Service) { s.Quiesce = 0 }},
		{"masked, in percent, rounded down", "maxMasked: 50%", "", func(s *Service) { s.MaxMasked = 2 }},
		{"masked, none", "maxMasked: 10%", "", func(s *Service) { s.MaxMasked = 0 }},
		{"masked", "maxMasked: 3", "", func(s *Service) { s.MaxMasked = 3 }},
		{"quorum in weight", "minHealthy: {down: 30%, up: 7, of: weight}",
			"[{address: 10.0.0.1, weight: 10}, {address: 10.0.0.2, weight: 1}, {address: 10.0.0.3, weight: 100, tier: 1}]",
			func(s *Service) { s.Down, s.Up, s.ByWeight = 4, 7, true }},
		{"quorum of a first tier that is not 0", "minHealthy: {down: 100%}",
			"[{address: 10.0.0.1, tier: 2}, {address: 10.0.0.2, tier: 1}, {address: 10.0.0.3, tier: 2}]", nil},
		{"passive", "passive: true", "", func(s *Service) { s.Passive = true }},
		{"minLeft", "minLeft: 60%", "", func(s *Service) { s.MinLeft = 60 }},
		{"slow start", "slowStart: 1m", "", func(s *Service) { s.SlowStart = time.Minute }},
	} {
		t.Run(c.name, func(t *testing.T) {
			servers := c.servers
			if servers == "" {
				servers = "['10.0.0.[1-5]']"
			}
			got := modelOf(t, "services: [{address: 'tcp://192.0.2.10:80', servers: "+servers+", "+c.keys+"}]\n").Services[0]
			want := Service{Service: got.Service, Members: got.Members, Down: 1, Up: 1, OnAllDown: "withdraw",
				Quiesce: 20 * time.Second, MaxMasked: -1}
			if c.want != nil {
				c.want(&want)
			}
			if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{}, netip.Addr{})); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestChecks(t *testing.T) {
	probe := func(change func(*health.Probe)) Check {
		p := health.Probe{Target: health.Target{Addr: netip.MustParseAddrPort("10.0.0.1:80")}, Spec: health.Spec{Kind: "tcp"},
			Timing: health.Timing{Every: 2 * time.Second, FastEvery: 500 * time.Millisecond, Timeout: time.Second, Rise: 2,
				Fall: 3}}
		if change != nil {
			change(&p)
		}
		return Check{Probe: p}
	}
	port := func(p *health.Probe, port uint16) { p.Addr = netip.AddrPortFrom(p.Addr.Addr(), port) }
	path := probe(nil)
	path.Path = true
	degraded := probe(nil)
	degraded.Degrade = 50
	for _, c := range []struct {
		name, check string
		want        Check
	}{
		{"the defaults", "{type: tcp}", probe(nil)},
		{"a port", "{type: tcp, port: 81}", probe(func(p *health.Probe) { port(p, 81) })},
		{"no port", "{type: icmp}", probe(func(p *health.Probe) { port(p, 0); p.Kind = "icmp" })},
		{"the path of the traffic", "{type: tcp, via: path}", path},
		{"times", "{type: tcp, every: 1m, fastEvery: 5s, timeout: 3s, rise: 1, fall: 9}", probe(func(p *health.Probe) {
			p.Timing = health.Timing{Every: time.Minute, FastEvery: 5 * time.Second, Timeout: 3 * time.Second, Rise: 1, Fall: 9}
		})},
		{"fastEvery is never longer than every", "{type: tcp, every: 200ms}", probe(func(p *health.Probe) {
			p.Every, p.FastEvery = 200*time.Millisecond, 200*time.Millisecond
		})},
		{"http", "{type: http, method: HEAD, path: /x, host: www.example.com, status: [200, 300-399], proxy: true}",
			probe(func(p *health.Probe) {
				p.Spec = health.Spec{Kind: "http", Method: "HEAD", Path: "/x", Host: "www.example.com", Proxy: true,
					ServerName: "www.example.com", Status: []health.StatusRange{{Low: 200, High: 200}, {Low: 300, High: 399}}}
			})},
		{"https", "{type: https, host: a, serverName: b, verify: true, expiry: 7d, body: ok}", probe(func(p *health.Probe) {
			p.Spec = health.Spec{Kind: "https", Host: "a", ServerName: "b", Verify: true, Expiry: 168 * time.Hour, Body: "ok"}
		})},
		{"exec", "{type: exec, command: [../../bin/sh, y], dynamic: true}", probe(func(p *health.Probe) {
			p.Spec = health.Spec{Kind: "exec", Command: []string{"/bin/sh", "y"}, Dynamic: true}
		})},
		{"file", "{type: file, file: out}", probe(func(p *health.Probe) {
			port(p, 0)
			p.Spec = health.Spec{Kind: "file", File: "/etc/lvs/out"}
		})},
		{"a source of the family", "{type: tcp, source: ['2001:db8::9', 192.0.2.9], reset: true}",
			probe(func(p *health.Probe) { p.Source, p.Reset = netip.MustParseAddr("192.0.2.9"), true })},
		{"a source of another family", "{type: tcp, source: '2001:db8::9'}", probe(nil)},
		{"a namespace", "{type: tcp, netns: dmz}", probe(func(p *health.Probe) { p.Netns = "/run/netns/dmz" })},
		{"a namespace by path", "{type: tcp, netns: /proc/1/ns/net}",
			probe(func(p *health.Probe) { p.Netns = "/proc/1/ns/net" })},
		{"pgsql", "{type: pgsql, user: u, database: d, proxyProtocol: 2}", probe(func(p *health.Probe) {
			p.Spec = health.Spec{Kind: "pgsql", User: "u", Database: "d", ProxyProtocol: 2}
		})},
		{"agent", "{type: agent, port: 9999}", probe(func(p *health.Probe) { port(p, 9999); p.Kind = "agent" })},
		{"degrade", "{type: tcp, degrade: 50%}", degraded},
		{"degrade of several", "{type: any, of: [{type: tcp}], degrade: 20%}",
			Check{Any: true, Degrade: 20, Of: []Check{probe(nil)}}},
		{"several must pass", "[{type: tcp}, {type: udp}]", Check{Of: []Check{probe(nil),
			probe(func(p *health.Probe) { p.Kind = "udp" })}}},
		{"one must pass, of one", "{type: any, of: [{type: tcp}]}", Check{Any: true, Of: []Check{probe(nil)}}},
		{"in each other", "{type: any, of: [{type: all, of: [{type: tcp}, {type: tcp}]}]}",
			Check{Any: true, Of: []Check{{Of: []Check{probe(nil), probe(nil)}}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := modelOf(t, "services: [{address: 'tcp://192.0.2.10:80', servers: [10.0.0.1], check: "+c.check+"}]\n")
			got := m.Services[0].Members[0].Check
			if d := cmp.Diff(&c.want, got, cmpopts.EquateComparable(netip.AddrPort{}, netip.Addr{})); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	plain := Settings{OnStop: "keep", Drift: "repair", Sysctl: "check"}
	for _, c := range []struct {
		name, keys string
		want       func(*Settings)
	}{
		{"nothing", "{}", nil},
		{"words", "{onStop: remove, drift: report, sysctl: set, start: trusted}", func(s *Settings) {
			s.OnStop, s.Drift, s.Sysctl, s.Trusted = "remove", "report", "set", true
		}},
		{"checked", "{start: checked}", nil},
		{"role by VRRP", "{role: auto}", func(s *Settings) { s.RoleAuto = true }},
		{"role by a file", "{role: 'file:run/role'}", func(s *Settings) { s.RoleFile = "/etc/lvs/run/role" }},
		{"hook", "{hook: {command: [sh, -c, x]}}", func(s *Settings) {
			s.Hook, s.HookTimeout = []string{"sh", "-c", "x"}, 10*time.Second
		}},
		{"hook with a time", "{hook: {command: [../../bin/sh], timeout: 2s}}", func(s *Settings) {
			s.Hook, s.HookTimeout = []string{"/bin/sh"}, 2*time.Second
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := plain
			if c.want != nil {
				c.want(&want)
			}
			if d := cmp.Diff(want, modelOf(t, "services: []\ndirector: "+c.keys+"\n").Settings); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestDirectorSourceAndNetns(t *testing.T) {
	m := modelOf(t, `
director: {source: [192.0.2.9, "2001:db8::9"], netns: dmz}
defaults: {check: [{type: tcp}, {type: tcp, source: 192.0.2.8, netns: own}, {type: exec, command: [sh]},
  {type: tcp, via: path}]}
services:
- {address: "tcp://192.0.2.10:80", servers: [10.0.0.1]}
- {address: "tcp://[2001:db8::10]:80", servers: ["2001:db8::1"]}
`)
	var got []string
	for i := range m.Services {
		for _, c := range m.Services[i].Members[0].Check.Of {
			got = append(got, c.Source.String()+" "+c.Netns)
		}
	}
	if d := cmp.Diff([]string{"192.0.2.9 /run/netns/dmz", "192.0.2.8 /run/netns/own", "invalid IP ",
		"192.0.2.9 ", "2001:db8::9 /run/netns/dmz", "invalid IP /run/netns/own", "invalid IP ",
		"2001:db8::9 "}, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestProgramsThatCannotBeRun(t *testing.T) {
	f, err := cluster.Read("/etc/lvs/cluster.yaml", `apiVersion: lvs/v1
kind: Cluster
director: {hook: {command: [./no-hook]}}
services:
- {address: "tcp://192.0.2.10:80", servers: ["10.0.0.[1-3]"], check: {type: exec, command: [no-such-program, x]}}
- {address: "tcp://192.0.2.11:80", servers: [10.0.0.1], check: {type: exec, command: [/etc/passwd]}}
`)
	if err != nil {
		t.Fatal(err)
	}
	w, err := cluster.Resolve(f)
	if err != nil {
		t.Fatal(err)
	}
	const want = `cannot run the hook "/etc/lvs/no-hook": stat /etc/lvs/no-hook: no such file or directory
cannot run the check "no-such-program": executable file not found in $PATH
cannot run the check "/etc/passwd": permission denied`
	if _, err := NewModel(w, nil); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestUsualPorts(t *testing.T) {
	m := modelOf(t, `
defaults: {check: [{type: http}, {type: pgsql}, {type: redis, port: 7}]}
services: [{address: "fwmark:1", servers: [10.0.0.1, "10.0.0.2:81"]}]
`)
	var got []uint16
	for _, s := range m.Services[0].Members {
		for _, c := range s.Check.Of {
			got = append(got, c.Addr.Port())
		}
	}
	if d := cmp.Diff([]uint16{80, 5432, 7, 81, 81, 7}, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestAlarms has what harms clients, and not what is only worth a note.
func TestAlarms(t *testing.T) {
	m := modelOf(t, `
services:
- {address: "udp://192.0.2.10:53", scheduler: sed, servers: [10.0.0.1]}
- {address: "tcp://192.0.2.10:80", check: {type: tcp}, servers: [10.0.0.1]}
`)
	want := []Alarm{{Code: "udp-scheduler", What: "the scheduler sed for UDP (udp://192.0.2.10:53): it counts active " +
		"connections, and those of UDP are never active: one server gets all of them", Fix: "use scheduler: wlc, wrr or rr"}}
	if d := cmp.Diff(want, m.Alarms); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
