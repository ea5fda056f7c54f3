package health

import (
	"context"
	"net"
	"net/netip"
)

// dial connects to the target by TCP, and sends the PROXY header if there is one. port is
// used if the target has none. The connection is closed when the context ends, so that no
// read outlasts it. The result is nil, or why there is no connection.
func dial(ctx context.Context, p *Probe, port uint16) (net.Conn, *Result) {
	connecting := ctx
	if p.Greeting > 0 { // the context ends later than the time for the connection
		var cancel func()
		connecting, cancel = context.WithTimeout(ctx, p.Timeout)
		defer cancel()
	}
	c, at, err := connect(connecting, p, streams, addrPort(p, port))
	if err != nil {
		return nil, failure(p, err, at)
	}
	conn := closeWith(ctx, c)
	if header := proxyHeader(p.ProxyProtocol); header != nil {
		if _, err := conn.Write(header); err != nil {
			conn.Close()
			return nil, failure(p, err, talking)
		}
	}
	return conn, nil
}

// dialDatagrams is dial for UDP. There is no PROXY header.
func dialDatagrams(ctx context.Context, p *Probe, port uint16) (net.Conn, *Result) {
	c, at, err := connect(ctx, p, datagrams, addrPort(p, port))
	if err != nil {
		return nil, failure(p, err, at)
	}
	return closeWith(ctx, c), nil
}

func failure(p *Probe, err error, at phase) *Result {
	r := failed(&p.Target, err, at)
	return &r
}

// addrPort returns the address of the target, with a port if it has none.
func addrPort(p *Probe, port uint16) netip.AddrPort {
	if p.Addr.Port() != 0 {
		return p.Addr
	}
	return netip.AddrPortFrom(p.Addr.Addr(), port)
}

// transport is how packets are sent.
type transport uint8

const (
	streams transport = iota // TCP
	datagrams
	echoes // ICMP, of the family of the address
)

// proxyHeader returns the PROXY header that says that the connection is the sender's own
// (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, 2.1 and 2.2).
func proxyHeader(version int) []byte {
	switch version {
	case 1:
		return []byte("PROXY UNKNOWN\r\n")
	case 2:
		return []byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00")
	}
	return nil
}

// closing is a connection that is closed when a context ends.
type closing struct {
	net.Conn
	stop func() bool
}

func closeWith(ctx context.Context, c net.Conn) net.Conn {
	return closing{c, context.AfterFunc(ctx, func() { c.Close() })}
}

func (c closing) Close() error {
	c.stop()
	return c.Conn.Close()
}
