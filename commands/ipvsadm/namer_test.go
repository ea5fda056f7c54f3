package ipvsadm

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/lab"
)

// hostsFile and servicesFile have what the system's files may have. In the lab
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

// TestNames compares with what ipvsadm 1.31 printed.
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
		t.Run(fmt.Sprint(c.at, " ", c.p), func(t *testing.T) {
			if got := string(n.append([]byte("x"), netip.MustParseAddrPort(c.at), c.p)); got != "x"+c.want {
				t.Errorf("got %q, want %q", got[1:], c.want)
			}
		})
	}
}

// TestNamesAreAskedOnce counts the look-ups in DNS.
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
		id := kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("10.0.0.1:80"))
		e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: id}}
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
		t.Errorf("%d look-ups of 100 addresses", asked.Load())
	}
	for _, want := range []string{"-> host-10.1.0.99:http ", "-> 10.1.0.3:http ", "TCP  one.example.org:http"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	err := writeTable(&b, whole(snap), viewOptions{Numeric: true}, n)
	if err != nil || strings.Contains(b.String(), "host") {
		t.Errorf("%v; want numbers:\n%s", err, b.String())
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
		t.Errorf("a resolver that does not answer delays a list by %v", took)
	}
}

// inNames marks the process in which hosts and services are replaced.
const inNames = "LVS_TEST_NAMES"

// TestNamesAreTheOracles lists a table whose hosts and ports have names of all kinds.
// The files replace the system's in one process only.
func TestNamesAreTheOracles(t *testing.T) {
	lab.Need(t)
	if os.Getenv(inNames) == "" {
		againWithNames(t)
		return
	}
	p := newPair(t)
	for line := range strings.Lines(namedTable()) {
		// The kernel refuses a server in ::ffff:0:0/96.
		if out, err := p.oracle(strings.Fields(line)...); err != nil && !strings.Contains(line, "-r [::ffff:") {
			t.Fatalf("%s: %s", line, out)
		}
	}
	text := p.lists(t, "", newNamer(t.Context()))
	for _, want := range []string{
		"one.example.org:http ", "a-really-long-host-name.with Masq", "[localhost]:a-very-long-",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("ipvsadm shows no %s:\n%s", want, text)
		}
	}
}

// againWithNames runs the test in a process with these files.
func againWithNames(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	script := "touch /etc/hosts /etc/services"
	for name, text := range map[string]string{"hosts": hostsFile, "services": servicesFile} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		script += fmt.Sprintf(" && mount -o bind %s /etc/%s", path, name)
	}
	cmd := exec.Command("sh", "-c", script+` && exec "$0" -test.run='^TestNamesAreTheOracles$'`, os.Args[0])
	cmd.Env = append(os.Environ(), inNames+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func namedTable() string {
	var b strings.Builder
	hosts := []string{"127.0.0.1", "127.0.0.5", "10.9.9.9"}
	for i := range 25 {
		hosts = append(hosts, fmt.Sprintf("10.0.0.%d", 1+i))
	}
	for _, six := range []string{
		"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::9", "::1",
		"::ffff:10.0.0.1", "::ffff:10.0.0.20", "::10.0.0.21",
	} {
		hosts = append(hosts, "["+six+"]")
	}
	for _, host := range hosts {
		fmt.Fprintf(&b, "-A -t %s:94\n-a -t %[1]s:94 -r %[1]s:80 -m\n-a -t %[1]s:94 -r %[1]s:54321 -g\n", host)
	}
	for _, port := range []int{1, 53, 80, 88, 89, 90, 91, 92, 93, 95, 96, 97, 98, 99} {
		fmt.Fprintf(&b, "-A -t 10.8.0.1:%d\n-A -u 10.8.0.1:%[1]d\n-A --sctp-service 10.8.0.1:%[1]d\n", port)
	}
	b.WriteString("-A -t 10.8.0.1:0 -p\n-A -f 5\n-a -f 5 -r 10.0.0.1:80\n-A -f 5 -6\n-a -f 5 -6 -r [2001:db8::1]:80\n")
	return b.String()
}
