package health

import (
	"errors"
	"io"
	"net"
)

// talk is one short conversation: the question's opening is sent, then hear gets what comes
// back. It knows nothing of sockets, so that the same one serves on a net.Conn, on TLS, and
// on the sockets of the epoll loop.
type talk interface {
	// hear gets the next part of the answer. end is set when the other side has closed.
	// done is set with the result. data is only valid during the call.
	hear(data []byte, end bool) (r Result, done bool)
}

// newTalk returns what waits for the answer, or nil if none is needed.
func (q *question) newTalk() talk {
	switch {
	case q.Kind == HTTP, q.Kind == HTTPS:
		return &httpTalk{q: q}
	case q.answer != nil:
		return &tcpTalk{q: q}
	}
	return nil
}

// converse holds the conversation of a question on a connection.
func converse(c net.Conn, q *question) Result {
	t := q.newTalk()
	if len(q.opening) > 0 {
		// A server may answer and close before it has read everything, so that what was
		// received counts more than an error of writing.
		if _, err := c.Write(q.opening); err != nil && t == nil {
			return failed(&q.Target, err, talking)
		}
	}
	if t == nil {
		return pass()
	}
	buf := make([]byte, 16<<10)
	for {
		n, err := c.Read(buf)
		if n > 0 || errors.Is(err, io.EOF) {
			if r, done := t.hear(buf[:n], err != nil); done {
				return r
			}
		}
		if err != nil {
			return failed(&q.Target, err, talking)
		}
	}
}
