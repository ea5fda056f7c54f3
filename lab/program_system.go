package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"
)

// The users of the server programs. Each has a group of the same number.
var programUsers = map[string]uint32{
	"proxy": 13, "www-data": 33, "postfix": 101, "dovecot": 103, "dovenull": 104, "openldap": 105, "bind": 106,
	"unbound": 107, "mysql": 108, "postgres": 109, "redis": 110, "haproxy": 111, "vmail": 112,
}

// systemFiles are files that every program finds, unless it has its own.
var systemFiles = map[string]string{
	"etc/passwd":        accounts("root:x:0:0:root:/root:/bin/sh", "nobody:x:65534:65534:nobody:/:/bin/false", userLine),
	"etc/group":         accounts("root:x:0:", "nogroup:x:65534:\npostdrop:x:102:", groupLine),
	"etc/hosts":         "127.0.0.1 localhost\n::1 localhost\n",
	"etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
	"etc/resolv.conf":   "nameserver 127.0.0.53\n", // nobody listens there
}

func accounts(first, last string, line func(name string, id uint32) string) string {
	lines := []string{first}
	for _, name := range slices.Sorted(maps.Keys(programUsers)) {
		lines = append(lines, line(name, programUsers[name]))
	}
	return strings.Join(append(lines, last), "\n") + "\n"
}

func userLine(name string, id uint32) string {
	return fmt.Sprintf("%s:x:%d:%d:%[1]s:/:/bin/false", name, id, id)
}

func groupLine(name string, id uint32) string { return fmt.Sprintf("%s:x:%d:", name, id) }

// The files of Certificate.
const (
	certificateFile = "etc/ssl/lab.crt"
	keyFile         = "etc/ssl/lab.key"
)

// Certificate returns a new certificate of a server, signed by itself, and its key as PEM.
// It is good for the name lab.example and for loopback addresses, for the given time.
func Certificate(valid time.Duration) (certificate, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: "lab.example"},
		DNSNames:     []string{"lab.example"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		NotBefore:    now.Add(-time.Hour), NotAfter: now.Add(valid),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return "", "", err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", keyDER), nil
}
