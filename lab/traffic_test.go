package lab

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// These tests check the clusters themselves. They configure IPVS with Debian's ipvsadm, so
// that an error of our own client cannot affect them.

func TestTrafficByOracleNAT(t *testing.T) {
	t.Parallel()
	Need(t)
	c := NewCluster(t, Options{Clients: 2, Servers: 3, Forward: NAT})
	trafficTest(t, c, "-m")
}

func TestTrafficByOracleDirect(t *testing.T) {
	t.Parallel()
	Need(t)
	c := NewCluster(t, Options{Clients: 2, Servers: 3, Forward: Direct})
	trafficTest(t, c, "-g")
}

func TestTrafficByOracleTunnel(t *testing.T) {
	t.Parallel()
	Need(t)
	c := NewCluster(t, Options{Clients: 1, Servers: 2, Forward: Tunnel})
	t.Run("ipip", func(t *testing.T) { trafficTest(t, c, "-i") })
	t.Run("gre", func(t *testing.T) { tunnelTest(t, c, "-i", "--tun-type", "gre") })
	t.Run("gue", func(t *testing.T) {
		tunnelTest(t, c, "-i", "--tun-type", "gue", "--tun-port", fmt.Sprint(GUEPort))
	})
}

func TestTrafficByOracleTunnelBetweenFamilies(t *testing.T) {
	t.Parallel()
	Need(t)
	c := NewCluster(t, Options{Servers: 2, Forward: Tunnel})
	for _, f := range families(c) {
		t.Run(f.name, func(t *testing.T) {
			f.server = f.other
			serveAndCount(t, c, f, "-i")
		})
	}
}

// family is one address family of a cluster.
type family struct {
	name          string
	vip           netip.AddrPort
	server, other func(*Server) netip.Addr
}

func families(c *Cluster) []family {
	v4 := func(s *Server) netip.Addr { return s.Addr4 }
	v6 := func(s *Server) netip.Addr { return s.Addr6 }
	return []family{
		{"IPv4", netip.AddrPortFrom(c.VIP4, 80), v4, v6},
		{"IPv6", netip.AddrPortFrom(c.VIP6, 80), v6, v4},
	}
}

// trafficTest sends HTTP and UDP over both families.
func trafficTest(t *testing.T, c *Cluster, forward ...string) {
	for _, f := range families(c) {
		t.Run(f.name, func(t *testing.T) {
			serveAndCount(t, c, f, forward...)
			echoAndCount(t, c, f, forward...)
		})
	}
}

// tunnelTest uses a type of tunnel over IPv4.
func tunnelTest(t *testing.T, c *Cluster, forward ...string) {
	serveAndCount(t, c, families(c)[0], forward...)
}

// serveAndCount sends HTTP requests from every client and compares what the
// servers, the clients and the kernel counted.
func serveAndCount(t *testing.T, c *Cluster, f family, forward ...string) {
	t.Helper()
	vip := f.vip.String()
	oracle(t, c.Director, "-C")
	oracle(t, c.Director, "-A", "-t", vip, "-s", "rr")
	before := make(map[string]int64)
	for _, s := range c.Servers {
		if err := s.Stop(); err != nil {
			t.Fatal(err)
		}
		if err := s.ServeHTTP(80); err != nil {
			t.Fatal(err)
		}
		before[s.Name] = s.Requests()
		add := []string{"-a", "-t", vip, "-r", netip.AddrPortFrom(f.server(s), 80).String()}
		oracle(t, c.Director, append(add, forward...)...)
	}
	const rounds = 4
	answers := make(map[string]int64)
	total := 0
	for range rounds * len(c.Servers) {
		for _, client := range c.Clients {
			name, err := client.Get("http://" + vip + "/")
			if err != nil {
				t.Fatal(err)
			}
			answers[name]++
			total++
		}
	}
	for _, s := range c.Servers {
		got, want := s.Requests()-before[s.Name], int64(total/len(c.Servers))
		if got != want || answers[s.Name] != want {
			t.Errorf("%s counted %d requests and clients %d, want %d by round robin", s.Name, got, answers[s.Name], want)
		}
	}
	// The kernel adds up its counters every two seconds.
	Eventually(t, 10*time.Second, func() error {
		return wantConnections(oracle(t, c.Director, "-Ln", "--stats", "--exact"), "TCP", vip, total)
	})
}

// echoAndCount does the same with datagrams.
func echoAndCount(t *testing.T, c *Cluster, f family, forward ...string) {
	t.Helper()
	vip := netip.AddrPortFrom(f.vip.Addr(), 53)
	oracle(t, c.Director, "-A", "-u", vip.String(), "-s", "rr")
	for _, s := range c.Servers {
		if err := s.ServeUDP(53); err != nil {
			t.Fatal(err)
		}
		add := []string{"-a", "-u", vip.String(), "-r", netip.AddrPortFrom(f.server(s), 53).String()}
		oracle(t, c.Director, append(add, forward...)...)
	}
	sent := 2 * len(c.Servers)
	answers := make(map[string]int)
	for range sent {
		answer, err := c.Clients[0].Echo(vip, "hello")
		if err != nil {
			t.Fatal(err)
		}
		answers[answer]++
	}
	for _, s := range c.Servers {
		if n := answers[s.Name+" hello"]; n != 2 {
			t.Errorf("%s echoed %d datagrams, want 2 (%v)", s.Name, n, answers)
		}
	}
}

// wantConnections checks a service's connections in ipvsadm's statistics.
func wantConnections(stats, protocol, vip string, want int) error {
	for line := range strings.Lines(stats) {
		f := strings.Fields(line)
		if len(f) > 2 && f[0] == protocol && f[1] == vip {
			if f[2] == fmt.Sprint(want) {
				return nil
			}
			return fmt.Errorf("ipvsadm counts %s connections of %s, want %d", f[2], vip, want)
		}
	}
	return fmt.Errorf("ipvsadm shows no %s %s:\n%s", protocol, vip, stats)
}

// oracle runs Debian's ipvsadm on a node.
func oracle(t testing.TB, n *Node, args ...string) string {
	t.Helper()
	out, err := n.Run("ipvsadm", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
