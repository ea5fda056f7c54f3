package health

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// askDNS asks for Name over UDP. Every answer to the question is a sign of life, also a
// refusal: unbound and BIND refuse clients by their addresses, and the director's says
// nothing about those of others. With Expect, the code of the answer must match. The question
// does not need to be in the answer: unbound refuses with the twelve bytes of the header alone.
func askDNS(ctx context.Context, q *question) Result {
	c, bad := dialDatagrams(ctx, &q.Probe, 53)
	if bad != nil {
		return *bad
	}
	defer c.Close()
	id := uint16(rand.Uint32())
	query := append(binary.BigEndian.AppendUint16(nil, id), q.opening[2:]...)
	return exchange(c, q, query, func(answer []byte) (Result, bool) { return judgeDNS(answer, id, q.answer) })
}

// dnsQuery returns the query of a dns check, with the ID 0.
func dnsQuery(p *Probe) ([]byte, error) {
	name, err := dnsmessage.NewName(strings.TrimSuffix(p.Name, ".") + ".")
	if err != nil {
		return nil, err
	}
	kind, ok := dnsType(p.Query)
	if !ok {
		return nil, errors.New("unknown type of a DNS record: " + p.Query)
	}
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{RecursionDesired: true})
	err = errors.Join(b.StartQuestions(),
		b.Question(dnsmessage.Question{Name: name, Type: kind, Class: dnsmessage.ClassINET}))
	if err != nil {
		return nil, err
	}
	return b.Finish()
}

// dnsType returns the type of a record by its name.
func dnsType(name string) (t dnsmessage.Type, ok bool) {
	switch strings.ToUpper(name) {
	case "", "A":
		return dnsmessage.TypeA, true
	case "AAAA":
		return dnsmessage.TypeAAAA, true
	case "NS":
		return dnsmessage.TypeNS, true
	case "SOA":
		return dnsmessage.TypeSOA, true
	case "CNAME":
		return dnsmessage.TypeCNAME, true
	case "MX":
		return dnsmessage.TypeMX, true
	case "PTR":
		return dnsmessage.TypePTR, true
	case "TXT":
		return dnsmessage.TypeTXT, true
	case "SRV":
		return dnsmessage.TypeSRV, true
	}
	return 0, false
}

// judgeDNS looks at the header of an answer (RFC 1035, 4.1.1). done is false if it is not an
// answer to the question with this ID. expect is for the code's name; nil matches every code.
func judgeDNS(answer []byte, id uint16, expect *regexp.Regexp) (r Result, done bool) {
	const header, isAnswer = 12, 0x80
	if len(answer) < header || binary.BigEndian.Uint16(answer) != id || answer[2]&isAnswer == 0 {
		return Result{}, false
	}
	code := dnsCode(dnsmessage.RCode(answer[3] & 0x0f))
	if expect != nil && !expect.MatchString(code) {
		return fail(BadStatus, code), true
	}
	return pass(), true
}

// dnsCode returns the name of a code as dig prints it (RFC 1035, RFC 2136).
func dnsCode(c dnsmessage.RCode) string {
	names := [...]string{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
		"YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"}
	if int(c) < len(names) {
		return names[c]
	}
	return c.String()
}
