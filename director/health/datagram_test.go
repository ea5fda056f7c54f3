package health

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// serveUDP runs a server on loopback until the test ends. It gets each datagram, and reply
// sends one back.
func serveUDP(t testing.TB, serve func(got []byte, reply func([]byte))) netip.AddrPort {
	t.Helper()
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, from, err := c.ReadFromUDPAddrPort(buf)
			if err != nil {
				if errors.Is(err, net.ErrClosed) {
					return
				}
				continue // an ICMP error of an earlier client
			}
			serve(buf[:n], func(b []byte) { c.WriteToUDPAddrPort(b, from) })
		}
	}()
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func mute([]byte, func([]byte)) {}

func TestUDP(t *testing.T) {
	say := func(text string) func([]byte, func([]byte)) {
		return func(_ []byte, reply func([]byte)) { reply([]byte(text)) }
	}
	tests := []struct {
		name   string
		server func([]byte, func([]byte)) // nil: nobody listens
		spec   Spec
		want   Result
	}{
		{"silence passes", mute, Spec{}, pass()},
		{"silence fails if an answer is expected", mute, Spec{Expect: "pong"}, fail(Silent, "")},
		{"refused", nil, Spec{}, fail(Refused, "connection refused")},
		{"refused, with an expectation", nil, Spec{Expect: "pong"}, fail(Refused, "connection refused")},
		{"any answer", say("what?"), Spec{}, pass()},
		{"an empty answer", say(""), Spec{Expect: "^$"}, pass()},
		{"expected answer", func(got []byte, reply func([]byte)) { reply(append(got, "pong"...)) },
			Spec{Send: "ping", Expect: "^pingpong$"}, pass()},
		{"another answer", say("error"), Spec{Send: "ping", Expect: "pong"}, fail(BadAnswer, "error")},
		{"huge answer", say(strings.Repeat("x", 60_000)), Spec{Expect: "y"},
			fail(BadAnswer, strings.Repeat("x", maxDetail))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := Probe{Spec: test.spec, Timing: patience(test.want)}
			p.Kind = UDP
			if strings.HasPrefix(test.name, "silence") {
				p.Timing = patience(fail(Silent, ""))
			}
			if test.server == nil {
				c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
				if err != nil {
					t.Fatal(err)
				}
				p.Addr = c.LocalAddr().(*net.UDPAddr).AddrPort()
				c.Close()
			} else {
				p.Addr = serveUDP(t, test.server)
			}
			eachWay(t, p, test.want)
		})
	}
}

func TestDNS(t *testing.T) {
	// answer returns a server whose answers have a code, and the question if it is set.
	answer := func(code dnsmessage.RCode, question bool) func([]byte, func([]byte)) {
		return func(got []byte, reply func([]byte)) {
			var m dnsmessage.Message
			if err := m.Unpack(got); err != nil || len(m.Questions) != 1 || !m.RecursionDesired ||
				m.Questions[0].Name.String() != "www.example.com." || m.Questions[0].Type != dnsmessage.TypeAAAA {
				t.Errorf("the server got %v, %v", m, err)
				return
			}
			m.Response, m.RCode = true, code
			if !question {
				m.Questions = nil
			}
			b, err := m.Pack()
			if err != nil {
				t.Error(err)
			}
			reply(b)
		}
	}
	good := answer(dnsmessage.RCodeSuccess, true)
	const works = "^(NOERROR|NXDOMAIN)$"
	tests := []struct {
		name   string
		server func([]byte, func([]byte))
		want   Result
	}{
		{"good", good, pass()},
		{"no such name", answer(dnsmessage.RCodeNameError, true), pass()},
		{"SERVFAIL", answer(dnsmessage.RCodeServerFailure, true), pass()},
		{"refused with the question, as BIND", answer(dnsmessage.RCodeRefused, true), pass()},
		{"refused in 12 bytes, as unbound", answer(dnsmessage.RCodeRefused, false), pass()},
		{"an unknown code", answer(15, false), pass()},
		{"mute", mute, fail(Silent, "")},
		{"echo", func(got []byte, reply func([]byte)) { reply(got) },
			fail(Silent, "datagrams that are no answer: 1")},
		{"garbage and another ID first", func(got []byte, reply func([]byte)) {
			reply(nil)
			reply([]byte("garbage"))
			other := append([]byte(nil), got...)
			binary.BigEndian.PutUint16(other, binary.BigEndian.Uint16(got)+1)
			other[2] |= 0x80
			reply(other)
			good(got, reply)
		}, pass()},
		{"a flood", func(got []byte, reply func([]byte)) {
			for range 10 * maxDatagrams {
				reply(got)
			}
		}, fail(BadAnswer, "datagrams that are no answer: 1000")},
	}
	for _, test := range []struct {
		name   string
		server func([]byte, func([]byte))
		want   Result
	}{
		{"good", good, pass()},
		{"no such name", answer(dnsmessage.RCodeNameError, true), pass()},
		{"SERVFAIL", answer(dnsmessage.RCodeServerFailure, true), fail(BadStatus, "SERVFAIL")},
		{"refused in 12 bytes", answer(dnsmessage.RCodeRefused, false), fail(BadStatus, "REFUSED")},
		{"an unknown code", answer(15, false), fail(BadStatus, "15")},
	} {
		t.Run("expected: "+test.name, func(t *testing.T) {
			p := Probe{Timing: patience(test.want)}
			p.Kind, p.Name, p.Query, p.Expect = DNS, "www.example.com", "aaaa", works
			p.Addr = serveUDP(t, test.server)
			eachWay(t, p, test.want)
		})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := Probe{Timing: patience(test.want)}
			p.Kind, p.Name, p.Query = DNS, "www.example.com", "aaaa"
			p.Addr = serveUDP(t, test.server)
			if test.name == "a flood" { // the socket may lose the rest
				if got := askOnce(t, p); got.Outcome != Fail {
					t.Errorf("got %+v", got)
				}
				return
			}
			eachWay(t, p, test.want)
		})
	}
}

func TestDNSFaults(t *testing.T) {
	for name, spec := range map[string]Spec{
		"type":           {Name: "example.com", Query: "AXFR"},
		"label too long": {Name: strings.Repeat("a", 64) + ".com"},
		"name too long":  {Name: strings.Repeat("a.", 128)},
		"empty label":    {Name: "a..b"},
	} {
		t.Run(name, func(t *testing.T) {
			p := Probe{Spec: spec}
			p.Kind, p.Addr = DNS, netip.MustParseAddrPort("127.0.0.1:53")
			if got := askOnce(t, p); got.Outcome != Local || got.Detail == "" {
				t.Errorf("got %+v, want a local result", got)
			}
		})
	}
}

func TestICMP(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("raw sockets are used on Linux only")
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_ICMP)
	if err != nil {
		if !errors.Is(err, os.ErrPermission) {
			t.Fatal(err)
		}
		p := Probe{}
		p.Kind, p.Addr = ICMP, netip.MustParseAddrPort("127.0.0.1:0")
		if got := askOnce(t, p); got != local("operation not permitted") {
			t.Errorf("without CAP_NET_RAW: %+v", got)
		}
		return
	}
	syscall.Close(fd)
	for name, addr := range map[string]string{"IPv4": "127.0.0.1:0", "IPv6": "[::1]:0", "port": "127.0.0.2:80"} {
		t.Run(name, func(t *testing.T) {
			p := Probe{Timing: patience(pass())}
			p.Kind, p.Addr = ICMP, netip.MustParseAddrPort(addr)
			eachWay(t, p, pass())
		})
	}
}

func TestEchoReply(t *testing.T) {
	e := echo{id: 0x1234, nonce: [16]byte{1, 2, 3}}
	ip := make([]byte, 20)
	ip[0] = 0x45
	reply := func(change func([]byte) []byte) []byte {
		b := e.request()
		b[0] = echoReply
		return change(append(append([]byte(nil), ip...), b...))
	}
	same := func(b []byte) []byte { return b }
	if !e.isReply(reply(same)) {
		t.Error("the reply is not known")
	}
	for name, change := range map[string]func([]byte) []byte{
		"request":     func(b []byte) []byte { b[20] = echoRequest; return b },
		"other id":    func(b []byte) []byte { b[25]++; return b },
		"other nonce": func(b []byte) []byte { b[30]++; return b },
		"short":       func(b []byte) []byte { return b[:27] },
		"long header": func(b []byte) []byte { b[0] = 0x4f; return b[:44] },
		"empty":       func([]byte) []byte { return nil },
	} {
		if e.isReply(reply(change)) {
			t.Errorf("%s counts as a reply", name)
		}
	}
	six := echo{six: true, id: 7}
	b := six.request()
	b[0] = echoReply6
	if !six.isReply(b) {
		t.Error("the reply of IPv6 is not known")
	}
}
