package health

import (
	"context"
	"errors"
	"regexp"
	"time"
	"unicode/utf8"
)

// question is a probe that is ready to be asked many times.
type question struct {
	Probe
	// answer is the expression of Expect, or of Body. Nil matches everything.
	answer *regexp.Regexp
	// opening is what is sent first, and greeting the same after the PROXY header.
	opening, greeting []byte
	// fault is why the question cannot be asked.
	fault error
	// programs has as many places as programs may run at a time. Nil has no end of them.
	programs chan struct{}
}

// prepare makes a question of a probe.
func prepare(p Probe) *question {
	p.Timing = p.WithDefaults()
	q := &question{Probe: p}
	expr := p.Expect
	if p.Kind == HTTP || p.Kind == HTTPS {
		expr = p.Body
	}
	if expr != "" {
		q.answer, q.fault = regexp.Compile(expr)
	}
	switch p.Kind {
	case TCP, UDP:
		q.opening = []byte(p.Send)
	case HTTP, HTTPS:
		request, err := httpRequest(&p)
		q.opening, q.fault = request, errors.Join(q.fault, err)
	case DNS:
		q.opening, q.fault = dnsQuery(&p)
	}
	q.greeting = append(proxyHeader(p.ProxyProtocol), q.opening...)
	return q
}

// limit is the longest time of a question.
func (q *question) limit() time.Duration { return q.Timeout + q.Greeting }

// ask asks once, until the context ends. The result has no times.
func ask(ctx context.Context, q *question) Result {
	if q.fault != nil {
		return local(q.fault.Error())
	}
	switch q.Kind {
	case TCP:
		return askTCP(ctx, q)
	case TLS:
		return askTLS(ctx, q)
	case HTTP, HTTPS:
		return askHTTP(ctx, q)
	case SMTP:
		return askSMTP(ctx, q)
	case POP3:
		return askPOP3(ctx, q)
	case IMAP:
		return askIMAP(ctx, q)
	case LDAP:
		return askLDAP(ctx, q)
	case MySQL:
		return askMySQL(ctx, q)
	case PostgreSQL:
		return askPostgres(ctx, q)
	case Redis:
		return askRedis(ctx, q)
	case Exec:
		return askExec(ctx, q)
	case File:
		return askFile(ctx, q)
	case Agent:
		return askAgent(ctx, q)
	case DNS:
		return askDNS(ctx, q)
	case UDP:
		return askUDP(ctx, q)
	case ICMP:
		return askICMP(ctx, q)
	default:
		return local("unknown kind of check " + string(q.Kind))
	}
}

// maxDetail is the length of Result.Detail in bytes.
const maxDetail = 200

// pass returns a good result.
func pass() Result { return Result{Outcome: Pass} }

// fail returns a bad result.
func fail(why Reason, detail string) Result {
	return Result{Outcome: Fail, Reason: why, Detail: cut(detail)}
}

// busy returns the result of a server that cannot take one more client.
func busy(detail string) Result {
	return Result{Outcome: Busy, Reason: TooBusy, Detail: cut(detail)}
}

// local returns the result of a probe that could not be asked.
func local(detail string) Result {
	return Result{Outcome: Local, Reason: NoLocal, Detail: cut(detail)}
}

// cut returns the beginning of a text, without half a character at its end.
func cut(text string) string {
	if len(text) <= maxDetail {
		return text
	}
	end := maxDetail
	for end > maxDetail-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
