package ipvsadm

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lvs/kernel"
)

// hostsFile and servicesFile have what the system's files may have; in the lab
// ipvsadm reads them too.
const hostsFile = `127.0.0.1 localhost
10.0.0.1 one.example.org alias1
10.0.0.2 a-really-long-host-name.with-many-labels.somewhere.example.com
10.0.0.3 exactly-twenty-eight-chr.org
10.0.0.4 abcdefghij-abcdefghij-abcdefghij-abcdefghij-abcdefghij-abcdefghij-abcdefghij.example.com
10.0.0.5 Upper.Example.ORG
10.0.0.6 host_with_underscore
10.0.0.7 dot.at.end.
10.0.0.8 bad!name
10.0.0.9 -dash
10.0.0.10 first
10.0.0.10 second
10.0.0.11 012345678901234567
10.0.0.12	tab	alias
10.0.0.13 10.9.9.9
10.0.0.14 comment # more
10.0.0.15#nothing
 10.0.0.16 indented
10.17 short
010.0.0.18 octal
2001:db8::1 six.example.org
2001:db8::2 abcdefghij-abcdefghij-abcdefghij-abcdefghij-abcdefghij-abcdefghij-abcdefghij.example.com
2001:db8::3 abcdefghij-abcdefghij-abcdefgh.xx.org
::1 localhost ip6-localhost
::ffff:10.0.0.20 mapped.example.org
::10.0.0.21 compat.example.org
`

const servicesFile = `http 80/tcp www
http 80/sctp
domain 53/tcp
domain 53/udp
only-udp 99/udp
only-tcp 98/tcp
only-sctp 97/sctp
only-dccp 96/dccp
zero 0/tcp
first 95/tcp
second 95/tcp
a-very-long-service-name-of-many-many-letters-abcdefghijklmnopqrstuvwxyz 94/tcp
 indented 93/tcp
upper 92/TCP
bad 91
comment 90/tcp#x
octal 089/tcp
hex 0x58/tcp
`

func testNamer() *namer {
	return &namer{
		ctx: context.Background(), left: allTime, known: map[netip.Addr]string{},
		hosts:    parseHosts(strings.NewReader(hostsFile)),
		services: parseServices(strings.NewReader(servicesFile)),
		reverse: func(context.Context, string) ([]string, error) {
			return nil, errors.New("no such host")
		},
	}
}

// TestNames holds what ipvsadm 1.31 printed.
func TestNames(t *testing.T) {
	n := testNamer()
	for _, c := range []struct {
		at   string
		p    kernel.Protocol
		want string
	}{
		{"10.0.0.1:80", kernel.TCP, "one.example.org:http"},
		{"10.0.0.1:80", kernel.UDP, "one.example.org:80"},
		{"10.0.0.1:80", 0, "one.example.org:80"},
		{"10.0.0.2:80", kernel.TCP, "a-really-long-host-name.with-many-labels.somewhere.example."},
		{"10.0.0.6:94", kernel.TCP, "host_with_underscore:a-very-long-service-name-of-many-many-"},
		{"10.0.0.7:53", kernel.UDP, "dot.at.end.:domain"},
		{"10.0.0.8:97", kernel.SCTP, "bad!name:only-sctp"},
		{"10.0.0.10:95", kernel.TCP, "first:first"},
		{"10.0.0.15:90", kernel.TCP, ":comment"},
		{"10.0.0.17:89", kernel.TCP, "10.0.0.17:89"},
		{"10.0.0.20:88", kernel.TCP, "mapped.example.org:hex"},
		{"10.0.0.21:0", kernel.TCP, "10.0.0.21:zero"},
		{"127.0.0.1:92", kernel.TCP, "localhost:92"},
		{"[::1]:80", kernel.TCP, "[localhost]:http"},
		{"[2001:db8::2]:80", kernel.TCP, "[abcdefghij-abcdefghij-abcdefghij-abcdefghij-abcdefghij-abc"},
		{"[::10.0.0.22]:1", kernel.TCP, "[::10.0.0.22]:1"},
	} {
		if got := string(n.append([]byte("x"), netip.MustParseAddrPort(c.at), c.p)); got != "x"+c.want {
			t.Errorf("%s of protocol %d is %q, want %q", c.at, c.p, got[1:], c.want)
		}
	}
}

// TestNamesAreAskedOnce counts the questions to DNS.
func TestNamesAreAskedOnce(t *testing.T) {
	n := testNamer()
	var asked atomic.Int64
	n.reverse = func(_ context.Context, addr string) ([]string, error) {
		asked.Add(1)
		if addr == "10.1.0.3" {
			return nil, errors.New("no such host")
		}
		return []string{"host-" + addr + ".", "other."}, nil
	}
	snap := &kernel.Snapshot{}
	for range 2 {
		e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("10.0.0.1:80"))}}
		for i := range 100 {
			addr := netip.AddrFrom4([4]byte{10, 1, 0, byte(i)})
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: kernel.Server{Addr: netip.AddrPortFrom(addr, 80)}})
		}
		snap.Services = append(snap.Services, e)
	}
	var b strings.Builder
	for range 2 {
		if err := writeTable(&b, whole(snap), viewOptions{}, n); err != nil {
			t.Fatal(err)
		}
	}
	if asked.Load() != 100 {
		t.Errorf("%d questions about 100 addresses", asked.Load())
	}
	for _, want := range []string{"-> host-10.1.0.99:http ", "-> 10.1.0.3:http ", "TCP  one.example.org:http"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := writeTable(&b, whole(snap), viewOptions{Numeric: true}, n); err != nil || strings.Contains(b.String(), "host") {
		t.Errorf("%v; numbers are asked for:\n%s", err, b.String())
	}
}

// TestSlowResolver gives up after the time for all names.
func TestSlowResolver(t *testing.T) {
	n := testNamer()
	n.left = 30 * time.Millisecond
	n.reverse = func(ctx context.Context, _ string) ([]string, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	start := time.Now()
	for i := range 50 {
		one := netip.AddrFrom4([4]byte{10, 2, 0, byte(i)})
		n.learn(func(yield func(netip.Addr) bool) { yield(one) })
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("a silent resolver holds up a list for %v", took)
	}
}
