package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Server is a real server of a cluster. It serves what tests ask it to and
// counts.
type Server struct {
	*Node

	requests  atomic.Int64
	datagrams atomic.Int64
	addresses []netip.Addr // where traffic arrives: its own, or the virtual ones

	mu    sync.Mutex
	stops []running
}

// addServer adds a real server, wired for the cluster's way of forwarding.
func (c *Cluster) addServer(i int) error {
	n, err := c.newNode(numbered("server", i))
	if err != nil {
		return err
	}
	s := &Server{Node: n}
	c.Servers = append(c.Servers, s)
	n.Addr4, n.Addr6 = hostAddress("10.0.0.11", i), hostAddress("2001:db8:2::11", i)
	bridge := "front"
	if c.forward == NAT {
		bridge = "back"
	}
	if c.forward != NAT {
		// Before the interface has an address: the server never answers or
		// asks for the virtual address on the link.
		err := errors.Join(
			n.Sysctl("net.ipv4.conf.all.arp_ignore", "1"), n.Sysctl("net.ipv4.conf.all.arp_announce", "2"),
			n.Sysctl("net.ipv4.conf.default.arp_ignore", "1"), n.Sysctl("net.ipv4.conf.default.arp_announce", "2"),
		)
		if err != nil {
			return err
		}
	}
	if err := c.plug(n, bridge, "eth0"); err != nil {
		return err
	}
	err = n.ip(
		fmt.Sprintf("addr add %s/24 dev eth0", n.Addr4),
		fmt.Sprintf("addr add %s/64 dev eth0 nodad", n.Addr6),
	)
	if err != nil {
		return err
	}
	if c.forward == NAT {
		s.addresses = []netip.Addr{n.Addr4, n.Addr6}
		return n.ip(
			fmt.Sprintf("route add default via %s", c.Director.Addr4),
			fmt.Sprintf("route add ::/0 via %s", c.Director.Addr6),
		)
	}
	s.addresses = []netip.Addr{c.VIP4, c.VIP6}
	err = n.ip(
		fmt.Sprintf("addr add %s/32 dev lo", c.VIP4),
		fmt.Sprintf("addr add %s/128 dev lo nodad", c.VIP6),
		"route add 198.51.100.0/24 dev eth0",
		"route add 2001:db8:1::/64 dev eth0",
	)
	if err == nil && c.forward == Tunnel {
		err = s.openTunnels(c.Directors)
	}
	return err
}

// openTunnels makes the server take every kind of tunnelled packet: IPv4 and
// IPv6 in either, GRE, and GUE on GUEPort.
func (s *Server) openTunnels(directors []*Node) error {
	for _, module := range []string{"ipip", "sit", "ip6_tunnel", "ip_gre", "fou", "fou6"} {
		if out, err := exec.Command("modprobe", module).CombinedOutput(); err != nil {
			return fmt.Errorf("modprobe %s: %w: %s", module, err, out)
		}
	}
	// A module's own device takes packets from anywhere.
	commands := []string{"link set tunl0 up", "link set sit0 up", "link set gre0 up"}
	for i, d := range directors { // ip6tnl0 would take IPv6 in IPv6 only
		commands = append(commands,
			fmt.Sprintf("link add from%d type ip6tnl mode any local %s remote %s", i, s.Addr6, d.Addr6),
			fmt.Sprintf("link set from%d up", i))
	}
	commands = append(commands, fmt.Sprintf("fou add port %d gue", GUEPort))
	if err := s.ip(commands...); err != nil {
		return err
	}
	_, err := s.Run("ip", "-6", "fou", "add", "port", fmt.Sprint(GUEPort), "gue")
	return err
}

// Requests is how many HTTP requests the server answered.
func (s *Server) Requests() int64 { return s.requests.Load() }

// Datagrams is how many UDP datagrams the server echoed.
func (s *Server) Datagrams() int64 { return s.datagrams.Load() }

// ServeHTTP answers every HTTP request on a port with the server's name.
func (s *Server) ServeHTTP(port uint16) error {
	return s.Serve(port, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.requests.Add(1)
		fmt.Fprint(w, s.Name)
	}))
}

// Serve runs an HTTP handler on a port, at every address.
func (s *Server) Serve(port uint16, handler http.Handler) error {
	var l net.Listener
	err := s.bind(func() (err error) {
		l, err = new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf(":%d", port))
		return err
	})
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	s.start(server, func() { server.Serve(l) }) // returns when the server is closed
	return nil
}

// ServeUDP echoes every datagram on a port, with the server's name before it.
// It listens at the addresses where traffic arrives, so that answers leave
// from the address that was asked.
func (s *Server) ServeUDP(port uint16) error {
	for _, a := range s.addresses {
		var conn net.PacketConn
		err := s.bind(func() (err error) {
			conn, err = new(net.ListenConfig).ListenPacket(context.Background(), "udp", netip.AddrPortFrom(a, port).String())
			return err
		})
		if err != nil {
			return err
		}
		s.start(conn, func() { s.echo(conn) })
	}
	return nil
}

func (s *Server) echo(conn net.PacketConn) {
	buf := make([]byte, 64<<10)
	for {
		n, from, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			s.datagrams.Add(1)
			conn.WriteTo(append([]byte(s.Name+" "), buf[:n]...), from)
		}
	}
}

// bind opens a socket on the server. A port may stay taken a moment after its
// socket was closed: a child between fork and exec holds a copy.
func (s *Server) bind(open func() error) error {
	const limit, pause = 5 * time.Second, 10 * time.Millisecond
	for deadline := time.Now().Add(limit); ; time.Sleep(pause) {
		err := s.Do(open)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EADDRINUSE) || time.Now().After(deadline) {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
}

// running is something that a server serves. Its port is free only when its
// goroutine is done: until then that holds the socket, closed or not.
type running struct {
	socket io.Closer
	done   chan struct{}
}

func (s *Server) start(socket io.Closer, serve func()) {
	r := running{socket, make(chan struct{})}
	go func() {
		defer close(r.done)
		serve()
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stops = append(s.stops, r)
}

// Stop ends everything that the server serves. Its machine stays up and
// refuses connections, as a machine whose program died.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, r := range s.stops {
		errs = append(errs, r.socket.Close())
		<-r.done
	}
	s.stops = nil
	return errors.Join(errs...)
}
