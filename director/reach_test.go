package director

import (
	"net/netip"
	"testing"
)

func TestReach(t *testing.T) {
	servers := []netip.Addr{
		netip.MustParseAddr("10.0.0.11"), netip.MustParseAddr("10.0.0.12"), netip.MustParseAddr("10.1.0.11"),
	}
	gateway := netip.MustParseAddr("10.2.0.254")
	for _, c := range []struct {
		name   string
		change func(*fakeNetwork)
		why    string
	}{
		{"all is well", func(*fakeNetwork) {}, ""},
		{"no carrier to most", func(n *fakeNetwork) { n.links["eth1"] = Link{Up: true} },
			"the network interface eth1 has no carrier"},
		{"no carrier to few", func(n *fakeNetwork) { n.links["eth2"] = Link{Up: true} }, ""},
		{"switched off, and a default route takes its place", func(n *fakeNetwork) {
			n.links["eth1"] = Link{}
			for _, a := range servers[:2] {
				n.ways[a] = Way{Interface: "eth0"}
			}
		}, "the network interface eth1 is down"},
		{"switched off, without a route", func(n *fakeNetwork) {
			n.links["eth1"] = Link{}
			delete(n.ways, servers[0])
			delete(n.ways, servers[1])
		}, "the network interface eth1 is down"},
		{"gone", func(n *fakeNetwork) { delete(n.links, "eth1") }, "the network interface eth1 is gone"},
		{"no route any more", func(n *fakeNetwork) { clear(n.ways) }, "there is no route to 10.0.0.11 any more"},
		{"the gateway to the servers", func(n *fakeNetwork) {
			for _, a := range servers {
				n.ways[a] = Way{Interface: "eth1", Gateway: gateway, Lost: true}
			}
		}, "the gateway 10.2.0.254 on eth1 does not answer"},
		{"the default gateway", func(n *fakeNetwork) {
			n.defaults = []Way{{Interface: "eth0", Gateway: gateway}, {Interface: "eth0", Gateway: gateway, Lost: true}}
		}, "the gateway 10.2.0.254 on eth0 does not answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newFakeNetwork()
			n.link("eth0", "192.0.2.1")
			n.link("eth1", "10.0.0.1")
			n.link("eth2", "10.1.0.1")
			n.way("10.0.0.11", "10.0.0.1", "eth1")
			n.way("10.0.0.12", "10.0.0.1", "eth1")
			n.way("10.1.0.11", "10.1.0.1", "eth2")
			r := NewReach(n)
			r.Learn(servers)
			c.change(n)
			ok, why := r.Reach(t.Context(), servers)
			if ok != (c.why == "") || why != c.why {
				t.Errorf("Reach is %v %q, want %q", ok, why, c.why)
			}
		})
	}
}

// TestReachLearnsNothingFromAFault checks that a route that is gone for a moment is not
// forgotten, and that servers that are asked about no more are.
func TestReachLearnsNothingFromAFault(t *testing.T) {
	n := newFakeNetwork()
	n.link("eth1")
	n.way("10.0.0.11", "10.0.0.1", "eth1")
	server := netip.MustParseAddr("10.0.0.11")
	r := NewReach(n)
	r.Learn([]netip.Addr{server})
	n.link("eth0")
	n.way("10.0.0.11", "192.0.2.1", "eth0")
	n.links["eth1"] = Link{}
	r.Learn([]netip.Addr{server})
	clear(n.ways)
	r.Learn([]netip.Addr{server})
	if _, why := r.Reach(t.Context(), []netip.Addr{server}); why != "the network interface eth1 is down" {
		t.Errorf("why is %q", why)
	}
	r.Learn(nil)
	if _, why := r.Reach(t.Context(), []netip.Addr{server}); why != "there is no route to 10.0.0.11" {
		t.Errorf("after it was forgotten, why is %q", why)
	}
}
