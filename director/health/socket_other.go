//go:build !linux

package health

import (
	"context"
	"errors"
	"net"
	"net/netip"
)

// connect is the plain way, for systems on which only the tests of contributors run.
func connect(ctx context.Context, p *Probe, how transport, to netip.AddrPort) (net.Conn, phase, error) {
	if p.Mark != 0 || p.Netns != "" || how == echoes {
		return nil, opening, errors.New("marks, network namespaces and ICMP need Linux")
	}
	network := "tcp"
	if how == datagrams {
		network = "udp"
	}
	var d net.Dialer
	if p.Source.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(p.Source, 0))
		if how == datagrams {
			d.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.Source, 0))
		}
	}
	c, err := d.DialContext(ctx, network, to.String())
	return c, connecting, err
}
