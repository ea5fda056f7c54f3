package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Server is a real server of a cluster. Tests choose what it serves. It counts
// requests.
type Server struct {
	*Node

	requests  atomic.Int64
	datagrams atomic.Int64
	addresses []netip.Addr // the destination of its traffic: its own or the virtual ones

	mu    sync.Mutex
	stops []running
}

// addServer adds a real server, connected as the forwarding method requires.
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
		// Before the interface has an address: the server must never announce the
		// virtual address on the link.
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

// openTunnels makes the server accept every type of tunnelled packet: IPv4 and IPv6 in
// either, GRE, and GUE on GUEPort.
func (s *Server) openTunnels(directors []*Node) error {
	for _, module := range []string{"ipip", "sit", "ip6_tunnel", "ip_gre", "fou", "fou6"} {
		if out, err := exec.Command("modprobe", module).CombinedOutput(); err != nil {
			return fmt.Errorf("modprobe %s: %w: %s", module, err, out)
		}
	}
	// The device of a module itself accepts packets from any address.
	commands := []string{"link set tunl0 up", "link set sit0 up", "link set gre0 up"}
	for i, d := range directors { // ip6tnl0 would accept only IPv6 in IPv6
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

// Requests returns how many HTTP requests the server answered.
func (s *Server) Requests() int64 { return s.requests.Load() }

// Datagrams returns how many UDP datagrams the server echoed.
func (s *Server) Datagrams() int64 { return s.datagrams.Load() }

// ServeHTTP answers every HTTP request on a port with the server's name.
func (s *Server) ServeHTTP(port uint16) error {
	return s.Serve(port, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.requests.Add(1)
		fmt.Fprint(w, s.Name)
	}))
}

// Serve runs an HTTP handler on a port of every address.
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

// ServeUDP echoes every datagram on a port, with the server's name before it. It listens
// on the destination addresses of the traffic, so that answers have the right source.
func (s *Server) ServeUDP(port uint16) error {
	for _, a := range s.addresses {
		var conn net.PacketConn
		err := s.bind(func() (err error) {
			at := netip.AddrPortFrom(a, port).String()
			conn, err = new(net.ListenConfig).ListenPacket(context.Background(), "udp", at)
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

// bind opens a socket on the server. A port may be in use for a moment after its socket
// was closed: a child process between fork and exec has a copy.
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

// running is one service of a server. Its port is free only when its goroutine has
// ended, because until then the goroutine holds the socket, even a closed one.
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

// Stop ends every service of the server. The node stays up and refuses connections,
// like a machine whose program has crashed.
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

// ServeTCP calls handle with every connection to a port of every address, and then
// closes it.
func (s *Server) ServeTCP(port uint16, handle func(net.Conn)) error {
	var l net.Listener
	err := s.bind(func() (err error) {
		l, err = new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf(":%d", port))
		return err
	})
	if err != nil {
		return err
	}
	s.start(l, func() { accept(l, handle) })
	return nil
}

// accept calls handle with each connection until the listener is closed.
func accept(l net.Listener, handle func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(clientPatience))
			handle(conn)
		}()
	}
}

// ServeSMTP runs a mail server on a port. It greets with the server's name, knows HELO
// and QUIT, and accepts no mail.
func (s *Server) ServeSMTP(port uint16) error {
	return s.ServeTCP(port, func(conn net.Conn) {
		fmt.Fprintf(conn, "220 %s ESMTP\r\n", s.Name)
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			verb, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
			switch verb {
			case "HELO", "EHLO":
				fmt.Fprintf(conn, "250 %s\r\n", s.Name)
			case "QUIT":
				io.WriteString(conn, "221 bye\r\n")
				return
			default:
				io.WriteString(conn, "502 command not recognized\r\n")
			}
		}
	})
}
