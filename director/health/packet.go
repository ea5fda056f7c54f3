package health

import (
	"bufio"
	"context"
	"io"
	"net"
)

// packets are read from one connection, with a bound for all of them together.
type packets struct {
	net.Conn
	q    *question
	in   *bufio.Reader
	left int // bytes that may still come
}

// openPackets connects to a target.
func openPackets(ctx context.Context, q *question, port uint16) (*packets, *Result) {
	c, r := dial(ctx, &q.Probe, port)
	if r != nil {
		return nil, r
	}
	return newPackets(c, q), nil
}

func newPackets(c net.Conn, q *question) *packets {
	return &packets{Conn: c, q: q, in: bufio.NewReaderSize(c, maxLine), left: maxText}
}

// read returns the next n bytes.
func (p *packets) read(n int) ([]byte, error) {
	if n < 0 || n > p.left {
		return nil, errTooLong
	}
	p.left -= n
	b := make([]byte, n)
	_, err := io.ReadFull(p.in, b)
	return b, err
}

// send sends bytes. An error is left to the next reading, because a server may have answered
// and closed before.
func (p *packets) send(b []byte) { _, _ = p.Write(b) }

func (p *packets) bad(err error) Result { return p.q.bad(err) }
