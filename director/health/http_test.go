package health

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// answers returns a server that reads a request and answers it with parts.
func answers(parts ...string) func(net.Conn) {
	return func(c net.Conn) {
		c.Read(make([]byte, 4096))
		for _, p := range parts {
			if _, err := io.WriteString(c, p); err != nil {
				return
			}
		}
		untilClosed(c)
	}
}

// answersAndCloses is answers that closes at the end.
func answersAndCloses(text string) func(net.Conn) {
	return func(c net.Conn) {
		c.Read(make([]byte, 4096))
		io.WriteString(c, text)
	}
}

// endless returns a server that sends a beginning, and then a part for ever.
func endless(begin, part string) func(net.Conn) {
	return func(c net.Conn) {
		c.Read(make([]byte, 4096))
		_, err := io.WriteString(c, begin)
		for part := strings.Repeat(part, 100); err == nil; {
			_, err = io.WriteString(c, part)
		}
	}
}

// bytewise returns a server that sends a text in packets of one byte.
func bytewise(text string) func(net.Conn) {
	return func(c net.Conn) {
		c.Read(make([]byte, 4096))
		for i := range text {
			io.WriteString(c, text[i:i+1])
		}
		untilClosed(c)
	}
}

func TestHTTPAnswers(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"
	body := Spec{Body: "^ready$"}
	tests := []struct {
		name   string
		server func(net.Conn)
		spec   Spec
		want   Result
	}{
		{"good", answers(ok), Spec{}, pass()},
		{"in bytes", bytewise(ok), body, pass()},
		{"in bytes, chunked",
			bytewise("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nre\r\n3\r\nady\r\n0\r\n\r\n"),
			body, pass()},
		{"HTTP/1.0, body ends with the connection", answersAndCloses("HTTP/1.0 200\r\n\r\nready"), body, pass()},
		{"line ends of Unix", answers("HTTP/1.1 200 OK\nContent-Length: 5\n\nready"), body, pass()},
		{"100 first", answers("HTTP/1.1 100 Continue\r\n\r\n", ok), body, pass()},
		{"failure", answers("HTTP/1.1 503 Service Unavailable\r\n\r\n"), Spec{},
			fail(BadStatus, "503 Service Unavailable")},
		{"redirect is not followed", answers("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), Spec{},
			fail(BadStatus, "302 Found")},
		{"status range", answers("HTTP/1.1 403 Forbidden\r\n\r\n"),
			Spec{Status: []StatusRange{{200, 299}, {400, 403}}}, pass()},
		{"other body", answers("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot ready"), body,
			fail(BadAnswer, "not ready")},
		{"no body after HEAD", answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
			Spec{Method: "HEAD", Body: "^$"}, pass()},
		{"body is cut short", answersAndCloses("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nready"), body,
			fail(Closed, "the body is not complete")},
		{"body does not end", answers("HTTP/1.1 200 OK\r\n\r\nready"), body, fail(Silent, "")},
		{"header does not end", answers("HTTP/1.1 200 OK\r\n"), Spec{}, fail(Silent, "")},
		{"header is cut short", answersAndCloses("HTTP/1.1 200 OK\r\n"), Spec{}, fail(Closed, "the header is not complete")},
		{"endless header", endless("HTTP/1.1 200 OK\r\n", "X: y\r\n"), Spec{}, fail(BadAnswer, "the header is too long")},
		{"endless 100", endless("", "HTTP/1.1 100 Continue\r\n\r\n"), Spec{}, fail(BadAnswer, "the header is too long")},
		{"endless body, not of interest", endless("HTTP/1.1 200 OK\r\n\r\n", "ready"), Spec{}, pass()},
		{"endless body, its beginning matches", endless("HTTP/1.1 200 OK\r\n\r\n", "ready"), Spec{Body: "^ready"}, pass()},
		{"endless chunk line", endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0"), body,
			fail(BadAnswer, "the length of a chunk is too long")},
		{"chunk of garbage", answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"), body,
			fail(BadAnswer, "chunk of length xyz")},
		{"chunk with a sign", answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"), body,
			fail(BadAnswer, "chunk of length -1")},
		{"bad length", answers("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), body,
			fail(BadAnswer, "Content-Length: many")},
		{"another protocol", answers("SSH-2.0-OpenSSH_9.2\r\n"), Spec{}, fail(BadAnswer, "SSH-2.0-OpenSSH_9.2")},
		{"no number", answers("HTTP/1.1 OK\r\n\r\n"), Spec{}, fail(BadAnswer, "HTTP/1.1 OK")},
		{"garbage", answers("\x00\xff\r\n\r\n"), Spec{}, fail(BadAnswer, "\x00\xff")},
		{"silent", untilClosed, Spec{}, fail(Silent, "")},
		{"closed without an answer", answersAndCloses(""), Spec{}, fail(Closed, "")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := Probe{Spec: test.spec, Timing: patience(test.want)}
			p.Kind, p.Addr = HTTP, serve(t, test.server)
			eachWay(t, p, test.want)
		})
	}
}

// TestHTTPServer asks a server of Go, which parses requests strictly.
func TestHTTPServer(t *testing.T) {
	seen := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Host, " ", r.Proto, " close ", r.Close)
		io.WriteString(w, strings.Repeat("x", 10_000)+"ready")
		w.(http.Flusher).Flush() // so that the body is chunked
	}))
	defer server.Close()
	addr := netip.MustParseAddrPort(strings.TrimPrefix(server.URL, "http://"))
	tests := []struct {
		name string
		spec Spec
		want string
	}{
		{"defaults", Spec{Body: "ready$"}, "GET / " + addr.String() + " HTTP/1.1 close true"},
		{"all set", Spec{Method: "HEAD", Path: "/a?b=c", Host: "www.example.com"},
			"HEAD /a?b=c www.example.com HTTP/1.1 close true"},
		{"as to a proxy", Spec{Proxy: true, Path: "http://192.0.2.1:8080/x"},
			"GET http://192.0.2.1:8080/x 192.0.2.1:8080 HTTP/1.1 close true"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := Probe{Spec: test.spec}
			p.Kind, p.Addr = HTTP, addr
			eachWay(t, p, pass())
			for range 2 {
				if got := <-seen; got != test.want {
					t.Errorf("the server got %q, want %q", got, test.want)
				}
			}
		})
	}
}

func TestHTTPRequestFaults(t *testing.T) {
	for name, spec := range map[string]Spec{
		"path with a line end": {Path: "/ HTTP/1.1\r\nX: y"},
		"host with a space":    {Host: "a b"},
		"method with a tab":    {Method: "GET\t"},
		"expression":           {Body: "("},
	} {
		t.Run(name, func(t *testing.T) {
			p := Probe{Spec: spec}
			p.Kind, p.Addr = HTTP, closedPort(t)
			if got := askByEngine(t, p); got.Outcome != Local || got.Detail == "" {
				t.Errorf("got %+v, want a local result", got)
			}
		})
	}
}

func TestHostOf(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1:80":        "192.0.2.1",
		"192.0.2.1:8080":      "192.0.2.1:8080",
		"[2001:db8::1]:80":    "[2001:db8::1]",
		"[2001:db8::1]:81":    "[2001:db8::1]:81",
		"[fe80::1%eth0]:80":   "[fe80::1]",
		"[fe80::1%eth0]:8080": "[fe80::1]:8080",
		"192.0.2.1:0":         "192.0.2.1",
	} {
		if got := hostOf(netip.MustParseAddrPort(in), 80); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
