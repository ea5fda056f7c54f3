package health

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// connect makes a socket and connects it. The phase is where an error happened.
func connect(ctx context.Context, p *Probe, how transport, to netip.AddrPort) (net.Conn, phase, error) {
	if err := ctx.Err(); err != nil {
		return nil, opening, err
	}
	var fd int
	err := inNetns(p.Netns, func() (err error) {
		fd, err = socket(p, how, to.Addr())
		return err
	})
	if err != nil {
		return nil, opening, err
	}
	err = unix.Connect(fd, sockaddr(to))
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		unix.Close(fd)
		return nil, opening, err
	}
	c := &conn{File: os.NewFile(uintptr(fd), "socket"), to: to, how: how}
	if err == nil {
		return c, talking, nil
	}
	stop := context.AfterFunc(ctx, func() { c.File.Close() })
	err = c.wait()
	if !stop() { // the context has ended: that the file was closed is no reason
		err = ctx.Err()
	}
	if err != nil {
		c.File.Close()
		return nil, connecting, err
	}
	return c, talking, nil
}

// socket makes a socket that does not block, and is not connected yet.
func socket(p *Probe, how transport, to netip.Addr) (fd int, err error) {
	family, kind, protocol := unix.AF_INET, unix.SOCK_STREAM, 0
	if to.Is6() && !to.Is4In6() {
		family = unix.AF_INET6
	}
	switch how {
	case datagrams:
		kind = unix.SOCK_DGRAM
	case echoes:
		kind, protocol = unix.SOCK_RAW, unix.IPPROTO_ICMP
		if family == unix.AF_INET6 {
			protocol = unix.IPPROTO_ICMPV6
		}
	}
	fd, err = unix.Socket(family, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, protocol)
	if err != nil {
		return -1, err
	}
	err = options(fd, p)
	if how == echoes && err == nil {
		err = echoOptions(fd, family)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// echoOptions lets a raw socket get echo replies only (raw(7), RFC 3542 3.2), and errors
// that routers report.
func echoOptions(fd, family int) error {
	if family == unix.AF_INET6 {
		filter := &unix.ICMPv6Filter{}
		for i := range filter.Data {
			filter.Data[i] = ^uint32(0) // a bit that is set blocks
		}
		filter.Data[echoReply6/32] &^= 1 << (echoReply6 % 32)
		return errors.Join(
			unix.SetsockoptICMPv6Filter(fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, filter),
			unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1))
	}
	const icmpFilter = 1 // ICMP_FILTER of include/uapi/linux/icmp.h
	var block uint32 = ^uint32(1 << echoReply)
	return errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_RAW, icmpFilter, int(int32(block))),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1))
}

// options sets what a probe wants of its socket.
func options(fd int, p *Probe) error {
	if p.Mark != 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_MARK, int(p.Mark)); err != nil {
			return err
		}
	}
	if p.Reset && p.Kind == TCP {
		linger := unix.Linger{Onoff: 1}
		if err := unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &linger); err != nil {
			return err
		}
	}
	if !p.Source.IsValid() {
		return nil
	}
	// Without it, the port is chosen before the target is known, and the range of ports is
	// shared by all targets (ip(7)).
	if err := unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return err
	}
	return unix.Bind(fd, sockaddr(netip.AddrPortFrom(p.Source, 0)))
}

// sockaddr returns an address in the kernel's form.
func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if addr := a.Addr().Unmap(); addr.Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: addr.As4()}
	}
	s := &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if zone := a.Addr().Zone(); zone != "" {
		if link, err := net.InterfaceByName(zone); err == nil {
			s.ZoneId = uint32(link.Index)
		}
	}
	return s
}

// conn is a connected socket. package net would make its own, in the namespace of whatever
// thread it runs on.
type conn struct {
	*os.File
	to  netip.AddrPort
	how transport
}

// Read reads what has come. A datagram may be empty.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.File.Read(b)
	if c.how != streams && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// wait waits until the socket is connected.
func (c *conn) wait() error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	err = raw.Write(func(fd uintptr) bool {
		number, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			result = err
			return true
		}
		if number != 0 {
			result = unix.Errno(number)
			return true
		}
		_, err = unix.Getpeername(int(fd))
		return !errors.Is(err, unix.ENOTCONN) // else woken too early
	})
	return errors.Join(err, result)
}

// LocalAddr returns the address of this end.
func (c *conn) LocalAddr() net.Addr {
	var local netip.AddrPort
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { // fails only if it is closed
			switch s, _ := unix.Getsockname(int(fd)); s := s.(type) {
			case *unix.SockaddrInet4:
				local = netip.AddrPortFrom(netip.AddrFrom4(s.Addr), uint16(s.Port))
			case *unix.SockaddrInet6:
				local = netip.AddrPortFrom(netip.AddrFrom16(s.Addr), uint16(s.Port))
			}
		})
	}
	return c.addr(local)
}

// RemoteAddr returns the address of the target.
func (c *conn) RemoteAddr() net.Addr { return c.addr(c.to) }

func (c *conn) addr(a netip.AddrPort) net.Addr {
	if c.how == streams {
		return net.TCPAddrFromAddrPort(a)
	}
	return net.UDPAddrFromAddrPort(a)
}
