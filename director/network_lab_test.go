package director

import (
	"context"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lvs/lab"
)

// onDirector calls f in the network namespace of a cluster's director.
func onDirector(t *testing.T, n *lab.Node, f func()) {
	t.Helper()
	if err := n.Do(func() error { f(); return nil }); err != nil {
		t.Fatal(err)
	}
}

// ip runs ip(8) on a node.
func ip(t *testing.T, n *lab.Node, args ...string) {
	t.Helper()
	if _, err := n.Run("ip", args...); err != nil {
		t.Fatal(err)
	}
}

// unplug takes the carrier from an interface of a node, as a pulled cable does, and returns
// what gives it back.
func unplug(t *testing.T, n *lab.Node, name string) (plug func()) {
	t.Helper()
	out, err := n.Run("ip", "-o", "link", "show", name)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`@if(\d+):`).FindStringSubmatch(out)
	ns := strings.TrimSuffix(n.NetNS, n.Name) + "link"
	ports, err := n.Run("ip", "-n", ns, "-o", "link")
	if err != nil || found == nil {
		t.Fatal(err, out)
	}
	port := regexp.MustCompile(`(?m)^` + found[1] + `: (port\d+)@`).FindStringSubmatch(ports)
	if port == nil {
		t.Fatalf("no port %s in %s", found[1], ports)
	}
	ip(t, n, "-n", ns, "link", "set", port[1], "down")
	return func() { ip(t, n, "-n", ns, "link", "set", port[1], "up") }
}

// TestHost checks what Host reads of a real network.
func TestHost(t *testing.T) {
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{})
	d := c.Director
	ip(t, d, "route", "add", "default", "via", "198.51.100.11", "dev", "eth0")
	onDirector(t, d, func() {
		var host Host
		all, err := host.Addresses()
		for _, a := range []netip.Addr{d.Addr4, d.Addr6, c.VIP4, c.VIP6} {
			if err != nil || !slices.Contains(all, a) {
				t.Errorf("Addresses is %v, %v, without %v", all, err, a)
			}
		}
		for i, a := range []netip.Addr{c.Servers[0].Addr4, c.Servers[0].Addr6} {
			want := Way{Source: []netip.Addr{d.Addr4, d.Addr6}[i], Interface: "eth1"}
			if w, err := host.Way(a); err != nil || w != want {
				t.Errorf("the way to %v is %+v, %v", a, w, err)
			}
		}
		if w, err := host.Way(c.VIP4); err != nil || !w.Local {
			t.Errorf("the way to %v is %+v, %v, want a local one", c.VIP4, w, err)
		}
		if w, err := host.Way(netip.MustParseAddr("2001:db8:ffff::1")); err != ErrNoWay {
			t.Errorf("the way to nowhere is %+v, %v", w, err)
		}
		want := Way{Gateway: c.Clients[0].Addr4, Interface: "eth0"}
		if ways, err := host.DefaultWays(); err != nil || len(ways) != 1 || ways[0] != want {
			t.Errorf("the default ways are %+v, %v", ways, err)
		}
		if l, err := host.Link("eth1"); err != nil || !l.Up || !l.Carrier || !slices.Contains(l.Addresses, d.Addr4) {
			t.Errorf("eth1 is %+v, %v", l, err)
		}
		if _, err := host.Link("eth9"); err != ErrNoLink {
			t.Errorf("the error of eth9 is %v", err)
		}
		const name = "ipv4/conf/eth1/accept_local"
		if err := host.SetSetting(name, "1"); err != nil {
			t.Error(err)
		}
		if v, err := host.Setting(name); err != nil || v != "1" {
			t.Errorf("%s is %q, %v", name, v, err)
		}
		for _, name := range []string{"", "../kernel/hostname", "ipv4/../../kernel/hostname", "/etc/passwd"} {
			if v, err := host.Setting(name); err == nil {
				t.Errorf("the setting %q is %q", name, v)
			}
		}
	})
}

// TestHostChanges checks that changes of addresses are noticed, and that the channel ends
// with the context.
func TestHostChanges(t *testing.T) {
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var changes <-chan struct{}
	onDirector(t, c.Director, func() {
		var err error
		if changes, err = (Host{}).Changes(ctx); err != nil {
			t.Fatal(err)
		}
	})
	for _, verb := range []string{"add", "del"} {
		ip(t, c.Director, "addr", verb, "192.0.2.77/32", "dev", "eth0")
		select {
		case <-changes:
		case <-time.After(5 * time.Second):
			t.Fatalf("addr %s was not noticed", verb)
		}
	}
	cancel()
	for {
		select {
		case _, open := <-changes:
			if !open {
				return
			}
		case <-time.After(5 * time.Second):
			t.Fatal("the channel did not end with the context")
		}
	}
}

// TestReachOfDirector takes the way to the servers away, in each way in which that happens.
func TestReachOfDirector(t *testing.T) {
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{})
	servers := []netip.Addr{c.Servers[0].Addr4, c.Servers[1].Addr4, c.Servers[1].Addr6}
	r := NewReach(Host{})
	expect := func(when string, want string) {
		t.Helper()
		onDirector(t, c.Director, func() {
			if ok, why := r.Reach(t.Context(), servers); ok != (want == "") || why != want {
				t.Errorf("%s: Reach is %v %q, want %q", when, ok, why, want)
			}
		})
	}
	onDirector(t, c.Director, func() { r.Learn(servers) })
	expect("at first", "")
	ip(t, c.Director, "link", "set", "eth1", "down")
	expect("down", "the network interface eth1 is down")
	ip(t, c.Director, "link", "set", "eth1", "up")
	ip(t, c.Director, "addr", "replace", c.Director.Addr6.String()+"/64", "dev", "eth1", "nodad")
	lab.Eventually(t, 5*time.Second, func() (err error) {
		onDirector(t, c.Director, func() { _, err = (Host{}).Way(servers[2]) })
		return err
	})
	expect("up again", "")
	// The other end of the cable.
	unplug(t, c.Director, "eth1")
	lab.Eventually(t, 5*time.Second, func() (err error) {
		onDirector(t, c.Director, func() {
			var l Link
			if l, err = (Host{}).Link("eth1"); err == nil && l.Carrier {
				err = context.DeadlineExceeded
			}
		})
		return err
	})
	expect("unplugged", "the network interface eth1 has no carrier")
}
