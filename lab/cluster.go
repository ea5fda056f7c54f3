package lab

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"testing"
)

// Forward is the forwarding method of the directors, which decides how the real
// servers are connected.
type Forward int

// With NAT the real servers are in a network behind the director, which is their
// default route. With Direct and Tunnel they are in the same network: they have the
// virtual addresses themselves, do not announce them, and reply to clients directly.
const (
	NAT Forward = iota
	Direct
	Tunnel
)

// Options describe a cluster. The zero value is one client, one director and two real
// servers with NAT.
type Options struct {
	Clients, Directors, Servers int
	Forward                     Forward
	Prefix                      string // of the namespaces' names; empty is a random one
	// VIP4 is the virtual IPv4 address, in 192.0.2.0/24. The zero value is 192.0.2.1.
	VIP4 netip.Addr
}

// Cluster is a whole LVS cluster made of network namespaces, connected by a bridge,
// with IPv4 and IPv6. Its IPVS tables are empty: tests configure them.
//
//	clients    198.51.100.11…  2001:db8:1::11…   route to the VIPs on the link
//	directors  198.51.100.1…   2001:db8:1::1…    and 10.0.0.1… 2001:db8:2::1…
//	servers    10.0.0.11…      2001:db8:2::11…
type Cluster struct {
	Clients, Directors []*Node
	Servers            []*Server
	Director           *Node // the first, which holds the virtual addresses

	// The virtual addresses.
	VIP4, VIP6 netip.Addr

	forward Forward
	prefix  string
	link    *Node // the namespace with the bridges
	ports   int   // of the bridges so far
	nodes   []*Node
}

// GUEPort is the port on which real servers of a Tunnel cluster receive GUE packets.
const GUEPort = 5555

// ErrOutsideLab is the error of a cluster outside a lab kernel: clusters are never
// made on a machine's own network.
var ErrOutsideLab = errors.New("clusters are made inside a lab kernel only")

// NewCluster builds a cluster for a test, which must have called Need.
func NewCluster(t testing.TB, o Options) *Cluster {
	t.Helper()
	c, err := StartCluster(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// StartCluster builds a cluster. Close removes it.
func StartCluster(o Options) (*Cluster, error) {
	if os.Getenv(InLabVariable) == "" {
		return nil, ErrOutsideLab
	}
	if err := ipvsPresent(); err != nil {
		return nil, err
	}
	if !o.VIP4.IsValid() {
		o.VIP4 = netip.MustParseAddr("192.0.2.1")
	}
	c := &Cluster{
		VIP4:    o.VIP4,
		VIP6:    netip.MustParseAddr("2001:db8:80::1"),
		forward: o.Forward,
		prefix:  o.Prefix,
	}
	if c.prefix == "" {
		c.prefix = "lab" + rand.Text()[:6]
	}
	if err := c.build(o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cluster) build(o Options) (err error) {
	if c.link, err = c.newNode("link"); err != nil {
		return err
	}
	err = c.link.ip(
		"link add front type bridge forward_delay 0 mcast_snooping 0", "link set front up",
		"link add back type bridge forward_delay 0 mcast_snooping 0", "link set back up",
	)
	if err != nil {
		return err
	}
	for i := range max(o.Directors, 1) {
		if err := c.addDirector(i); err != nil {
			return err
		}
	}
	c.Director = c.Directors[0]
	for i := range max(o.Clients, 1) {
		if err := c.addClient(i); err != nil {
			return err
		}
	}
	servers := o.Servers
	if servers == 0 {
		servers = 2
	}
	for i := range servers {
		if err := c.addServer(i); err != nil {
			return err
		}
	}
	return c.HoldVIP(c.Director)
}

// addDirector adds a director. Its address towards the servers is on the front bridge
// too, unless the servers are in a network of their own (NAT).
func (c *Cluster) addDirector(i int) error {
	d, err := c.newNode(numbered("director", i))
	if err != nil {
		return err
	}
	c.Directors = append(c.Directors, d)
	if err := c.plug(d, "front", "eth0"); err != nil {
		return err
	}
	inner := "eth0"
	if c.forward == NAT {
		inner = "eth1"
		if err := c.plug(d, "back", inner); err != nil {
			return err
		}
	}
	d.Addr4, d.Addr6 = hostAddress("10.0.0.1", i), hostAddress("2001:db8:2::1", i)
	return errors.Join(
		d.ip(
			fmt.Sprintf("addr add %s/24 dev eth0", hostAddress("198.51.100.1", i)),
			fmt.Sprintf("addr add %s/64 dev eth0 nodad", hostAddress("2001:db8:1::1", i)),
			fmt.Sprintf("addr add %s/24 dev %s", d.Addr4, inner),
			fmt.Sprintf("addr add %s/64 dev %s nodad", d.Addr6, inner),
		),
		d.Sysctl("net.ipv4.ip_forward", "1"),
		d.Sysctl("net.ipv6.conf.all.forwarding", "1"),
	)
}

// addClient adds a client that reaches the virtual addresses on the link, so that the
// node which answers for them there gets the traffic.
func (c *Cluster) addClient(i int) error {
	n, err := c.newNode(numbered("client", i))
	if err != nil {
		return err
	}
	c.Clients = append(c.Clients, n)
	if err := c.plug(n, "front", "eth0"); err != nil {
		return err
	}
	n.Addr4, n.Addr6 = hostAddress("198.51.100.11", i), hostAddress("2001:db8:1::11", i)
	return n.ip(
		fmt.Sprintf("addr add %s/24 dev eth0", n.Addr4),
		fmt.Sprintf("addr add %s/64 dev eth0 nodad", n.Addr6),
		"route add 192.0.2.0/24 dev eth0",
		"route add 2001:db8:80::/64 dev eth0",
	)
}

// HoldVIP moves the virtual addresses to one director, as a failover does.
func (c *Cluster) HoldVIP(director *Node) error {
	for _, d := range c.Directors {
		if d == director || !d.vip {
			continue
		}
		err := d.ip(fmt.Sprintf("addr del %s/32 dev eth0", c.VIP4), fmt.Sprintf("addr del %s/128 dev eth0", c.VIP6))
		if err != nil {
			return err
		}
		d.vip = false
	}
	err := director.ip(
		fmt.Sprintf("addr replace %s/32 dev eth0", c.VIP4),
		fmt.Sprintf("addr replace %s/128 dev eth0 nodad", c.VIP6),
	)
	if err != nil {
		return err
	}
	director.vip = true
	for _, n := range c.Clients { // as an unsolicited announcement would
		if err := n.ip("neigh flush dev eth0"); err != nil {
			return err
		}
	}
	return nil
}

// Close stops all servers and removes the namespaces.
func (c *Cluster) Close() error {
	var errs []error
	for _, s := range c.Servers {
		errs = append(errs, s.Stop())
	}
	for _, n := range c.nodes {
		errs = append(errs, n.remove())
	}
	c.nodes, c.Servers = nil, nil
	return errors.Join(errs...)
}

// numbered returns the name of a node: director, director2; client1, server1. There is
// usually only one director.
func numbered(kind string, i int) string {
	if kind == "director" && i == 0 {
		return kind
	}
	return fmt.Sprint(kind, i+1)
}

// hostAddress returns the i-th address after first.
func hostAddress(first string, i int) netip.Addr {
	a := netip.MustParseAddr(first)
	for range i {
		a = a.Next()
	}
	return a
}
