package health

import (
	"context"
	"strings"
)

// askIMAP waits for the greeting, wants a list of capabilities, in it or asked for, and logs
// out. With StartTLS it goes on to TLS first (RFC 9051).
//
// The greeting alone proves little: dovecot greets with OK even if nobody can log in.
func askIMAP(ctx context.Context, q *question) Result {
	d, r := openDialogue(ctx, q, 143)
	if r != nil {
		return *r
	}
	defer d.Close()
	line, err := d.line()
	if err != nil {
		return d.bad(err)
	}
	list, r := imapGreeting(line)
	if r == nil && list == "" {
		list, r = d.capabilities()
	}
	if r != nil {
		return *r
	}
	if !q.StartTLS {
		d.part("a LOGOUT")
		return pass()
	}
	return d.imapTLS(ctx, list)
}

// imapGreeting returns the capabilities in a greeting, or why it is not a good one.
func imapGreeting(line string) (list string, r *Result) {
	word, rest, _ := strings.Cut(strings.TrimPrefix(line, "* "), " ")
	switch {
	case !strings.HasPrefix(line, "* "):
	case strings.EqualFold(word, "BYE"):
		return "", imapFail(BadStatus, line)
	case strings.EqualFold(word, "OK"), strings.EqualFold(word, "PREAUTH"):
		return imapCode(rest), nil
	}
	return "", imapFail(BadAnswer, line)
}

// imapCode returns the capabilities in the code of an answer, such as
// "[CAPABILITY IMAP4rev1 …] text". It is empty if there are none.
func imapCode(text string) string {
	code, ok := strings.CutPrefix(text, "[")
	code, _, closed := strings.Cut(code, "]")
	word, list, _ := strings.Cut(code, " ")
	if !ok || !closed || !strings.EqualFold(word, "CAPABILITY") {
		return ""
	}
	return list
}

// capabilities asks for them.
func (d *dialogue) capabilities() (list string, r *Result) {
	d.say("a CAPABILITY")
	for {
		line, err := d.line()
		if err != nil {
			r := d.bad(err)
			return "", &r
		}
		tag, rest, _ := strings.Cut(line, " ")
		word, after, _ := strings.Cut(rest, " ")
		switch {
		case tag == "*" && strings.EqualFold(word, "CAPABILITY"):
			list = after
		case tag == "*" && strings.EqualFold(word, "BYE"):
			return "", imapFail(BadStatus, line)
		case tag == "*":
		case tag == "a" && strings.EqualFold(word, "OK") && imapVersion(list):
			return list, nil
		case tag == "a":
			return "", imapFail(BadStatus, line)
		default:
			return "", imapFail(BadAnswer, line)
		}
	}
}

// imapVersion reports whether a list of capabilities has a version of IMAP, which every one
// has.
func imapVersion(list string) bool { return hasWord(list, "IMAP4rev1") || hasWord(list, "IMAP4rev2") }

// imapTLS goes on to TLS and logs out there.
func (d *dialogue) imapTLS(ctx context.Context, list string) Result {
	if !hasWord(list, "STARTTLS") {
		d.part("a LOGOUT")
		return fail(BadTLS, "STARTTLS is not offered")
	}
	d.say("b STARTTLS")
	for {
		line, err := d.line()
		if err != nil {
			return d.bad(err)
		}
		if strings.HasPrefix(line, "* ") {
			continue
		}
		if !strings.HasPrefix(strings.ToUpper(line), "B OK") {
			return fail(BadTLS, line)
		}
		break
	}
	s, r := d.secure(ctx)
	if r != nil {
		return *r
	}
	return s.leave("c LOGOUT")
}

func imapFail(why Reason, line string) *Result {
	r := fail(why, line)
	return &r
}
