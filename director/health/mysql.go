package health

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// checkUser is who logs in where a login needs a name, and nothing else is said.
const checkUser = "lvs"

// askMySQL reads the greeting and tries to log in without a password. A refused login is a
// sign of life. It is tried because a server counts connections that end without one, and
// blocks the host of the check after 100 of them (max_connect_errors).
// https://mariadb.com/kb/en/connection/ has the protocol.
func askMySQL(ctx context.Context, q *question) Result {
	p, r := openPackets(ctx, q, 3306)
	if r != nil {
		return *r
	}
	defer p.Close()
	m := mysql{p}
	seq, greeting, err := m.packet()
	if err != nil {
		return m.bad(err)
	}
	if r := mysqlGreeting(greeting); r != nil {
		return *r
	}
	user := q.User
	if user == "" {
		user = checkUser
	}
	m.sendPacket(seq+1, mysqlLogin(user))
	return m.admission()
}

// mysql is a conversation in MySQL's packets.
type mysql struct{ *packets }

// The first bytes of packets.
const (
	mysqlOK     = 0x00
	mysqlSwitch = 0xfe // another way to log in
	mysqlMore   = 0x01 // more data for the way to log in
	mysqlError  = 0xff
	mysqlQuit   = 0x01 // of a command
)

var errNoMySQL = errors.New("not a packet of MySQL")

// packet returns the next packet and its number: 3 bytes of length, one of number.
func (m mysql) packet() (seq byte, payload []byte, err error) {
	head, err := m.read(4)
	if err != nil {
		return 0, nil, err
	}
	length := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if length == 0 || length > m.left {
		return 0, nil, errNoMySQL // a text of another protocol has such lengths
	}
	payload, err = m.read(length)
	return head[3], payload, err
}

func (m mysql) bad(err error) Result {
	if errors.Is(err, errNoMySQL) {
		return fail(BadAnswer, err.Error())
	}
	return m.packets.bad(err)
}

func (m mysql) sendPacket(seq byte, payload []byte) {
	head := []byte{byte(len(payload)), byte(len(payload) >> 8), byte(len(payload) >> 16), seq}
	m.send(append(head, payload...))
}

// mysqlGreeting returns nil for a greeting of protocol 10, after which a login is expected.
func mysqlGreeting(b []byte) *Result {
	const version = 10
	var r Result
	switch {
	case len(b) == 0:
		r = fail(BadAnswer, errNoMySQL.Error())
	case b[0] == mysqlError:
		r = mysqlFailure(b)
	case b[0] == version && bytes.IndexByte(b, 0) > 0:
		return nil
	default:
		r = fail(BadAnswer, fmt.Sprintf("a greeting of protocol %d, not %d", b[0], version))
	}
	return &r
}

// mysqlLogin returns the answer to a greeting: HandshakeResponse41 without a password.
func mysqlLogin(user string) []byte {
	const (
		protocol41       = 1 << 9
		secureConnection = 1 << 15
		pluginAuth       = 1 << 19
		utf8             = 33
		maxPacket        = 1 << 24
	)
	b := binary.LittleEndian.AppendUint32(nil, protocol41|secureConnection|pluginAuth)
	b = binary.LittleEndian.AppendUint32(b, maxPacket)
	b = append(b, utf8)
	b = append(b, make([]byte, 23)...)
	b = append(append(b, user...), 0)
	b = append(b, 0) // no password
	return append(append(b, "mysql_native_password"...), 0)
}

// admission reads the answer to a login. It gives an empty password to every other way of
// logging in that the server proposes: a client that leaves instead is counted.
func (m mysql) admission() Result {
	const rounds = 4
	for range rounds {
		seq, b, err := m.packet()
		if err != nil {
			return m.bad(err)
		}
		switch b[0] {
		case mysqlOK:
			m.sendPacket(0, []byte{mysqlQuit})
			return pass()
		case mysqlError:
			return mysqlFailure(b)
		case mysqlSwitch, mysqlMore:
			m.sendPacket(seq+1, nil)
		default:
			return fail(BadAnswer, errNoMySQL.Error())
		}
	}
	return fail(BadAnswer, "the login does not end")
}

// mysqlFailure judges an error packet: the number of the error, after the greeting "#" and
// five characters of state, and a text.
func mysqlFailure(b []byte) Result {
	if len(b) < 3 {
		return fail(BadAnswer, errNoMySQL.Error())
	}
	number, text := binary.LittleEndian.Uint16(b[1:]), b[3:]
	if len(text) >= 6 && text[0] == '#' {
		text = text[6:]
	}
	detail := fmt.Sprintf("%d %s", number, text)
	switch number {
	case 1040, 1129, 1203, 1226: // too many connections, host blocked, limits of a user
		return busy(detail)
	case 1053, 1927: // it shuts down, or ended the connection for that
		return fail(Loading, detail)
	}
	if mysqlRefuses(number) {
		return pass()
	}
	return fail(BadStatus, detail)
}

// mysqlRefuses reports whether an error is that of a server that works and does not let us in
// (https://mariadb.com/kb/en/mariadb-error-code-reference/).
func mysqlRefuses(number uint16) bool {
	switch number {
	case 1044, 1045, 1049, 1130, 1131, 1132, 1133, 1227, 1251, 1275, 1524, 1698, 1820, 1862, 3118, 3159, 4151:
		return true
	}
	return false
}
