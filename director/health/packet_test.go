package health

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// packetTest is one conversation with a server that first reads and sends as many packets as
// turns says.
type packetTest struct {
	name  string
	spec  Spec
	serve func(c net.Conn)
	want  Result
}

func runPackets(t *testing.T, kind Kind, tests []packetTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := Probe{Spec: test.spec, Timing: Timing{Timeout: 2 * time.Second}}
			if test.want.Reason == Silent {
				p.Timeout = 300 * time.Millisecond
			}
			p.Kind = kind
			p.Addr = serve(t, test.serve)
			if got := askOnce(t, p); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// turns returns a server that sends the given parts; between two it reads n bytes or more.
func turns(parts ...[]byte) func(net.Conn) {
	return func(c net.Conn) {
		buf := make([]byte, 4096)
		for i, part := range parts {
			if i > 0 {
				if _, err := c.Read(buf); err != nil {
					return
				}
			}
			c.Write(part)
		}
		untilClosed(c)
	}
}

// mysqlPacket returns a packet with its head.
func mysqlPacket(seq byte, payload ...byte) []byte {
	return append([]byte{byte(len(payload)), 0, 0, seq}, payload...)
}

// mysqlErr returns an error packet, with a state or before the greeting without.
func mysqlErr(seq byte, number uint16, state, text string) []byte {
	b := binary.LittleEndian.AppendUint16([]byte{0xff}, number)
	return mysqlPacket(seq, append(b, state+text...)...)
}

func TestMySQL(t *testing.T) {
	greeting := mysqlPacket(0, append([]byte("\x0a5.5.5-10.11.6-MariaDB\x00"), make([]byte, 40)...)...)
	runPackets(t, MySQL, []packetTest{
		{"refused login", Spec{}, turns(greeting, mysqlErr(2, 1045, "#28000", "Access denied")), pass()},
		{"login", Spec{}, turns(greeting, mysqlPacket(2, 0, 0, 0, 2, 0, 0, 0)), pass()},
		{"another way to log in", Spec{}, turns(greeting,
			mysqlPacket(2, append([]byte{0xfe}, "caching_sha2_password\x00"...)...),
			mysqlErr(4, 1045, "#28000", "Access denied")), pass()},
		{"another way without end", Spec{}, func(c net.Conn) {
			turns(greeting, mysqlPacket(2, 0xfe), mysqlPacket(4, 0xfe), mysqlPacket(6, 0xfe), mysqlPacket(8, 0xfe))(c)
		}, fail(BadAnswer, "the login does not end")},
		{"host not allowed", Spec{}, turns(mysqlErr(0, 1130, "", "Host is not allowed")), pass()},
		{"too many connections", Spec{}, turns(mysqlErr(0, 1040, "", "Too many connections")),
			busy("1040 Too many connections")},
		{"host blocked", Spec{}, turns(mysqlErr(0, 1129, "", "Host is blocked")), busy("1129 Host is blocked")},
		{"shutdown", Spec{}, turns(greeting, mysqlErr(2, 1053, "#08S01", "Server shutdown in progress")),
			fail(Loading, "1053 Server shutdown in progress")},
		{"out of memory", Spec{}, turns(greeting, mysqlErr(2, 1041, "#HY000", "Out of memory")),
			fail(BadStatus, "1041 Out of memory")},
		{"old protocol", Spec{}, turns(mysqlPacket(0, 9, '3', 0)), fail(BadAnswer, "a greeting of protocol 9, not 10")},
		{"silent", Spec{}, untilClosed, fail(Silent, "")},
		{"silent after the greeting", Spec{}, turns(greeting), fail(Silent, "")},
		{"closes", Spec{}, func(net.Conn) {}, fail(Closed, "")},
		{"another protocol", Spec{}, says("SSH-2.0-OpenSSH_9.2\r\n"), fail(BadAnswer, errNoMySQL.Error())},
	})
}

// TestMySQLUser checks what the server gets to know.
func TestMySQLUser(t *testing.T) {
	got := make(chan string, 1)
	p := Probe{Spec: Spec{User: "ada"}, Timing: Timing{Timeout: time.Second}}
	p.Kind = MySQL
	p.Addr = serve(t, func(c net.Conn) {
		c.Write(mysqlPacket(0, append([]byte("\x0a11\x00"), make([]byte, 40)...)...))
		buf := make([]byte, 4096)
		n, _ := c.Read(buf)
		got <- string(buf[:n])
		c.Write(mysqlErr(2, 1045, "#28000", "no"))
	})
	if r := askOnce(t, p); r != pass() {
		t.Errorf("got %+v", r)
	}
	login := <-got
	if len(login) < 36 || login[3] != 1 ||
		!strings.HasPrefix(login[36:], "ada\x00\x00mysql_native_password\x00") {
		t.Errorf("the login is %q", login)
	}
}

// pgMessage returns a message of PostgreSQL.
func pgMessage(kind byte, body string) []byte {
	b := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))
	return append(b, body...)
}

func pgError(code, text string) []byte {
	return pgMessage('E', "SFATAL\x00VFATAL\x00C"+code+"\x00M"+text+"\x00\x00")
}

func TestPostgres(t *testing.T) {
	after := func(answer ...[]byte) func(net.Conn) { return turns(nil, slices.Concat(answer...)) }
	welcome := pgMessage('R', "\x00\x00\x00\x00")
	runPackets(t, PostgreSQL, []packetTest{
		{"wants a password", Spec{}, after(pgMessage('R', "\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00")), pass()},
		{"lets in", Spec{}, after(welcome, pgMessage('S', "a\x00b\x00"),
			pgMessage('K', "12345678"), pgMessage('Z', "I")), pass()},
		{"refuses the user", Spec{}, after(pgError("28000", "role does not exist")), pass()},
		{"has no such database", Spec{}, after(welcome, pgError("3D000", "no")), pass()},
		{"has not the named database", Spec{Database: "shop"},
			after(welcome, pgError("3D000", "no")), fail(BadStatus, "3D000 no")},
		{"starts", Spec{}, after(pgError("57P03", "starting up")), fail(Loading, "57P03 starting up")},
		{"stops", Spec{}, after(pgError("57P01", "terminating")), fail(Loading, "57P01 terminating")},
		{"is full", Spec{}, after(pgError("53300", "too many clients")), busy("53300 too many clients")},
		{"is full for others", Spec{}, after(welcome, pgError("53300", "reserved")), busy("53300 reserved")},
		{"is broken", Spec{}, after(pgError("XX000", "internal")), fail(BadStatus, "XX000 internal")},
		{"has no code", Spec{}, after(pgMessage('E', "Mwhat\x00\x00")), fail(BadAnswer, errNoPostgres.Error())},
		{"silent", Spec{}, untilClosed, fail(Silent, "")},
		{"closes", Spec{}, func(c net.Conn) { io.CopyN(io.Discard, c, 8) }, fail(Closed, "connection reset by peer")},
		{"another protocol", Spec{}, says("HTTP/1.1 400 Bad Request\r\n\r\n"), fail(BadAnswer, errNoPostgres.Error())},
		{"TLS not offered", Spec{StartTLS: true}, after([]byte("N")), fail(BadTLS, "TLS is not offered")},
		{"error instead of TLS", Spec{StartTLS: true}, after([]byte("EFATAL")), fail(BadTLS, "TLS is answered by an error")},
		{"data before TLS", Spec{StartTLS: true}, after([]byte("SR")), fail(BadAnswer, "data after the agreement to TLS")},
	})
}

// ldapMessage returns a message with an operation.
func ldapMessage(id int, operation []byte) []byte { return ber(berSequence, berInteger(id), operation) }

func ldapDone(operation byte, code int, text string) []byte {
	return ber(operation, berEnumerated(code), berText(berOctets, ""), berText(berOctets, text))
}

func TestLDAP(t *testing.T) {
	bound := ldapMessage(1, ldapDone(ldapBound, 0, ""))
	found := ldapMessage(2, ber(ldapEntry, berText(berOctets, ""), ber(berSequence)))
	done := ldapMessage(2, ldapDone(ldapSearchDone, 0, ""))
	after := func(answers ...[]byte) func(net.Conn) { return turns(append([][]byte{nil}, answers...)...) }
	long := slices.Clone(bound)
	long = slices.Concat([]byte{berSequence, 0x84, 0, 0, 0, long[1]}, long[2:]) // as Active Directory writes it
	base := Spec{BaseDN: "dc=lab"}
	runPackets(t, LDAP, []packetTest{
		{"good", Spec{}, after(bound, slices.Concat(found, done)), pass()},
		{"lengths of four bytes", Spec{}, after(long, slices.Concat(found, done)), pass()},
		{"a reference", base, after(bound,
			slices.Concat(ldapMessage(2, ber(ldapReference, berText(berOctets, "ldap://x"))), done)), pass()},
		{"bind refused", Spec{}, after(ldapMessage(1, ldapDone(ldapBound, 53, "anonymous bind disallowed")),
			ldapMessage(2, ldapDone(ldapSearchDone, 50, ""))), pass()},
		{"hidden root", Spec{}, after(bound, ldapMessage(2, ldapDone(ldapSearchDone, 32, ""))), pass()},
		{"no such entry", base, after(bound, ldapMessage(2, ldapDone(ldapSearchDone, 32, ""))),
			fail(BadStatus, "search: result 32 ")},
		{"busy", Spec{}, after(ldapMessage(1, ldapDone(ldapBound, 51, "load"))), busy("bind: result 51 load")},
		{"unavailable", Spec{}, after(bound, ldapMessage(2, ldapDone(ldapSearchDone, 52, ""))),
			fail(Loading, "search: result 52 ")},
		{"operations error", Spec{}, after(bound, ldapMessage(2, ldapDone(ldapSearchDone, 1, "db"))),
			fail(BadStatus, "search: result 1 db")},
		{"notice of disconnection", Spec{}, after(ldapMessage(0, ldapDone(ldapExtendedEnd, 52, "shutdown"))),
			fail(Loading, "disconnected: result 52 shutdown")},
		{"StartTLS not configured", Spec{StartTLS: true}, after(ldapMessage(1, ldapDone(ldapExtendedEnd, 2, "unsupported"))),
			fail(BadTLS, "StartTLS is not configured: result 2 unsupported")},
		{"silent", Spec{}, untilClosed, fail(Silent, "")},
		{"silent after the bind", Spec{}, after(bound), fail(Silent, "")},
		{"another protocol", Spec{}, says("HTTP/1.1 400 Bad Request\r\n\r\n"), fail(BadAnswer, errNoLDAP.Error())},
		{"huge", Spec{}, says("\x30\x84\x7f\xff\xff\xff"), fail(BadAnswer, errTooLong.Error())},
		{"endless", Spec{}, after(bound, slices.Concat(slices.Repeat([][]byte{found}, maxText/len(found)+1)...)),
			fail(BadAnswer, errTooLong.Error())},
	})
}

// TestBERLengths reads lengths in every form.
func TestBERLengths(t *testing.T) {
	for _, size := range []int{0, 1, 127, 128, 255, 256, 20000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			b := berText(berOctets, strings.Repeat("x", size))
			e, rest, err := cutElement(append(b, "rest"...))
			if err != nil || len(e.body) != size || string(rest) != "rest" {
				t.Errorf("got %d bytes, %q, %v", len(e.body), rest, err)
			}
		})
	}
	for _, bad := range []string{"", "\x04", "\x04\x05abc", "\x04\x80abc",
		"\x04\x85\x00\x00\x00\x00\x01a", "\x04\x82\x01"} {
		if _, _, err := cutElement([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
