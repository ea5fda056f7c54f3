package ipvsadm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/lab"
)

// TestListsUnderTraffic compares every list while clients connect and disconnect: with
// clusters of each forwarding method, by IPv4 and IPv6, with persistence, a persistence
// engine, marks, and servers that do not exist.
func TestListsUnderTraffic(t *testing.T) {
	t.Run("NAT", func(t *testing.T) { underTraffic(t, lab.NAT, "-m", "Masq ", " TIME_WAIT ") })
	t.Run("Direct", func(t *testing.T) { underTraffic(t, lab.Direct, "-g", "Route ", " FIN_WAIT ") })
	t.Run("Tunnel", func(t *testing.T) { underTraffic(t, lab.Tunnel, "-i", "Tunnel ", " FIN_WAIT ") })
}

// underTraffic also checks that the lists show all that they should.
func underTraffic(t *testing.T, forward lab.Forward, option string, wants ...string) {
	lab.Need(t, features)
	c := lab.NewCluster(t, lab.Options{Clients: 2, Servers: 2, Forward: forward})
	p := nodePair(t, c.Director)
	for _, s := range c.Servers {
		for _, err := range []error{s.ServeHTTP(80), s.ServeUDP(53), s.ServeUDP(5060)} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, vip := range []netip.Addr{c.VIP4, c.VIP6} {
		p.run(t, trafficTable(c, vip, option))
	}
	stop := traffic(p, c)
	defer stop()
	lab.Eventually(t, 10*time.Second, func() error {
		stats, err := p.oracle("-Ln", "--rate")
		if err == nil && strings.Contains(stats, netip.AddrPortFrom(c.VIP4, 80).String()+"                        0") {
			err = errors.New("no rate yet")
		}
		return err
	})
	text := p.lists(t, "n", nil, kernel.AddressID(kernel.TCP, netip.AddrPortFrom(c.VIP6, 80)))
	stop()
	defer hold(t, c)()
	text += p.connections(t, "n", nil)
	if forward == lab.NAT {
		names := newNamer(t.Context())
		text += p.connections(t, "", names) + p.same(t, "-L --stats", p.table(viewOptions{Stats: true}, names))
	}
	wants = append(wants, " ESTABLISHED ", " SYN_RECV ", " UDP ", " NONE ", "IP  61:",
		"sip                call-0@", "[2001:db8:80::1]:80 ")
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("no list shows %q", want)
		}
	}
}

// traffic makes bursts of traffic between the comparisons, until it is stopped.
func traffic(p *pair, c *lab.Cluster) (stop func()) {
	const pause = time.Second
	end := make(chan struct{})
	var clients sync.WaitGroup
	clients.Go(func() {
		for round := 0; ; round++ {
			p.quiet.Lock()
			burst(c, round)
			p.quiet.Unlock()
			select {
			case <-end:
				return
			case <-time.After(pause):
			}
		}
	})
	return sync.OnceFunc(func() {
		close(end)
		clients.Wait()
	})
}

// trafficTable returns the table for one virtual address.
func trafficTable(c *lab.Cluster, vip netip.Addr, option string) string {
	var b strings.Builder
	add := func(service, options string, port int, missing bool) {
		fmt.Fprintf(&b, "-A %s -s rr %s\n", service, options)
		list := c.Servers
		for _, s := range list {
			a := s.Addr4
			if vip.Is6() {
				a = s.Addr6
			}
			if missing { // no server has this address
				a = a.Next().Next().Next().Next()
			}
			fmt.Fprintf(&b, "-a %s -r %s %s\n", service, netip.AddrPortFrom(a, uint16(port)), option)
		}
	}
	at := func(port int) string { return netip.AddrPortFrom(vip, uint16(port)).String() }
	mark := "-f 7"
	if vip.Is6() {
		mark += " -6"
	}
	add("-t "+at(80), "", 80, false)
	add("-t "+at(81), "", 81, true)
	add("-u "+at(53), "", 53, false)
	add("-u "+at(54), "-o", 54, false)
	add("-t "+at(443), "-p 300", 443, false)
	add("-t "+at(0), "-p 60", 0, false)
	add("-u "+at(5060), "-p 60 --pe sip", 5060, false)
	add(mark, "-p 3700", 0, false)
	return b.String()
}

// hold opens connections that stay until done is called.
func hold(t *testing.T, c *lab.Cluster) (done func()) {
	t.Helper()
	var open []net.Conn
	for _, client := range c.Clients {
		for _, vip := range []netip.Addr{c.VIP4, c.VIP6} {
			conn, err := client.Dial(context.Background(), "tcp", netip.AddrPortFrom(vip, 80).String())
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, conn)
		}
	}
	return func() {
		for _, conn := range open {
			conn.Close()
		}
	}
}

// burst makes the traffic of one round. Some of it is never answered.
func burst(c *lab.Cluster, round int) {
	for _, vip := range []netip.Addr{c.VIP4, c.VIP6} {
		at := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(vip, port) }
		for i, client := range c.Clients {
			client.Get("http://" + at(80).String() + "/")
			client.Echo(at(53), "who is it")
			for _, port := range []uint16{81, 443, 8443} {
				knock(client, "tcp", at(port), "", 0)
			}
			knock(client, "udp", at(54), "once", 0)
			call := fmt.Sprintf("INVITE sip:bob@example.org SIP/2.0\r\nCall-ID: call-%d@198.51.100.%d\r\n\r\n", round%3, i)
			knock(client, "udp", at(5060), call, 0)
		}
		knock(c.Director, "udp", at(999), "marked", 7)
	}
}

// knock opens a connection without waiting for it, and sends a text.
func knock(n *lab.Node, network string, to netip.AddrPort, text string, mark int) {
	n.Do(func() error {
		d := net.Dialer{Timeout: 10 * time.Millisecond, Control: func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				if mark != 0 {
					syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_MARK, mark)
				}
			})
		}}
		conn, err := d.Dial(network, to.String())
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = conn.Write([]byte(text))
		return err
	})
}

// nodePair returns a pair for the kernel of a cluster's node.
func nodePair(t *testing.T, n *lab.Node) *pair {
	t.Helper()
	k, err := kernel.Open(kernel.Options{Netns: n.NetNS})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return &pair{k: k, oracle: func(args ...string) (string, error) { return n.Run("ipvsadm", args...) }}
}
