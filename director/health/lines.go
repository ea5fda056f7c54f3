package health

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// The longest line and the most text of one conversation. Servers of the mail protocols send
// at most 512 bytes a line (RFC 5321, 4.5.3.1) and some kilobytes at all.
const (
	maxLine = 4 << 10
	maxText = 64 << 10
)

var errTooLong = errors.New("the answer is too long")

// dialogue is a conversation in lines on one connection.
type dialogue struct {
	net.Conn
	q    *question
	text *bufio.Reader
	left int // bytes that may still come
}

// openDialogue connects to a target.
func openDialogue(ctx context.Context, q *question, port uint16) (*dialogue, *Result) {
	c, r := dial(ctx, &q.Probe, port)
	if r != nil {
		return nil, r
	}
	return newDialogue(c, q), nil
}

func newDialogue(c net.Conn, q *question) *dialogue {
	return &dialogue{Conn: c, q: q, text: bufio.NewReaderSize(c, maxLine), left: maxText}
}

// line returns the next line without its end. A last line without an end is returned with
// io.ErrUnexpectedEOF.
func (d *dialogue) line() (string, error) {
	b, err := d.text.ReadSlice('\n')
	d.left -= len(b)
	if errors.Is(err, bufio.ErrBufferFull) || d.left < 0 {
		err = errTooLong
	}
	if errors.Is(err, io.EOF) && len(b) > 0 {
		err = io.ErrUnexpectedEOF
	}
	return string(bytes.TrimRight(b, "\r\n")), err
}

// say sends a line. An error is left to the next reading, because a server may have answered
// and closed before.
func (d *dialogue) say(format string, args ...any) {
	fmt.Fprintf(d.Conn, format+"\r\n", args...)
}

// farewell is how long a server may take to close after the goodbye.
const farewell = 500 * time.Millisecond

// part says goodbye and waits until the server closes, so that it logs an orderly end. The
// result of the check is known by then, so that nothing of it counts.
func (d *dialogue) part(goodbye string) {
	d.say("%s", goodbye)
	_ = d.SetReadDeadline(time.Now().Add(farewell)) // else the context ends the waiting
	for {
		if _, err := d.line(); err != nil {
			return
		}
	}
}

// bad returns the result of an error of line.
func (d *dialogue) bad(err error) Result { return d.q.bad(err) }

func (q *question) bad(err error) Result {
	if errors.Is(err, errTooLong) {
		return fail(BadAnswer, err.Error())
	}
	return failed(&q.Target, err, talking)
}

// secure goes on by TLS, after the server has agreed to it.
func (d *dialogue) secure(ctx context.Context) (*secured, *Result) {
	if d.text.Buffered() > 0 {
		r := fail(BadAnswer, "text after the agreement to TLS")
		return nil, &r
	}
	c, r := handshake(ctx, d.Conn, d.q)
	if r != nil {
		return nil, r
	}
	return &secured{newDialogue(c, d.q), c}, nil
}

// secured is a dialogue by TLS.
type secured struct {
	*dialogue
	tls *tls.Conn
}

// leave says goodbye, and returns a good result with the end of the certificate.
func (s *secured) leave(goodbye string) Result {
	s.part(goodbye)
	return withExpiry(pass(), s.tls, s.q)
}
