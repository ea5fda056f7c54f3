package health

import (
	"net"
	"testing"
)

func TestTCP(t *testing.T) {
	tests := []struct {
		name   string
		server func(net.Conn) // nil: nobody listens
		spec   Spec
		want   Result
	}{
		{"connects", untilClosed, Spec{}, pass()},
		{"closes by a reset", untilClosed, Spec{Reset: true}, pass()},
		{"refused", nil, Spec{}, fail(Refused, "connection refused")},
		{"expected greeting", says("220 ready\r\n"), Spec{Expect: "^220 "}, pass()},
		{"greeting in pieces", func(c net.Conn) {
			for _, b := range []byte("220 ready") {
				c.Write([]byte{b}) // a packet: Go sets TCP_NODELAY
			}
			untilClosed(c)
		}, Spec{Expect: "^220 ready"}, pass()},
		{"another greeting, then silence", says("421 busy\r\n"), Spec{Expect: "^220 "}, fail(Silent, "")},
		{"another greeting, then closed", func(c net.Conn) { c.Write([]byte("421 busy\n")) },
			Spec{Expect: "^220 "}, fail(BadAnswer, "421 busy\n")},
		{"closed at once", func(net.Conn) {}, Spec{Expect: "^220 "}, fail(Closed, "")},
		{"silent", untilClosed, Spec{Expect: "^220 "}, fail(Silent, "")},
		{"echo", func(c net.Conn) {
			buf := make([]byte, 100)
			n, _ := c.Read(buf)
			c.Write(buf[:n])
			untilClosed(c)
		}, Spec{Send: "PING\r\n", Expect: "PING"}, pass()},
		{"PROXY header version 1", func(c net.Conn) {
			buf := make([]byte, 100)
			n, _ := c.Read(buf)
			c.Write(buf[:n])
			untilClosed(c)
		}, Spec{ProxyProtocol: 1, Expect: "^PROXY UNKNOWN\r\n"}, pass()},
		{"endless", func(c net.Conn) {
			for {
				if _, err := c.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}, Spec{Expect: "never"}, fail(BadAnswer, string(make([]byte, maxDetail)))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := Probe{Spec: test.spec, Timing: patience(test.want)}
			p.Kind = TCP
			if test.server != nil {
				p.Addr = serve(t, test.server)
			} else {
				p.Addr = closedPort(t)
			}
			eachWay(t, p, test.want)
		})
	}
}
