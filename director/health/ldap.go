package health

import (
	"context"
	"errors"
	"fmt"
)

// askLDAP binds without a password, reads one entry (BaseDN, or the root DSE, which is at the
// empty name) and unbinds. With StartTLS it goes on to TLS first.
//
// A server that refuses the bind, or hides the root DSE, is alive (RFC 4511).
func askLDAP(ctx context.Context, q *question) Result {
	p, r := openPackets(ctx, q, 389)
	if r != nil {
		return *r
	}
	defer p.Close()
	d := &directory{packets: p}
	if !q.StartTLS {
		return d.question()
	}
	if r := d.startTLS(); r != nil {
		d.unbind()
		return *r
	}
	c, r := handshake(ctx, p.Conn, q)
	if r != nil {
		return *r
	}
	defer c.Close()
	s := &directory{packets: newPackets(c, q)}
	return withExpiry(s.question(), c, q)
}

// directory is a conversation in LDAP's messages. message counts ours.
type directory struct {
	*packets
	message byte
}

// The tags of operations (RFC 4511, 4.2 to 4.12).
const (
	ldapBind        = 0x60
	ldapBound       = 0x61
	ldapUnbind      = 0x42
	ldapSearch      = 0x63
	ldapEntry       = 0x64
	ldapSearchDone  = 0x65
	ldapReference   = 0x73
	ldapExtended    = 0x77
	ldapExtendedEnd = 0x78
)

// The result codes that matter (RFC 4511, A.1).
const (
	ldapSuccess       = 0
	ldapProtocolError = 2
	ldapStronger      = 8  // another way to bind is required
	ldapConfidential  = 13 // TLS is required
	ldapInappropriate = 48 // bind
	ldapCredentials   = 49
	ldapAccess        = 50
	ldapBusy          = 51
	ldapUnavailable   = 52
	ldapUnwilling     = 53
)

// question binds, searches and unbinds.
func (d *directory) question() Result {
	defer d.unbind()
	d.ask(ldapBind, berInteger(3), berText(berOctets, ""), berText(0x80, ""))
	code, text, r := d.answer(ldapBound)
	if r != nil {
		return *r
	}
	switch code {
	case ldapSuccess, ldapStronger, ldapConfidential, ldapInappropriate, ldapCredentials, ldapAccess, ldapUnwilling:
	default:
		return ldapFailure("bind", code, text)
	}
	const (
		baseObject, neverDereference = 0, 0
		oneEntry, noLimit            = 1, 0
		present                      = 0x87 // a filter: the attribute exists
		noAttributes                 = "1.1"
	)
	d.ask(ldapSearch, berText(berOctets, d.q.BaseDN), berEnumerated(baseObject), berEnumerated(neverDereference),
		berInteger(oneEntry), berInteger(noLimit), []byte{berBoolean, 1, 0}, berText(present, "objectClass"),
		ber(berSequence, berText(berOctets, noAttributes)))
	code, text, r = d.answer(ldapSearchDone)
	switch {
	case r != nil:
		return *r
	case code == ldapSuccess:
		return pass()
	case d.q.BaseDN == "" && ldapHidden(code):
		return pass()
	}
	return ldapFailure("search", code, text)
}

// ldapHidden reports whether a code is that of a server that works and does not tell us.
func ldapHidden(code int) bool {
	switch code {
	case ldapBusy, ldapUnavailable, ldapProtocolError:
		return false
	case ldapStronger, ldapConfidential, ldapInappropriate, ldapCredentials, ldapAccess, ldapUnwilling:
		return true
	}
	const noSuchObject = 32
	return code == noSuchObject
}

// startTLS asks for TLS. The result is nil if the server agrees.
func (d *directory) startTLS() *Result {
	const name = "1.3.6.1.4.1.1466.20037" // RFC 4511, 4.14.1
	d.ask(ldapExtended, berText(0x80, name))
	code, text, r := d.answer(ldapExtendedEnd)
	var f Result
	switch {
	case r != nil:
		return r
	case code == ldapSuccess && d.in.Buffered() == 0:
		return nil
	case code == ldapSuccess:
		f = fail(BadAnswer, "data after the agreement to TLS")
	case code == ldapProtocolError:
		f = fail(BadTLS, "StartTLS is not configured: result 2 "+text)
	case code == ldapBusy, code == ldapUnavailable:
		f = ldapFailure("StartTLS", code, text)
	default:
		f = fail(BadTLS, fmt.Sprintf("StartTLS: result %d %s", code, text))
	}
	return &f
}

// unbind ends the session, so that the server logs an orderly end. There is no answer.
func (d *directory) unbind() {
	d.message++
	d.send(ber(berSequence, berInteger(int(d.message)), []byte{ldapUnbind, 0}))
}

// ask sends a request.
func (d *directory) ask(operation byte, parts ...[]byte) {
	d.message++
	d.send(ber(berSequence, berInteger(int(d.message)), ber(operation, parts...)))
}

var errNoLDAP = errors.New("not a message of LDAP")

// answer reads messages until the one that ends the present request, and returns its result
// code and text.
func (d *directory) answer(want byte) (code int, text string, r *Result) {
	for {
		operation, body, err := d.read1()
		if err != nil {
			f := d.bad(err)
			if errors.Is(err, errNoLDAP) {
				f = fail(BadAnswer, err.Error())
			}
			return 0, "", &f
		}
		switch {
		case operation == ldapEntry && want == ldapSearchDone, operation == ldapReference && want == ldapSearchDone:
			continue
		case operation != want && operation != ldapExtendedEnd: // the latter is a notice of disconnection
			f := fail(BadAnswer, fmt.Sprintf("operation %#x, not %#x", operation, want))
			return 0, "", &f
		}
		code, text, err := ldapResult(body)
		if err != nil {
			f := fail(BadAnswer, err.Error())
			return 0, "", &f
		}
		if operation != want {
			f := ldapFailure("disconnected", code, text)
			return 0, "", &f
		}
		return code, text, nil
	}
}

// read1 reads one message and returns its operation.
func (d *directory) read1() (operation byte, body []byte, err error) {
	tag, message, err := d.element()
	if err != nil {
		return 0, nil, err
	}
	id, rest, err := cutElement(message)
	if err != nil || tag != berSequence || id.tag != berInt {
		return 0, nil, errNoLDAP
	}
	operations, _, err := cutElement(rest)
	if err != nil {
		return 0, nil, errNoLDAP
	}
	return operations.tag, operations.body, nil
}

// ldapResult returns the code and the text of a result: a code, a name and a text come first.
func ldapResult(body []byte) (code int, text string, err error) {
	number, rest, err := cutElement(body)
	if err != nil || number.tag != berEnum || len(number.body) != 1 {
		return 0, "", errNoLDAP
	}
	_, rest, err = cutElement(rest)
	if err != nil {
		return 0, "", errNoLDAP
	}
	diagnostic, _, err := cutElement(rest)
	if err != nil {
		return 0, "", errNoLDAP
	}
	return int(number.body[0]), string(diagnostic.body), nil
}

func ldapFailure(what string, code int, text string) Result {
	detail := fmt.Sprintf("%s: result %d %s", what, code, text)
	switch code {
	case ldapBusy:
		return busy(detail)
	case ldapUnavailable:
		return fail(Loading, detail)
	}
	return fail(BadStatus, detail)
}
