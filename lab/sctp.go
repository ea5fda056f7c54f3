package lab

import (
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// ServeSCTP calls handle with every SCTP association to a port of every address, and
// then ends it. The kernel needs the module sctp.
func (s *Server) ServeSCTP(port uint16, handle func(net.Conn)) error {
	for _, a := range s.addresses {
		var l net.Listener
		err := s.bind(func() error {
			fd, err := sctpSocket(a)
			if err != nil {
				return err
			}
			f := os.NewFile(uintptr(fd), "sctp")
			defer f.Close()
			if err := unix.Bind(fd, socketAddress(netip.AddrPortFrom(a, port))); err != nil {
				return err
			}
			if err := unix.Listen(fd, backlog); err != nil {
				return err
			}
			l, err = net.FileListener(f)
			return err
		})
		if err != nil {
			return err
		}
		s.start(l, func() { accept(l, handle) })
	}
	return nil
}

const backlog = 64

// DialSCTP opens an SCTP association from the node's own address.
func (n *Node) DialSCTP(to netip.AddrPort) (net.Conn, error) {
	from := n.Addr4
	if to.Addr().Is6() {
		from = n.Addr6
	}
	var conn net.Conn
	err := n.Do(func() error {
		fd, err := sctpSocket(to.Addr())
		if err != nil {
			return err
		}
		f := os.NewFile(uintptr(fd), "sctp")
		defer f.Close()
		// With one address only, the association has no other path.
		if err := unix.Bind(fd, socketAddress(netip.AddrPortFrom(from, 0))); err != nil {
			return err
		}
		if err := unix.Connect(fd, socketAddress(to)); err != nil {
			return err
		}
		conn, err = net.FileConn(f)
		return err
	})
	return conn, err
}

// sctpSocket returns a socket of the one-to-one style, which is used as one of TCP.
func sctpSocket(a netip.Addr) (int, error) {
	family := unix.AF_INET
	if a.Is6() {
		family = unix.AF_INET6
	}
	return unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_SCTP)
}

func socketAddress(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}
