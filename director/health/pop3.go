package health

import (
	"context"
	"strings"
)

// askPOP3 waits for the greeting +OK and quits. With StartTLS it goes on to TLS first
// (RFC 1939, RFC 2595).
func askPOP3(ctx context.Context, q *question) Result {
	d, r := openDialogue(ctx, q, 110)
	if r != nil {
		return *r
	}
	defer d.Close()
	if r := d.positive(BadStatus); r != nil {
		return *r
	}
	if !q.StartTLS {
		d.part("QUIT")
		return pass()
	}
	d.say("STLS")
	if r := d.positive(BadTLS); r != nil {
		return *r
	}
	s, r := d.secure(ctx)
	if r != nil {
		return *r
	}
	return s.leave("QUIT")
}

// positive reads an answer of POP3. The result is nil if it is positive. After a negative one,
// which fails for a reason, it quits.
func (d *dialogue) positive(why Reason) *Result {
	line, err := d.line()
	var r Result
	switch status, _, _ := strings.Cut(line, " "); {
	case err != nil:
		r = d.bad(err)
	case status == "+OK":
		return nil
	case status == "-ERR":
		d.part("QUIT")
		r = fail(why, line)
	default:
		r = fail(BadAnswer, line)
	}
	return &r
}
