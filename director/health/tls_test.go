package health

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// certificate returns a self-signed certificate for www.example.com that ends at a time.
func certificate(t *testing.T, old bool, end time.Time) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "www.example.com"},
		DNSNames: []string{"www.example.com"}, NotBefore: end.Add(-240 * time.Hour), NotAfter: end}
	if old { // for a key exchange by RSA
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// overTLS returns a server that makes TLS connections of its connections.
func overTLS(c *tls.Config, server func(net.Conn)) func(net.Conn) {
	return func(plain net.Conn) {
		conn := tls.Server(plain, c)
		if conn.Handshake() == nil {
			server(conn)
		}
	}
}

func TestTLS(t *testing.T) {
	end := time.Now().Add(100 * time.Hour).Truncate(time.Second).UTC()
	past := end.Add(-200 * time.Hour)
	good := &tls.Config{Certificates: []tls.Certificate{certificate(t, false, end)}}
	expired := &tls.Config{Certificates: []tls.Certificate{certificate(t, false, past)}}
	old := &tls.Config{Certificates: []tls.Certificate{certificate(t, true, end)},
		MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10,
		CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}}
	named := &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		if h.ServerName == "www.example.com" {
			return good, nil
		}
		return nil, io.ErrUnexpectedEOF
	}}
	until := func(end time.Time, soon bool) Result { return Result{Outcome: Pass, Expires: end, Soon: soon} }
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready"
	tests := []struct {
		name   string
		kind   Kind
		server func(net.Conn)
		spec   Spec
		want   Result
	}{
		{"good", TLS, overTLS(good, untilClosed), Spec{}, until(end, false)},
		{"ends soon", TLS, overTLS(good, untilClosed), Spec{Expiry: 101 * time.Hour}, until(end, true)},
		{"not so soon", TLS, overTLS(good, untilClosed), Spec{Expiry: 99 * time.Hour}, until(end, false)},
		{"has ended", TLS, overTLS(expired, untilClosed), Spec{}, until(past, true)},
		{"TLS 1.0 with 3DES", TLS, overTLS(old, untilClosed), Spec{}, until(end, false)},
		{"by name", TLS, overTLS(named, untilClosed), Spec{ServerName: "www.example.com"}, until(end, false)},
		{"without a name", TLS, overTLS(named, untilClosed), Spec{},
			fail(BadTLS, "remote error: tls: internal error")},
		{"no TLS", TLS, says("220 ready\r\n"), Spec{}, fail(BadTLS, "no TLS: the answer begins 220 r")},
		{"silent", TLS, untilClosed, Spec{}, fail(Silent, "")},
		{"closes", TLS, answersAndCloses(""), Spec{}, fail(Closed, "")},
		{"garbage", TLS, says("\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00"), Spec{},
			fail(BadTLS, "local error: tls: error decoding message")},
		{"https", HTTPS, overTLS(good, answers(ok)), Spec{Body: "^ready$"}, until(end, false)},
		{"https, failing", HTTPS, overTLS(good, answers("HTTP/1.1 500 Oops\r\n\r\n")), Spec{Expiry: 101 * time.Hour},
			Result{Outcome: Fail, Reason: BadStatus, Detail: "500 Oops", Expires: end, Soon: true}},
		{"https, silent", HTTPS, overTLS(good, untilClosed), Spec{},
			Result{Outcome: Fail, Reason: Silent, Expires: end}},
		{"https, endless", HTTPS, overTLS(good, endless("HTTP/1.1 200 OK\r\n\r\n", "ready")), Spec{Body: "^ready"},
			until(end, false)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := Probe{Spec: test.spec, Timing: patience(test.want)}
			p.Kind, p.Addr = test.kind, serve(t, test.server)
			eachWay(t, p, test.want)
		})
	}
}

func TestTLSVerify(t *testing.T) {
	end := time.Now().Add(100 * time.Hour)
	good := &tls.Config{Certificates: []tls.Certificate{certificate(t, false, end)}}
	for name, spec := range map[string]Spec{
		"unknown authority": {Verify: true, ServerName: "www.example.com"},
		"address":           {Verify: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := Probe{Spec: spec, Timing: patience(pass())}
			p.Kind, p.Addr = TLS, serve(t, overTLS(good, untilClosed))
			got := askOnce(t, p)
			if got.Outcome != Fail || got.Reason != BadTLS || !strings.Contains(got.Detail, "certificate") {
				t.Errorf("got %+v", got)
			}
		})
	}
}
