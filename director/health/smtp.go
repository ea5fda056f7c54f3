package health

import (
	"context"
	"net"
	"net/netip"
	"strings"
)

// askSMTP waits for the greeting 220 and quits. With StartTLS it goes on to TLS first. A
// server that greets with 421 cannot take one more client (RFC 5321, 3.8): it is busy.
//
// QUIT is always sent: without it a server logs a lost connection.
func askSMTP(ctx context.Context, q *question) Result {
	d, r := openDialogue(ctx, q, 25)
	if r != nil {
		return *r
	}
	defer d.Close()
	code, text, err := d.reply()
	switch {
	case err != nil:
		return d.bad(err)
	case code != "220":
		return d.refused(code, text)
	}
	if !q.StartTLS {
		d.part("QUIT")
		return pass()
	}
	return d.smtpTLS(ctx)
}

// smtpTLS goes on to TLS and quits there.
func (d *dialogue) smtpTLS(ctx context.Context) Result {
	d.say("EHLO %s", smtpName(d.LocalAddr()))
	code, text, err := d.reply()
	switch {
	case err != nil:
		return d.bad(err)
	case code != "250":
		return d.refused(code, text)
	case !hasWord(text, "STARTTLS"):
		d.part("QUIT")
		return fail(BadTLS, "STARTTLS is not offered")
	}
	d.say("STARTTLS")
	if code, text, err = d.reply(); err != nil {
		return d.bad(err)
	} else if code != "220" {
		d.part("QUIT")
		return fail(BadTLS, text)
	}
	s, r := d.secure(ctx)
	if r != nil {
		return *r
	}
	return s.leave("QUIT")
}

// reply returns a reply of SMTP: its code and its lines with the code (RFC 5321, 4.2).
func (d *dialogue) reply() (code, text string, err error) {
	var all strings.Builder
	for {
		line, err := d.line()
		if err != nil {
			return "", "", err
		}
		if !isReply(line) || code != "" && line[:3] != code {
			return "", line, nil
		}
		code = line[:3]
		if all.Len() > 0 {
			all.WriteByte('\n')
		}
		all.WriteString(line)
		if len(line) == 3 || line[3] == ' ' {
			return code, all.String(), nil
		}
	}
}

// isReply reports whether a line has the form of a reply: three digits, the first 2 to 5, and
// a space or a hyphen if anything follows.
func isReply(line string) bool {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' {
		return false
	}
	for _, c := range []byte(line[1:3]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(line) == 3 || line[3] == ' ' || line[3] == '-'
}

// refused quits after a reply that is not the expected one. An empty code is no reply at all.
func (d *dialogue) refused(code, text string) Result {
	if code == "" {
		return fail(BadAnswer, text)
	}
	d.part("QUIT")
	if code == "421" {
		return busy(text)
	}
	return fail(BadStatus, text)
}

// smtpName returns the name of a client that has none: its address in brackets
// (RFC 5321, 4.1.3).
func smtpName(a net.Addr) string {
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return "[127.0.0.1]"
	}
	if addr := ap.Addr().Unmap(); addr.Is4() {
		return "[" + addr.String() + "]"
	}
	return "[IPv6:" + ap.Addr().WithZone("").String() + "]"
}

// hasWord reports whether a text has a word, in any case. Words end at spaces, hyphens after a
// code, and the ends of lines.
func hasWord(text, word string) bool {
	for line := range strings.Lines(text) {
		if len(line) > 4 && isReply(line) {
			line = line[4:]
		}
		for _, w := range strings.Fields(line) {
			if strings.EqualFold(w, word) {
				return true
			}
		}
	}
	return false
}
