package health

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
)

// askICMP sends an echo request and waits for its reply, on a raw socket: the other kind of
// socket needs net.ipv4.ping_group_range, which is empty in a new network namespace. It needs
// CAP_NET_RAW.
func askICMP(ctx context.Context, q *question) Result {
	addr := q.Addr.Addr().Unmap()
	c, at, err := connect(ctx, &q.Probe, echoes, netip.AddrPortFrom(addr, 0))
	if err != nil {
		return failed(&q.Target, err, at)
	}
	conn := closeWith(ctx, c)
	defer conn.Close()
	e := newEcho(addr.Is6())
	r := exchange(conn, q, e.request(), func(packet []byte) (Result, bool) { return pass(), e.isReply(packet) })
	if r.Reason == Silent { // there is no connection that could be silent
		r.Reason = Timeout
	}
	return r
}

// echo is one echo request, and how its reply is known (RFC 792, RFC 4443).
type echo struct {
	six   bool
	id    uint16
	nonce [16]byte
}

func newEcho(six bool) echo {
	e := echo{six: six, id: uint16(rand.Uint32())}
	binary.NativeEndian.PutUint64(e.nonce[:], rand.Uint64())
	binary.NativeEndian.PutUint64(e.nonce[8:], rand.Uint64())
	return e
}

// The types of messages.
const (
	echoReply, echoRequest   = 0, 8
	echoReply6, echoRequest6 = 129, 128
)

// request returns the message. The kernel fills in the checksum of ICMPv6.
func (e echo) request() []byte {
	b := make([]byte, 8, 8+len(e.nonce))
	b[0] = echoRequest
	if e.six {
		b[0] = echoRequest6
	}
	binary.BigEndian.PutUint16(b[4:], e.id)
	b = append(b, e.nonce[:]...)
	if !e.six {
		binary.BigEndian.PutUint16(b[2:], checksum(b))
	}
	return b
}

// isReply reports whether a packet is the reply. With IPv4 it begins with the IP header.
func (e echo) isReply(packet []byte) bool {
	want := byte(echoReply6)
	if !e.six {
		if len(packet) < 20 || int(packet[0]&0x0f)*4 > len(packet) {
			return false
		}
		packet, want = packet[int(packet[0]&0x0f)*4:], echoReply
	}
	return len(packet) >= 8 && packet[0] == want && binary.BigEndian.Uint16(packet[4:]) == e.id &&
		bytes.Equal(packet[8:], e.nonce[:])
}

// checksum returns the Internet checksum of an even number of bytes (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
