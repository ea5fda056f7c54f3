package health

import (
	"context"
	"fmt"
	"net"
)

// maxDatagrams is how many datagrams are read for one question.
const maxDatagrams = 1000

// askUDP sends Send, which may be empty. A refusal proves that nobody listens. Silence proves
// nothing, and passes unless an answer is expected: many servers are silent when they do not
// like a question, and the system of a server that is down refuses only once a second.
func askUDP(ctx context.Context, q *question) Result {
	c, bad := dialDatagrams(ctx, &q.Probe, 0)
	if bad != nil {
		return *bad
	}
	defer c.Close()
	r := exchange(c, q, q.opening, func(answer []byte) (Result, bool) {
		if q.answer == nil || q.answer.Match(answer) {
			return pass(), true
		}
		return fail(BadAnswer, string(answer[:min(len(answer), maxDetail+1)])), true
	})
	if q.answer == nil && r.Reason == Silent {
		return pass()
	}
	return r
}

// exchange sends a datagram and reads datagrams until one is the answer.
func exchange(c net.Conn, q *question, send []byte, judge func([]byte) (r Result, done bool)) Result {
	if _, err := c.Write(send); err != nil {
		return failed(&q.Target, err, talking)
	}
	buf := make([]byte, 4<<10)
	for others := range maxDatagrams {
		n, err := c.Read(buf)
		if err != nil {
			r := failed(&q.Target, err, talking)
			if r.Reason == Silent && others > 0 {
				r.Detail = fmt.Sprintf("datagrams that are no answer: %d", others)
			}
			return r
		}
		if r, done := judge(buf[:n]); done {
			return r
		}
	}
	return fail(BadAnswer, fmt.Sprintf("datagrams that are no answer: %d", maxDatagrams))
}
