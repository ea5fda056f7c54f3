package health

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// askHTTP asks over a plain connection, or for https over TLS. There are no redirects and no
// cookies, and the connection is not kept.
func askHTTP(ctx context.Context, q *question) Result {
	c, bad := dial(ctx, &q.Probe, defaultPort(q.Kind))
	if bad != nil {
		return *bad
	}
	defer c.Close()
	if q.Kind == HTTP {
		return converse(c, q)
	}
	secure, bad := handshake(ctx, c, q)
	if bad != nil {
		return *bad
	}
	return withExpiry(converse(secure, q), secure, q)
}

// defaultPort returns the usual port of http and https.
func defaultPort(k Kind) uint16 {
	if k == HTTPS {
		return 443
	}
	return 80
}

// httpRequest returns the request of an HTTP check. Host is always sent: HTTP/1.1 wants it, and
// servers answer 400 without it.
func httpRequest(p *Probe) ([]byte, error) {
	method, path, host := p.Method, p.Path, p.Host
	if method == "" {
		method = "GET"
	}
	if path == "" {
		path = "/"
	}
	if host == "" {
		host = hostOf(p.Addr, defaultPort(p.Kind))
		if _, rest, ok := strings.Cut(path, "://"); ok && p.Proxy {
			host, _, _ = strings.Cut(rest, "/")
		}
	}
	for _, word := range []string{method, path, host} {
		if strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			return nil, errors.New("method, path and host of an HTTP check cannot have spaces or control characters")
		}
	}
	return fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: lvs-check\r\nAccept: */*\r\n"+
		"Connection: close\r\n\r\n", method, path, host), nil
}

// hostOf returns an address as a URL has it, without the usual port.
func hostOf(a netip.AddrPort, usual uint16) string {
	a = netip.AddrPortFrom(a.Addr().WithZone("").Unmap(), a.Port())
	if a.Port() != usual && a.Port() != 0 {
		return a.String()
	}
	if a.Addr().Is4() {
		return a.Addr().String()
	}
	return "[" + a.Addr().String() + "]"
}

// accepts reports whether a status is one of a success.
func accepts(ranges []StatusRange, status int) bool {
	if len(ranges) == 0 {
		return status >= 200 && status <= 299
	}
	for _, r := range ranges {
		if r.Low <= status && status <= r.High {
			return true
		}
	}
	return false
}
