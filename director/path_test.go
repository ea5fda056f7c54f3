package director

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/director/health"
	"lvs/kernel"
)

// pathService returns a service whose servers have a check with via: path, and the same one
// directly.
func pathService(t *testing.T, id string, forward kernel.Forward, servers ...string) Service {
	t.Helper()
	s := serviceWith(t, id, "wlc", forward, servers[0])
	s.Members = nil
	for _, server := range servers {
		addr := netip.MustParseAddrPort(server)
		probe := health.Probe{Target: health.Target{Addr: addr}, Spec: health.Spec{Kind: health.TCP}}
		s.Members = append(s.Members, Member{
			Server: kernel.Server{Addr: addr, Forward: forward, Weight: 1},
			Check:  &Check{Of: []Check{{Probe: probe}, {Probe: probe, Path: true}}},
		})
	}
	return s
}

func pathNetwork() *fakeNetwork {
	n := newFakeNetwork()
	n.link("eth0", "192.0.2.1", "10.0.0.1")
	n.way("10.0.0.11", "10.0.0.1", "eth0")
	n.way("10.0.0.12", "192.0.2.1", "eth0") // the kernel chooses a virtual address
	n.ways[netip.MustParseAddr("192.0.2.1")] = Way{Local: true, Interface: "lo"}
	n.settings["ipv4/conf/all/accept_local"], n.settings["ipv4/conf/eth0/accept_local"] = "0", "1"
	n.settings["ipv4/conf/all/rp_filter"], n.settings["ipv4/conf/eth0/rp_filter"] = "0", "0"
	return n
}

func TestPaths(t *testing.T) {
	n := pathNetwork()
	s := pathService(t, "tcp://192.0.2.1:80", kernel.Direct, "10.0.0.11:80", "10.0.0.12:80")
	other := pathService(t, "tcp://192.0.2.1:443", kernel.Direct, "10.0.0.11:443")
	m := &Model{Services: []Service{s, other}}
	p := NewPaths(m, n)
	if len(p.Direct) > 0 || len(p.Needs) > 0 {
		t.Fatalf("direct %v, needs %v", p.Direct, p.Needs)
	}
	if got := len(p.Model.Services); got != 4 {
		t.Fatalf("there are %d services, want 2 and 2 marks", got)
	}
	if m.Services[0].Members[0].Check.Of[1].Mark != 0 {
		t.Error("the model itself was changed")
	}
	for i := range 2 {
		check := p.Model.Services[0].Members[i].Check
		if check.Of[0].Target != s.Members[i].Check.Of[0].Target {
			t.Errorf("the direct check asks %+v", check.Of[0].Target)
		}
		want := health.Target{
			Addr: netip.MustParseAddrPort("192.0.2.1:80"), Source: netip.MustParseAddr("10.0.0.1"), Mark: check.Of[1].Mark,
		}
		if check.Of[1].Target != want || !IsPath(kernel.MarkID(want.Mark, kernel.IPv4)) {
			t.Errorf("the check of server %d asks %+v", i, check.Of[1].Target)
		}
		if got := p.Server(want.Mark); got != s.Members[i].Addr.Addr() {
			t.Errorf("the mark %#x is of %v", want.Mark, got)
		}
		mark := p.service(t, want.Mark)
		server := kernel.Server{Addr: netip.AddrPortFrom(p.Server(want.Mark), 0), Forward: kernel.Direct, Weight: 1}
		if len(mark.Servers) != 1 || mark.Servers[0] != server || mark.Members[0].Check != nil {
			t.Errorf("the service of the mark has %+v", mark.Servers)
		}
	}
	if a, b := p.Model.Services[1].Members[0].Check.Of[1].Mark, p.Model.Services[0].Members[0].Check.Of[1].Mark; a != b {
		t.Errorf("one server has the marks %#x and %#x", a, b)
	}
	// Another order, and servers more, keep the marks.
	more := pathService(t, "tcp://192.0.2.1:80", kernel.Direct, "10.0.0.12:80", "10.0.0.11:80")
	again := NewPaths(&Model{Services: []Service{other, more}}, n)
	if d := cmp.Diff(marksOf(p), marksOf(again)); d != "" {
		t.Errorf("the marks are others:\n%s", d)
	}
}

func (p *Paths) service(t *testing.T, mark uint32) *Service {
	for i := range p.Model.Services {
		if p.Model.Services[i].FWMark == mark {
			return &p.Model.Services[i]
		}
	}
	t.Fatalf("no service has the mark %#x", mark)
	return nil
}

func marksOf(p *Paths) map[uint32]string {
	out := map[uint32]string{}
	for mark, server := range p.servers {
		out[mark] = server.String()
	}
	return out
}

// TestPathSource checks that NAT asks from an address outside the servers' network, so that
// the answer needs the server's default route.
func TestPathSource(t *testing.T) {
	for _, c := range []struct {
		name    string
		forward kernel.Forward
		change  func(*fakeNetwork)
		want    string
	}{
		{"direct", kernel.Direct, func(n *fakeNetwork) { n.link("eth1", "198.51.100.1") }, "10.0.0.1"},
		{"nat", kernel.NAT, func(n *fakeNetwork) { n.link("eth1", "192.0.2.1", "198.51.100.1") }, "198.51.100.1"},
		{"nat with one network", kernel.NAT, func(*fakeNetwork) {}, "10.0.0.1"},
		{"nat with a default route", kernel.NAT, func(n *fakeNetwork) {
			n.link("eth1", "203.0.113.7")
			n.link("eth2", "2001:db8::7", "198.51.100.1")
			n.defaults = []Way{{Interface: "eth2"}}
		}, "198.51.100.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := pathNetwork()
			c.change(n)
			m := &Model{Services: []Service{pathService(t, "tcp://192.0.2.1:80", c.forward, "10.0.0.11:80")}}
			if got := NewPaths(m, n).Model.Services[0].Members[0].Check.Of[1].Source; got.String() != c.want {
				t.Errorf("the source is %v, want %v", got, c.want)
			}
		})
	}
}

// TestPathsOfMany checks that marks that two servers would share are told apart.
func TestPathsOfMany(t *testing.T) {
	n := pathNetwork()
	var servers []string
	for a := netip.MustParseAddr("10.0.4.0"); a.Less(netip.MustParseAddr("10.0.16.0")); a = a.Next() {
		n.way(a.String(), "10.0.0.1", "eth0")
		servers = append(servers, a.String()+":80")
	}
	m := &Model{Services: []Service{pathService(t, "tcp://192.0.2.1:80", kernel.Direct, servers...)}}
	if p := NewPaths(m, n); len(p.servers) != len(servers) {
		t.Errorf("%d servers have %d marks", len(servers), len(p.servers))
	}
}

func TestPathsThatCannotWork(t *testing.T) {
	for _, c := range []struct {
		name    string
		id      string
		forward kernel.Forward
		change  func(*fakeNetwork, *Service)
		why     PathFault
		needs   string
		alarm   string
	}{
		{"a mark", "fwmark:7", kernel.Direct, func(*fakeNetwork, *Service) {}, FaultMark, "",
			"a firewall mark has no address to ask"},
		{"icmp", "tcp://192.0.2.1:80", kernel.Direct, func(_ *fakeNetwork, s *Service) {
			s.Members[0].Check.Of[1].Kind = health.ICMP
		}, FaultKind, "", "it asks nothing over TCP or UDP"},
		{"virtual addresses only", "tcp://192.0.2.1:80", kernel.Direct, func(n *fakeNetwork, _ *Service) {
			n.link("eth0", "192.0.2.1")
			n.way("10.0.0.11", "192.0.2.1", "eth0")
		}, FaultSource, "", "this machine has no address of its own, besides virtual ones, to ask from"},
		{"martian answers", "tcp://192.0.2.1:80", kernel.Direct, func(n *fakeNetwork, _ *Service) {
			n.settings["ipv4/conf/eth0/accept_local"] = "0"
		}, FaultSetting, "net.ipv4.conf.eth0.accept_local=1", ""},
		{"strict filter, and the address is on lo", "tcp://192.0.2.1:80", kernel.Tunneling,
			func(n *fakeNetwork, _ *Service) {
				n.link("lo", "192.0.2.1")
				n.link("eth0", "10.0.0.1")
				n.settings["ipv4/conf/all/rp_filter"] = "1"
			}, FaultSetting, "net.ipv4.conf.eth0.rp_filter=2", ""},
		{"strict filter, and the address is on the interface", "tcp://192.0.2.1:80", kernel.Tunneling,
			func(n *fakeNetwork, _ *Service) { n.settings["ipv4/conf/all/rp_filter"] = "1" }, "", "", ""},
		{"nat needs nothing", "tcp://192.0.2.1:80", kernel.NAT, func(n *fakeNetwork, _ *Service) {
			clear(n.settings)
		}, "", "", ""},
		{"the address is not of this machine", "tcp://192.0.2.1:80", kernel.Direct, func(n *fakeNetwork, _ *Service) {
			delete(n.ways, netip.MustParseAddr("192.0.2.1"))
			clear(n.settings)
		}, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, s := pathNetwork(), pathService(t, c.id, c.forward, "10.0.0.11:80")
			c.change(n, &s)
			p := NewPaths(&Model{Services: []Service{s}}, n)
			var why PathFault
			if len(p.Direct) > 0 {
				why = p.Direct[0].Why
			}
			var needs []string
			for _, need := range p.Needs {
				needs = append(needs, need.Name+"="+need.Want)
			}
			if why != c.why || strings.Join(needs, " ") != c.needs {
				t.Errorf("why is %q, needs %v", why, needs)
			}
			check := p.Model.Services[0].Members[0].Check.Of[1]
			if asked := check.Mark != 0; asked != (c.why == "") || asked != (len(p.Model.Services) == 2) {
				t.Errorf("the check asks %+v, of %d services", check.Target, len(p.Model.Services))
			}
			a, ok := p.Alarm(time.Time{})
			if ok != (c.alarm != "") || !strings.HasSuffix(a.What, c.alarm) || ok && a.Fix == "" {
				t.Errorf("the alarm is %+v", a)
			}
		})
	}
}

// TestPathsRenewed checks that a check goes the way of the clients as soon as that works: at
// once if the director may set what is missing, later if a person does, and not any more
// when it is gone.
func TestPathsRenewed(t *testing.T) {
	for _, sysctl := range []string{"check", "set"} {
		t.Run(sysctl, func(t *testing.T) {
			s := serviceOf(1, 1)
			s.Members[0].Forward = kernel.Direct
			s.Members[0].Check.Path = true
			w := newWorld(t, s)
			w.model.Settings.Sysctl = sysctl
			n := newFakeNetwork()
			n.link("eth1", "10.0.0.254")
			n.way("10.0.0.1", "10.0.0.254", "eth1")
			n.ways[serviceID(1).Addr] = Way{Local: true, Interface: "lo"}
			const accept = "ipv4/conf/eth1/accept_local"
			n.settings[accept], n.settings["ipv4/conf/eth1/rp_filter"] = "0", "0"
			w.o.Network = n
			w.begin()
			marks := func() (n int) {
				for _, p := range w.prober.probes {
					if p.Mark != 0 {
						n++
					}
				}
				return n
			}
			if sysctl == "check" {
				if marks() != 0 || len(w.d.alarms["accept-local-eth1"].What) == 0 {
					t.Errorf("%d probes have a mark, alarms %+v", marks(), w.d.alarms.list())
				}
				n.settings[accept] = "1"
				w.pass(11 * time.Second)
			}
			if marks() != 1 || n.settings[accept] != "1" {
				t.Errorf("%d probes have a mark, %s is %s", marks(), accept, n.settings[accept])
			}
			if a := w.d.alarms["accept-local-eth1"]; a != nil && !a.ended {
				t.Errorf("the alarm stays: %+v", a)
			}
			loaded := w.d.loaded
			delete(n.ways, s.Members[0].Addr.Addr())
			w.pass(11 * time.Second)
			if marks() != 0 || !w.d.loaded.Equal(loaded) {
				t.Errorf("%d probes have a mark, loaded %v, before %v", marks(), w.d.loaded, loaded)
			}
		})
	}
}
