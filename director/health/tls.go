package health

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// askTLS makes a TLS connection and looks at the certificate.
func askTLS(ctx context.Context, q *question) Result {
	c, bad := dial(ctx, &q.Probe, 443)
	if bad != nil {
		return *bad
	}
	defer c.Close()
	secure, bad := handshake(ctx, c, q)
	if bad != nil {
		return *bad
	}
	return withExpiry(pass(), secure, q)
}

// handshake makes a TLS connection of a connection. It does not close c. The result is nil, or
// why there is none.
func handshake(ctx context.Context, c net.Conn, q *question) (*tls.Conn, *Result) {
	secure := tls.Client(c, q.tlsConfig())
	err := secure.HandshakeContext(ctx)
	if err == nil {
		return secure, nil
	}
	r := failedTLS(&q.Target, err)
	return nil, &r
}

// failedTLS returns what an error of a handshake means. What is not an error of the network
// is one of TLS, and crypto/tls has the words.
func failedTLS(t *Target, err error) Result {
	var number syscall.Errno
	switch {
	case errors.As(err, &number), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.Is(err, os.ErrClosed), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return failed(t, err, talking)
	}
	var record tls.RecordHeaderError
	if errors.As(err, &record) {
		return fail(BadTLS, "no TLS: the answer begins "+string(record.RecordHeader[:]))
	}
	return fail(BadTLS, err.Error())
}

// tlsConfig returns what is offered. Without Verify, servers with old versions and suites
// are alive too; crypto/tls offers those only if they are named. A server that wants still
// older ones, or sends a certificate that Go cannot read, fails.
func (q *question) tlsConfig() *tls.Config {
	c := &tls.Config{ServerName: q.ServerName, InsecureSkipVerify: !q.Verify}
	if q.Verify {
		if c.ServerName == "" {
			c.ServerName = q.Addr.Addr().WithZone("").String() // not sent: names only (RFC 6066, 3)
		}
		return c
	}
	c.MinVersion = tls.VersionTLS10
	for _, suites := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, s := range suites {
			c.CipherSuites = append(c.CipherSuites, s.ID)
		}
	}
	return c
}

// withExpiry adds the end of the server's certificate to a result.
func withExpiry(r Result, c *tls.Conn, q *question) Result {
	certificates := c.ConnectionState().PeerCertificates
	if len(certificates) == 0 {
		return r
	}
	r.Expires, r.Soon = expiry(certificates[0], q.Expiry, time.Now())
	return r
}

// expiry returns the end of a certificate, and whether it is within a time from now.
func expiry(c *x509.Certificate, within time.Duration, now time.Time) (end time.Time, soon bool) {
	return c.NotAfter, c.NotAfter.Before(now.Add(within))
}
