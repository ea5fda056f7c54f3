package health

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// askPostgres sends a start packet. A server that wants a password, or refuses the user, is
// alive; one that starts or stops says so (57P0x), although it accepts connections and even
// TLS then. With StartTLS the packet goes by TLS.
// https://www.postgresql.org/docs/current/protocol-flow.html has the protocol.
func askPostgres(ctx context.Context, q *question) Result {
	p, r := openPackets(ctx, q, 5432)
	if r != nil {
		return *r
	}
	defer p.Close()
	if !q.StartTLS {
		return postgres{p}.start()
	}
	if r := (postgres{p}).wantTLS(); r != nil {
		return *r
	}
	c, r := handshake(ctx, p.Conn, q)
	if r != nil {
		return *r
	}
	defer c.Close() // a server logs the end of a connection without the end of TLS
	return withExpiry(postgres{newPackets(c, q)}.start(), c, q)
}

// postgres is a conversation in PostgreSQL's messages.
type postgres struct{ *packets }

// wantTLS asks for TLS. The result is nil if the server agrees: it answers with one letter,
// S or N, or an error.
func (p postgres) wantTLS() *Result {
	const sslRequest = 80877103
	p.send(binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, sslRequest))
	b, err := p.read(1)
	var r Result
	switch {
	case err != nil:
		r = p.bad(err)
	case b[0] == 'S' && p.in.Buffered() == 0:
		return nil
	case b[0] == 'S':
		r = fail(BadAnswer, "data after the agreement to TLS")
	case b[0] == 'N':
		r = fail(BadTLS, "TLS is not offered")
	case b[0] == 'E':
		r = fail(BadTLS, "TLS is answered by an error")
	default:
		r = fail(BadAnswer, fmt.Sprintf("%q in answer to the request for TLS", b))
	}
	return &r
}

// start sends the start packet and reads until the server wants a password, lets us in, or
// refuses.
func (p postgres) start() Result {
	p.send(p.q.startPacket())
	for {
		kind, body, err := p.message()
		if err != nil {
			return p.bad(err)
		}
		const admitted = 0
		switch {
		case kind == 'E':
			return p.q.postgresError(body)
		case kind == 'R' && len(body) >= 4:
			if binary.BigEndian.Uint32(body) != admitted {
				return pass() // leaving now is not logged as a failed login
			}
		case kind == 'Z': // ready
			p.send([]byte{'X', 0, 0, 0, 4})
			return pass()
		case strings.IndexByte("SKNv", kind) >= 0: // parameters, the key to cancel, notices
		default:
			return fail(BadAnswer, fmt.Sprintf("a message of the kind %q", kind))
		}
	}
}

func (q *question) startPacket() []byte {
	user := q.User
	if user == "" {
		user = checkUser
	}
	const version = 3 << 16
	b := binary.BigEndian.AppendUint32(make([]byte, 4), version)
	for _, s := range []string{"user", user, "database", q.Database} {
		if s == "database" && q.Database == "" {
			break
		}
		b = append(append(b, s...), 0)
	}
	b = append(b, 0)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

var errNoPostgres = errors.New("not a message of PostgreSQL")

// message returns the next message: its kind, four bytes of length with themselves, and the
// rest.
func (p postgres) message() (kind byte, body []byte, err error) {
	head, err := p.read(5)
	if err != nil {
		return 0, nil, err
	}
	length := int64(binary.BigEndian.Uint32(head[1:])) - 4
	if length < 0 || length > int64(p.left) {
		return 0, nil, errNoPostgres // a text of another protocol has such lengths
	}
	body, err = p.read(int(length))
	return head[0], body, err
}

func (p postgres) bad(err error) Result {
	if errors.Is(err, errNoPostgres) {
		return fail(BadAnswer, err.Error())
	}
	return p.packets.bad(err)
}

// postgresError judges an error by its code
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func (q *question) postgresError(body []byte) Result {
	code, text := postgresFields(body)
	detail := strings.TrimSpace(code + " " + text)
	switch {
	case code == "":
		return fail(BadAnswer, errNoPostgres.Error())
	case strings.HasPrefix(code, "57P0"): // it shuts down, crashed, or starts
		return fail(Loading, detail)
	case code == "53300": // too many connections
		return busy(detail)
	case strings.HasPrefix(code, "28"), code == "42501": // the login is refused
		return pass()
	case code == "3D000" && q.Database == "": // no database of the user's name
		return pass()
	}
	return fail(BadStatus, detail)
}

// postgresFields returns the code and the text of an error: fields of a letter and a string
// that ends with a zero byte.
func postgresFields(body []byte) (code, text string) {
	for len(body) > 1 {
		end := bytes.IndexByte(body, 0)
		if end < 0 {
			break
		}
		switch body[0] {
		case 'C':
			code = string(body[1:end])
		case 'M':
			text = string(body[1:end])
		}
		body = body[end+1:]
	}
	return code, text
}
