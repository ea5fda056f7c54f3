package ipvsadm

import (
	"fmt"
	"io"
	"iter"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/plan"
)

const (
	connectionHead       = "pro expire state       source             virtual            destination"
	connectionHeadEngine = "        pe name          pe_data"
	endpointWidth        = 18
)

// writeConnections writes the connection table as ipvsadm -L -c does, row by row;
// persistent adds persistence engines. If a row of the kernel has more than 255 bytes,
// ipvsadm cuts the engine's data and makes another row of the rest; here the row is
// whole.
func writeConnections(w io.Writer, conns iter.Seq2[*kernel.Connection, error], persistent bool, n *namer) error {
	out := newPage(w)
	out.b = append(out.b, "IPVS connection entries\n"+connectionHead...)
	if persistent {
		out.b = append(out.b, connectionHeadEngine...)
	}
	out.b = append(out.b, '\n')
	for c, err := range n.ahead(conns) {
		if err != nil {
			_ = out.end() // show what was read; this error matters more than one of writing
			return err
		}
		out.b = append(appendConnection(out.b, c, persistent, n), '\n')
		if err := out.turn(); err != nil {
			return err
		}
	}
	return out.end()
}

func appendConnection(b []byte, c *kernel.Connection, persistent bool, n *namer) []byte {
	start := len(b)
	b = append(fill(appendProtocol(b, c.Protocol), start, 3), ' ')
	start = len(b)
	b = append(fill(appendClock(b, c.Expires), start, 6), ' ')
	b = append(appendLeft(b, c.State, 11), ' ')
	for _, ap := range []netip.AddrPort{c.Client, c.Virtual} {
		start = len(b)
		b = append(fill(n.append(b, ap, c.Protocol), start, endpointWidth), ' ')
	}
	start = len(b)
	b = n.append(b, c.Server, c.Protocol)
	if data, _, _ := strings.Cut(c.EngineData, " "); persistent && data != "" {
		b = append(fill(b, start, 16), ' ') // two less than in the heading
		b = append(appendLeft(b, c.Engine, 18), ' ')
		b = plan.AppendVisible(b, data)
	}
	return b
}

// appendProtocol appends the kernel's name of a protocol.
func appendProtocol(b []byte, p kernel.Protocol) []byte {
	switch p {
	case 0:
		return append(b, "IP"...)
	case 1:
		return append(b, "ICMP"...)
	case kernel.TCP:
		return append(b, "TCP"...)
	case kernel.UDP:
		return append(b, "UDP"...)
	case 58:
		return append(b, "ICMPv6"...)
	case kernel.SCTP:
		return append(b, "SCTP"...)
	}
	return strconv.AppendUint(append(b, "IP_"...), uint64(p), 10)
}

// appendClock appends minutes and seconds, each with at least two digits.
func appendClock(b []byte, d time.Duration) []byte {
	seconds := uint64(d / time.Second)
	b = append(appendTwo(b, seconds/60), ':')
	return appendTwo(b, seconds%60)
}

func appendTwo(b []byte, n uint64) []byte {
	if n < 10 {
		b = append(b, '0')
	}
	return strconv.AppendUint(b, n, 10)
}

// writeTimeouts writes the output of ipvsadm -L --timeout.
func writeTimeouts(w io.Writer, t kernel.Timeouts) error {
	_, err := fmt.Fprintf(w, "Timeout (tcp tcpfin udp): %d %d %d\n",
		t.TCP/time.Second, t.TCPFin/time.Second, t.UDP/time.Second)
	return err
}

// writeDaemons writes the output of ipvsadm -L --daemon: nothing if no daemon runs.
func writeDaemons(w io.Writer, daemons []kernel.Daemon) error {
	for _, d := range daemons {
		_, err := fmt.Fprintf(w, "%s sync daemon (mcast=%s, syncid=%d, maxlen=%d, group=%s, port=%d, ttl=%d)\n",
			d.Role, d.Interface, d.ID, d.MaxLen, appendAddr(nil, d.Group), d.Port, d.TTL)
		if err != nil {
			return err
		}
	}
	return nil
}
