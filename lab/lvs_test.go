package lab_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"lvs/commands"
	"lvs/lab"
)

// These tests configure a cluster with lvs only, as an admin would, and compare what lvs
// shows with what was sent.

func TestTrafficNAT(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	lvsTrafficTest(t, lab.NAT, "--nat")
}

func TestTrafficDirect(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	lvsTrafficTest(t, lab.Direct, "--direct")
}

func TestTrafficTunnel(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	lvsTrafficTest(t, lab.Tunnel, "--tunnel")
}

func lvsTrafficTest(t *testing.T, forward lab.Forward, option string) {
	c := lab.NewCluster(t, lab.Options{Clients: 2, Servers: 2, Forward: forward})
	for _, s := range c.Servers {
		if err := s.ServeHTTP(80); err != nil {
			t.Fatal(err)
		}
		if err := s.ServeUDP(53); err != nil {
			t.Fatal(err)
		}
	}
	v4 := func(s *lab.Server) netip.Addr { return s.Addr4 }
	v6 := func(s *lab.Server) netip.Addr { return s.Addr6 }
	t.Run("IPv4", func(t *testing.T) { countHTTP(t, c, c.VIP4, v4, option) })
	t.Run("IPv6", func(t *testing.T) { countHTTP(t, c, c.VIP6, v6, option) })
	t.Run("UDP over IPv4", func(t *testing.T) { countUDP(t, c, c.VIP4, v4, 20, option) })
	t.Run("UDP over IPv6", func(t *testing.T) { countUDP(t, c, c.VIP6, v6, 40, option) })
}

// countHTTP sends requests from every client and compares connections and
// counters.
func countHTTP(t *testing.T, c *lab.Cluster, vip netip.Addr, server func(*lab.Server) netip.Addr, option string) {
	service := "tcp://" + netip.AddrPortFrom(vip, 80).String()
	build(t, c, service, 80, server, option)
	const each = 6
	clients := map[string]bool{}
	for _, client := range c.Clients {
		clients[client.Addr4.String()], clients[client.Addr6.String()] = true, true
		for range each {
			if _, err := client.Get("http://" + netip.AddrPortFrom(vip, 80).String() + "/"); err != nil {
				t.Fatal(err)
			}
		}
	}
	sent := uint64(each * len(c.Clients))
	var table serviceList
	lab.Eventually(t, 10*time.Second, func() error {
		table = serviceList{}
		lvsJSON(t, c.Director, &table, "list", service)
		if got := table.Items[0].Stats.Connections; got != sent {
			return fmt.Errorf("lvs counts %d connections of %d", got, sent)
		}
		return nil
	})
	e := table.Items[0]
	for _, s := range e.Servers {
		if s.Stats.Connections != sent/uint64(len(c.Servers)) {
			t.Errorf("%s counts %d connections of %d, want an equal share", s.ID, s.Stats.Connections, sent)
		}
	}
	// A request is at least SYN, ACK, the request, and FIN.
	if e.Stats.PacketsIn < 4*sent || e.Stats.BytesIn < 40*4*sent {
		t.Errorf("%d packets and %d bytes in for %d requests", e.Stats.PacketsIn, e.Stats.BytesIn, sent)
	}
	if seen := e.Stats.PacketsOut > 0; seen != (option == "--nat") {
		t.Errorf("%s: %d packets out", option, e.Stats.PacketsOut)
	}

	var conns connectionList
	lvsJSON(t, c.Director, &conns, "connections", "--service", service)
	if uint64(len(conns.Items)) != sent {
		t.Errorf("lvs lists %d connections of %d", len(conns.Items), sent)
	}
	for _, conn := range conns.Items {
		client := netip.MustParseAddrPort(conn.Client).Addr().String()
		if !clients[client] || conn.Virtual != netip.AddrPortFrom(vip, 80).String() || conn.Expires == nil {
			t.Errorf("unexpected connection: %+v", conn)
		}
	}
	lvs(t, c.Director, 0, "service", "delete", service, "--yes")
	lvs(t, c.Director, 4, "service", "show", service)
}

// countUDP sends datagrams of a known length, so that every packet and byte is known.
func countUDP(
	t *testing.T, c *lab.Cluster, vip netip.Addr, server func(*lab.Server) netip.Addr, header uint64, option string,
) {
	const text = "sixteen bytes it"
	to := netip.AddrPortFrom(vip, 53)
	service := "udp://" + to.String()
	build(t, c, service, 53, server, option)
	const sent = 10
	for range sent {
		if _, err := c.Clients[0].Echo(to, text); err != nil {
			t.Fatal(err)
		}
	}
	want := counters{Connections: sent, PacketsIn: sent, BytesIn: sent * (header + 8 + uint64(len(text)))}
	lab.Eventually(t, 10*time.Second, func() error {
		var table serviceList
		lvsJSON(t, c.Director, &table, "stats", service)
		got := table.Items[0].Stats
		if option == "--nat" && got.PacketsOut != sent {
			return fmt.Errorf("lvs counts %+v: %d packets out expected", got, sent)
		}
		got.PacketsOut, got.BytesOut = 0, 0
		if got != want {
			return fmt.Errorf("lvs counts %+v; sent %+v", got, want)
		}
		return nil
	})
	lvs(t, c.Director, 0, "zero", service)
	var table serviceList
	lvsJSON(t, c.Director, &table, "stats", service)
	if got := table.Items[0].Stats; got != (counters{}) {
		t.Errorf("after zero lvs counts %+v", got)
	}
}

// TestTrafficSync makes two directors share their connections with lvs sync.
func TestTrafficSync(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Directors: 2, Servers: 2, Forward: lab.Direct})
	vip := netip.AddrPortFrom(c.VIP4, 80)
	for _, s := range c.Servers {
		if err := s.ServeHTTP(80); err != nil {
			t.Fatal(err)
		}
	}
	backup := c.Directors[1]
	for _, d := range c.Directors {
		lvs(t, d, 0, "service", "add", vip.String(), "-s", "rr")
		for _, s := range c.Servers {
			lvs(t, d, 0, "server", "add", vip.String(), s.Addr4.String(), "--direct")
		}
		if err := d.Sysctl("net.ipv4.vs.sync_threshold", "0 1"); err != nil {
			t.Fatal(err)
		}
	}
	lvs(t, backup, 0, "sync", "start", "backup", "-i", "eth0", "--id", "7")
	lvs(t, c.Director, 0, "sync", "start", "master", "-i", "eth0", "--id", "7")
	lab.Eventually(t, 15*time.Second, func() error {
		if _, err := c.Clients[0].Get("http://" + vip.String() + "/"); err != nil {
			t.Fatal(err)
		}
		var there connectionList
		lvsJSON(t, backup, &there, "connections", "--origin")
		if len(there.Items) == 0 {
			return fmt.Errorf("the backup knows no connection")
		}
		for _, conn := range there.Items {
			if conn.Origin == nil || *conn.Origin != "SYNC" {
				t.Fatalf("a connection of the backup's own: %+v", conn)
			}
		}
		return nil
	})
	lvs(t, c.Director, 0, "sync", "stop", "master")
	lvs(t, backup, 0, "sync", "stop", "backup")
}

// build adds a service with every server of the cluster.
func build(
	t *testing.T, c *lab.Cluster, service string, port uint16, server func(*lab.Server) netip.Addr, option string,
) {
	t.Helper()
	lvs(t, c.Director, 0, "service", "add", service, "-s", "rr")
	for _, s := range c.Servers {
		lvs(t, c.Director, 0, "server", "add", service, netip.AddrPortFrom(server(s), port).String(), option)
	}
}

// The parts of the JSON documents that the tests read.
type (
	counters struct {
		Connections, PacketsIn, PacketsOut, BytesIn, BytesOut uint64
	}
	serviceList struct {
		Items []struct {
			Stats   counters
			Servers []struct {
				ID    string
				Stats counters
			}
		}
	}
	connectionList struct {
		Items []struct {
			Client, Virtual, Server, State string
			Expires                        *float64
			Origin                         *string
		}
	}
)

// lvs runs the program on a node, in this process.
func lvs(t *testing.T, n *lab.Node, status int, args ...string) string {
	t.Helper()
	got, out, errs := run(t, n, args...)
	if got != status {
		t.Fatalf("lvs %q on %s: exit status %d, not %d: %s", args, n.Name, got, status, errs)
	}
	return out
}

func run(t *testing.T, n *lab.Node, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	app := commands.System()
	app.In, app.Out, app.Err = new(bytes.Buffer), &out, &errs
	app.InTerminal, app.OutTerminal, app.ErrTerminal = commands.Terminal{}, commands.Terminal{}, commands.Terminal{}
	status = app.Run(t.Context(), append(args, "--netns", n.NetNS))
	return status, out.String(), errs.String()
}

func lvsJSON(t *testing.T, n *lab.Node, into any, args ...string) {
	t.Helper()
	text := lvs(t, n, 0, append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("lvs %q: %v: %s", args, err, text)
	}
}
