package health

import (
	"context"
)

// The longest answer that Expect is matched with, and how often it is matched while an
// answer grows byte by byte; then only when it has doubled.
const (
	maxAnswer  = 16 << 10
	maxMatches = 64
)

// askTCP connects, sends Send, and waits for an answer that Expect matches. Without Expect
// a connection is enough: the kernel makes it even if the program hangs.
func askTCP(ctx context.Context, q *question) Result {
	c, r := dial(ctx, &q.Probe, 0)
	if r != nil {
		return *r
	}
	defer c.Close()
	return converse(c, q)
}

// tcpTalk waits for an answer that matches.
type tcpTalk struct {
	q       *question
	got     []byte
	matches int
	matched int // how long the answer was when it was matched last
}

func (t *tcpTalk) hear(data []byte, end bool) (r Result, done bool) {
	t.got = append(t.got, data...)
	full := len(t.got) >= maxAnswer
	if len(t.got) > maxAnswer {
		t.got = t.got[:maxAnswer]
	}
	if t.matches < maxMatches || len(t.got) >= 2*t.matched || end || full {
		t.matches, t.matched = t.matches+1, len(t.got)
		if t.q.answer.Match(t.got) {
			return pass(), true
		}
	}
	switch {
	case full, end && len(t.got) > 0:
		return fail(BadAnswer, string(t.got[:min(len(t.got), maxDetail+1)])), true
	case end:
		return fail(Closed, ""), true
	}
	return Result{}, false
}
