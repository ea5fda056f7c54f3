package ipvsadm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/kernel"
)

var values = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}, kernel.ServiceID{})

// fixedNames knows www (10.0.0.9 and 2001:db8::9) and http.
type fixedNames struct{}

func (fixedNames) Host(name string, f kernel.Family) (netip.Addr, error) {
	switch {
	case name != "www":
		return netip.Addr{}, errors.New("no such host")
	case f == kernel.IPv6:
		return netip.MustParseAddr("2001:db8::9"), nil
	}
	return netip.MustParseAddr("10.0.0.9"), nil
}

func (fixedNames) Port(name string, p kernel.Protocol) (uint16, error) {
	if name != "http" {
		return 0, errors.New("no such port")
	}
	return 80, nil
}

type lineCase struct{ line, want string }

// accepted are lines with what ipvsadm -S shows after ipvsadm -R took them. The
// lab asks it again.
var accepted = []lineCase{
	{"-A -t 10.1:80", "-A -t 10.0.0.1:80 -s wlc"},
	{"-At 10.1:80", "-A -t 10.0.0.1:80 -s wlc"},
	{"-At10.1:80", "-A -t 10.0.0.1:80 -s wlc"},
	{"-At=10.1:80", "-A -t 10.0.0.1:80 -s wlc"},
	{"ipvsadm -A -t 10.1:80", "-A -t 10.0.0.1:80 -s wlc"},
	{"-A\t-t\t10.1:80\r", "-A -t 10.0.0.1:80 -s wlc"},
	{"-A -t 10.1:80 --", "-A -t 10.0.0.1:80 -s wlc"},
	{"--add-service --tcp-service=10.1:80 --scheduler rr", "-A -t 10.0.0.1:80 -s rr"},
	{"-A -t 10.1:80 -srr", "-A -t 10.0.0.1:80 -s rr"},
	{"-A -t 10.1:80 -s=rr", "-A -t 10.0.0.1:80 -s rr"},
	{"-A -t 10.1:80 -s=", "-A -t 10.0.0.1:80 -s wlc"},
	{"-A -t 10.1:+80", "-A -t 10.0.0.1:80 -s wlc"},
	{"-A -t 10.1:080", "-A -t 10.0.0.1:80 -s wlc"},
	{"-A -t 10.1:http", "-A -t 10.0.0.1:80 -s wlc"},
	{"-A -t 10:80", "-A -t 0.0.0.10:80 -s wlc"},
	{"-A -t 167772161:80", "-A -t 10.0.0.1:80 -s wlc"},
	{"-A -t 0xa -p", "-A -t 0.0.0.10:0 -s wlc -p 360"},
	{"-A -t 010.1 -p", "-A -t 8.0.0.1:0 -s wlc -p 360"},
	{"-A -t 0X0A.0x1 -p", "-A -t 10.0.0.1:0 -s wlc -p 360"},
	{"-A -t 10.1.2 -p", "-A -t 10.1.0.2:0 -s wlc -p 360"},
	{"-A -t 10.16777215 -p", "-A -t 10.255.255.255:0 -s wlc -p 360"},
	{"-A -t 1.2.65535 -p", "-A -t 1.2.255.255:0 -s wlc -p 360"},
	{"-A -t [::1]:80", "-A -t [::1]:80 -s wlc"},
	{"-A -t ::1 -p", "-A -t [::1]:0 -s wlc -p 360"},
	{"-A -t ::ffff:1.2.3.4 -p", "-A -t [::ffff:1.2.3.4]:0 -s wlc -p 360"},
	{"-A -t 10.1:80 -p600", "-A -t 10.0.0.1:80 -s wlc -p 600"},
	{"-A -t 10.1:80 -p=600", "-A -t 10.0.0.1:80 -s wlc -p 600"},
	{"-A -t 10.1:80 --persistent=600", "-A -t 10.0.0.1:80 -s wlc -p 600"},
	{"-A -t 10.1:80 --persistent 600", "-A -t 10.0.0.1:80 -s wlc -p 600"},
	{"-A -t 10.1:80 -p -s rr", "-A -t 10.0.0.1:80 -s rr -p 360"},
	{"-A -p +5 -t 10.1:80", "-A -t 10.0.0.1:80 -s wlc -p 5"},
	{"-A -t 10.1:80 -p 010", "-A -t 10.0.0.1:80 -s wlc -p 10"},
	{"-A -t 10.1:80 -p 2678400", "-A -t 10.0.0.1:80 -s wlc -p 2678400"},
	{"-A -t 10.1:80 -p -M 255.255.0.0", "-A -t 10.0.0.1:80 -s wlc -p 360 -M 255.255.0.0"},
	{"-A -M 255.255.0.0 -t 10.1:80 -p", "-A -t 10.0.0.1:80 -s wlc -p 360 -M 255.255.0.0"},
	{"-A -t 10.1:80 -p -M 0xffffff00", "-A -t 10.0.0.1:80 -s wlc -p 360 -M 255.255.255.0"},
	{"-A -t 10.1:80 -p -M 255.255.255.255", "-A -t 10.0.0.1:80 -s wlc -p 360"},
	{"-A -t 10.1:80 -M 255.255.255.0", "-A -t 10.0.0.1:80 -s wlc"},
	{"-A -t [::1]:80 -p -M 64", "-A -t [::1]:80 -s wlc -p 360 -M 64"},
	{"-A -t [::1]:80 -p -M 128", "-A -t [::1]:80 -s wlc -p 360"},
	{"-A -t 10.1:80 --pe sip", "-A -t 10.0.0.1:80 -s wlc --pe sip"},
	{"-A -u 10.1:80 -o -p --pe sip -b flag-1", "-A -u 10.0.0.1:80 -s wlc -p 360 --pe sip -o -b flag-1"},
	{"-A -b sh-port -s sh -t 10.1:80", "-A -t 10.0.0.1:80 -s sh -b sh-port"},
	{"-A -t 10.1:80 -s sh -b sh-port,sh-fallback", "-A -t 10.0.0.1:80 -s sh -b sh-fallback,sh-port"},
	{"-A -t 10.1:80 -s sh --sched-flags flag-1", "-A -t 10.0.0.1:80 -s sh -b sh-fallback"},
	{"-A -t 10.1:80 -b ,flag-1,flag-1,", "-A -t 10.0.0.1:80 -s wlc -b flag-1"},
	{"-A -f 7 -o", "-A -f 7 -s wlc -o"},
	{"-A -f5 -6 -6", "-A -f 5 -6 -s wlc"},
	{"-A -f 010 --ipv6", "-A -f 10 -6 -s wlc"},
	{"-A --sctp-service 10.1:80", "-A --sctp-service 10.0.0.1:80 -s wlc"},
}

// acceptedWider are lines that ipvsadm refuses or loses (see the package
// comment), and names that only these tests know.
var acceptedWider = []lineCase{
	{"-A -t www:80", "-A -t 10.0.0.9:80 -s wlc"},
	{"-A -t www -p", "-A -t 10.0.0.9:0 -s wlc -p 360"},
	{`-A -t "10.1:80" -s 'rr'`, "-A -t 10.0.0.1:80 -s rr"},
	{"-A -t 10.1:80 # web", "-A -t 10.0.0.1:80 -s wlc"},
	{"-A -f 4294967295", "-A -f 4294967295 -s wlc"},
	{"-A -f -1", "-A -f 4294967295 -s wlc"},
	{"-A -M 64 -t [::1]:80 -p", "-A -t [::1]:80 -s wlc -p 360 -M 64"},
	{"-A -t [www]:http", "-A -t [2001:db8::9]:80 -s wlc"},
	{"-A -t 10.1:80 -s mh -b flag-3", "-A -t 10.0.0.1:80 -s mh -b flag-3"},
}

func TestAccepted(t *testing.T) {
	for _, c := range slices.Concat(accepted, acceptedWider) {
		if got := saved(t, c.line); got != c.want+"\n" {
			t.Errorf("%s\n got %s want %s", c.line, got, c.want)
		}
	}
}

// TestAcceptedServers does the same for servers, each on a service of port 80.
func TestAcceptedServers(t *testing.T) {
	for _, c := range []struct{ options, want string }{
		{"-r 10.0.0.2", "-r 10.0.0.2:80 -g -w 1"},
		{"-r 10.0.0.2:0", "-r 10.0.0.2:80 -g -w 1"},
		{"-r 10.0.0.2:http", "-r 10.0.0.2:80 -g -w 1"},
		{"-r 10.0.0.2:8080 -m", "-r 10.0.0.2:8080 -m -w 1"},
		{"-r 10.0.0.2 -i", "-r 10.0.0.2:80 -i -w 1 --tun-type ipip"},
		{"-r 2001:db8::2 -i", "-r [2001:db8::2]:80 -i -w 1 --tun-type ipip"},
		{"-r 10.0.0.2 -w5", "-r 10.0.0.2:80 -g -w 5"},
		{"-r 10.0.0.2 -w=5 -gy3 -x=8", "-r 10.0.0.2:80 -g -w 5 -x 8 -y 3"},
		{"-r 10.0.0.2 --weight 2147483647", "-r 10.0.0.2:80 -g -w 2147483647"},
		{"-r 10.0.0.2 --masquerading --weight=010", "-r 10.0.0.2:80 -m -w 10"},
		{"-i --tun-type=gue -r 10.0.0.2 --tun-port 6080", "-r 10.0.0.2:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum"},
		{"-r 10.0.0.2 --tun-type gue --tun-port 80 --tun-remcsum -i", "-r 10.0.0.2:80 -i -w 1 --tun-type gue --tun-port 80 --tun-remcsum"},
		{"-r 10.0.0.2 -i --tun-csum --tun-type gre", "-r 10.0.0.2:80 -i -w 1 --tun-type gre --tun-csum"},
		{"-r 10.0.0.2 -i --tun-type gre", "-r 10.0.0.2:80 -i -w 1 --tun-type gre --tun-nocsum"},
	} {
		got := saved(t, "-A -t 10.1:80\n-a -t 10.1:80 "+c.options)
		want := "-A -t 10.0.0.1:80 -s wlc\n-a -t 10.0.0.1:80 " + c.want + "\n"
		if got != want {
			t.Errorf("%s\n got %s want %s", c.options, got, want)
		}
	}
}

// refused are lines that ipvsadm refuses too, with what is said of them.
var refused = []lineCase{
	{"foo", `column 1: "foo": want a command: -A, -a, -E, -e, -D, -d or -C`},
	{"--add-s -t 10.1:80", `column 1: "--add-s": want a command: -A, -a, -E, -e, -D, -d or -C`},
	{"-t 10.1:80 -A", `column 1: "-t": want a command: -A, -a, -E, -e, -D, -d or -C`},
	{"-A", `column 1: "-A": needs the service: -t, -u, --sctp-service or -f`},
	{"-a -t 10.1:80", `column 1: "-a": needs the server: -r`},
	{"-AD -t 10.1:80", `column 2: "-D": want one command per line`},
	{"-A -t 10.1:80 --clear", `column 15: "--clear": want one command per line`},
	{"-A -t", `column 4: "-t": the option needs a value`},
	{"-A -t 10.1:80 junk", `column 15: "junk": unexpected argument`},
	{"-A -t 10.1:80 -", `column 15: "-": unexpected argument`},
	{"-A -t 10.1:80 -- junk", `column 18: "junk": unexpected argument`},
	{"-A -t 10.1:80 -q", `column 15: "-q": unknown option`},
	{"-A -t 10.1:80 --sched rr", `column 15: "--sched": unknown option` + "\n" + `column 23: "rr": unexpected argument`},
	{"-A -t 10.1:80 -u 10.2:80", `column 15: "-u": repeats an earlier option, or conflicts with it`},
	{"-A -t 10.1:80 -w 5", `column 15: "-w": not an option of -A`},
	{"-D -t 10.1:80 -s rr", `column 15: "-s": not an option of -D`},
	{"-C -t 10.1:80", `column 4: "-t": not an option of -C`},
	{"-A -u 10.1:80 --ops=1", `column 15: "--ops=1": the option takes no value`},
	{"-A -u 10.1:80 -o=1", `column 15: "-o=1": the option takes no value`},
	{"-A -t 10.1:80 -o", `column 15: "-o": one-packet scheduling is for UDP and firewall marks`},
	{"-A -t 10.1:0 -s rr", `column 7: "10.1:0": a service without a port (every port) needs persistence: -p`},
	{"-A -t 10.1:80 -p 0", `column 18: "0": want persistence from 1 to 2678400 seconds`},
	{"-A -t 10.1:80 -p2678401", `column 17: "2678401": want persistence from 1 to 2678400 seconds`},
	{"-A -t 10.1:80 -p 5m", `column 18: "5m": want persistence from 1 to 2678400 seconds`},
	{"-A -t 10.1:80 -p -M /24", `column 21: "/24": want a mask such as 255.255.255.0 for IPv4`},
	{"-A -t [::1]:80 -p -M 129", `column 22: "129": want a prefix length from 1 to 128 for IPv6`},
	{"-A -t 10.1:80 -s abcdefghijklmnop", `column 18: "abcdefghijklmnop": want a name of at most 15 characters`},
	{"-A -t 10.1:80 -b flag-4", `column 18: "flag-4": invalid scheduler flag "flag-4": ` +
		`want flag-1, flag-2, flag-3, sh-fallback, sh-port, mh-fallback or mh-port`},
	{"-A -t 10.1:80 -s mh -b sh-port", `column 24: "sh-port": scheduler flag "sh-port" belongs to sh, not to mh`},
	{"-A -f 0", `column 7: "0": want a firewall mark from 1 to 4294967295`},
	{"-A -f 0x10", `column 7: "0x10": want a firewall mark from 1 to 4294967295`},
	{"-A -f 4294967296", `column 7: "4294967296": want a firewall mark from 1 to 4294967295`},
	{"-A -t 10.1:80 -6", `column 15: "-6": want -6 after a firewall mark (-f)`},
	{"-A -t 10 -p", `column 7: "10": want an address, not a number alone`},
	{"-A -t 10.0.0.256:80", `column 7: "10.0.0.256:80": want an IPv4 address`},
	{"-A -t 1.2.3.4.5:80", `column 7: "1.2.3.4.5:80": want an IPv4 address`},
	{"-A -t 08.1:80", `column 7: "08.1:80": want an IPv4 address`},
	{"-A -t .1.2:80", `column 7: ".1.2:80": want an IPv4 address`},
	{"-A -t 10.1:", `column 7: "10.1:": a port is a number from 0 to 65535, or a name that the system knows`},
	{"-A -t 10.1:65536", `column 7: "10.1:65536": a port is a number from 0 to 65535, or a name that the system knows`},
	{"-A -t 10.1:nosuch", `column 7: "10.1:nosuch": cannot find a port of this name: no such port`},
	{"-A -t nosuch:80", `column 7: "nosuch:80": cannot find a host of this name: no such host`},
	{"-A -t [::1] -p", `column 7: "[::1]": want a port after the brackets, such as [2001:db8::1]:80`},
	{"-A -t [fe80::1%lo]:80", `column 7: "[fe80::1%lo]:80": want an IPv6 address`},
	{"-A -t [10.1]:80", `column 7: "[10.1]:80": want an IPv4 address without brackets`},
	{"-A -t 10.1:80 -s \"rr", `column 18: "\"rr": the closing quote is missing`},
	{"-a -t 10.1:80 -r 10.2 -gm", `column 23: "-gm": repeats an earlier option, or conflicts with it`},
	{"-a -t 10.1:80 -r 10.2 -w 2147483648", `column 26: "2147483648": want a weight from 0 to 2147483647`},
	{"-a -t 10.1:80 -r 10.2 -w -1", `column 26: "-1": want a weight from 0 to 2147483647`},
	{"-a -t 10.1:80 -r 10.2 -w 0x10", `column 26: "0x10": want a weight from 0 to 2147483647`},
	{"-a -t 10.1:80 -r 10.2 -x -1", `column 26: "-1": want a threshold from 0 to 4294967295`},
	{"-a -t 10.1:80 -r 10.2 -x 5 -y 6", `column 31: "6": the lower threshold is above the upper, 5`},
	{"-a -t 10.1:80 -r [2001:db8::2]:80", `column 18: "[2001:db8::2]:80": a server of another address family than its service needs a tunnel: -i`},
	{"-a -t 10.1:80 -r 10.2 --tun-type ipip", `column 23: "--tun-type": needs a tunnel: -i`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-type gue", `column 26: "--tun-type": a gue tunnel needs a port: --tun-port`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-type nosuch", `column 37: "nosuch": want tunnel type ipip, gue or gre`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-type gue --tun-port 0", `column 52: "0": want a tunnel port from 1 to 65535`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-port 8", `column 26: "--tun-port": a tunnel port belongs to gue, not to ipip`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-csum", `column 26: "--tun-csum": ipip has no checksums`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-type gre --tun-remcsum", `column 41: "--tun-remcsum": remote checksums belong to gue, not to gre`},
	{"-d -t 10.1:80 -r 10.2 -m", `column 23: "-m": not an option of -d`},
	{"-A -t é:80", `column 7: "é:80": want an address or a host name`},
	{"-A -s é -t 10:x", `column 7: "é": want a name of letters, digits, -, _ and .` + "\n" + `column 12: "10:x": cannot find a port of this name: no such port`},
}

// refusedNarrower are lines that ipvsadm takes.
var refusedNarrower = []lineCase{
	{"-L -n", `column 1: "-L": does not change the table: want -A, -a, -E, -e, -D, -d or -C`},
}

func TestRefused(t *testing.T) {
	for _, c := range slices.Concat(refused, refusedNarrower) {
		lines, err := ParseSave(strings.NewReader(c.line), fixedNames{})
		var faults Faults
		if !errors.As(err, &faults) || len(lines) != 0 {
			t.Errorf("%s: got %v, %v", c.line, lines, err)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), "line 1, ", ""); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

func TestParseSaveTellsEveryFault(t *testing.T) {
	text := "# a table\n\n-A -t 10.1:x -p 0\n-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 1.2.3.999 -w -1\n" +
		strings.Repeat(" ", maxLine+1) + "\n-Q"
	lines, err := ParseSave(strings.NewReader(text), fixedNames{})
	var faults Faults
	errors.As(err, &faults)
	type place struct{ Line, Column int }
	var got []place
	for _, f := range faults {
		got = append(got, place{f.Line, f.Column})
	}
	if d := cmp.Diff([]place{{3, 7}, {3, 17}, {5, 22}, {5, 35}, {6, 1}, {7, 1}}, got); d != "" {
		t.Errorf("faults (-want +got)\n%s\n%v", d, err)
	}
	if len(lines) != 1 || lines[0].Number != 4 {
		t.Errorf("good lines: %v", lines)
	}
}

func TestParseSaveIsBounded(t *testing.T) {
	_, err := ParseSave(strings.NewReader(strings.Repeat("x\n", 5000)), nil)
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != maxFaults+1 {
		t.Errorf("%d faults", len(faults))
	}
	if _, err := ParseSave(endless{}, nil); err == nil || errors.As(err, &faults) {
		t.Errorf("an endless text: %v", err)
	}
	broken := errors.New("broken")
	if _, err := ParseSave(&failing{broken}, nil); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

func TestReplay(t *testing.T) {
	services := replayed(t, `
-A -t 10.0.0.1:80 -s rr
-A -f 7
-C
-A -t 10.0.0.2:80
-a -t 10.0.0.2:80 -r 10.0.1.1 -m
-a -t 10.0.0.2:80 -r 10.0.1.2 -m
-a -t 10.0.0.2:80 -r 10.0.1.3 -m
-A -t 10.0.0.3:80
-e -t 10.0.0.2:80 -r 10.0.1.3 -m -w 7
-d -t 10.0.0.2:80 -r 10.0.1.2
-E -t 10.0.0.2:80 -s lc -p 60
-D -t 10.0.0.3:80
`)
	server := func(s string, weight, line int) Server {
		return Server{kernel.Server{Addr: netip.MustParseAddrPort(s), Weight: weight}, line}
	}
	want := []Service{{
		Service: kernel.Service{
			ServiceID: kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("10.0.0.2:80")),
			Scheduler: "lc", Persistence: time.Minute,
		},
		Line:    12,
		Servers: []Server{server("10.0.1.1:80", 1, 6), server("10.0.1.3:80", 7, 10)},
	}}
	if d := cmp.Diff(want, services, values); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestReplayTellsEveryFault(t *testing.T) {
	lines, err := ParseSave(strings.NewReader(`-A -t 10.0.0.1:80
-A -t 10.0.0.1:80
-a -t 10.0.0.2:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 224.0.0.1
-e -t 10.0.0.1:80 -r 10.0.1.2
-d -t 10.0.0.1:80 -r 10.0.1.2
-E -t 10.0.0.3:80
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Replay(lines)
	want := `line 2, column 7: "10.0.0.1:80": the service exists already, added in line 1
line 3, column 7: "10.0.0.2:80": no earlier line adds the service
line 5, column 22: "10.0.1.1": the server exists already, added in line 4
line 6, column 22: "224.0.0.1": want a unicast address
line 7, column 22: "10.0.1.2": no earlier line adds the server
line 8, column 22: "10.0.1.2": no earlier line adds the server
line 9, column 7: "10.0.0.3:80": no earlier line adds the service`
	if d := cmp.Diff(want, fmt.Sprint(err)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestReplayOfMixedLines adds servers to several services in turns of random
// length.
func TestReplayOfMixedLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	want := map[uint32][]netip.AddrPort{}
	for mark := range 5 {
		fmt.Fprintf(&text, "-A -f %d\n", mark+1)
	}
	for n, mark := 0, uint32(1); n < 5000; n++ {
		if r.IntN(20) == 0 || n > 2500 && r.IntN(2) == 0 {
			mark = 1 + r.Uint32N(5)
		}
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 80)
		if n == 0 {
			continue
		}
		fmt.Fprintf(&text, "-a -f %d -r %v\n", mark, a)
		want[mark] = append(want[mark], a)
	}
	services, err := ReadSave(strings.NewReader(text.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range services {
		var got []netip.AddrPort
		for _, v := range s.Servers {
			got = append(got, v.Addr)
		}
		if d := cmp.Diff(want[s.FWMark], got, values); d != "" {
			t.Errorf("mark %d (-want +got)\n%s", s.FWMark, d)
		}
	}
}

func TestReadSaveTellsTheFaultsOfBoth(t *testing.T) {
	_, err := ReadSave(strings.NewReader(`-A -t 10.0.0.1:80
-A -t 10.0.0.1:80
-A -t 10.0.0.2:80 -p x
-a -t 10.0.0.2:80 -r 10.0.1.1
-a -t 10.0.0.1:80 -r 224.0.0.1
`), nil)
	want := `line 2, column 7: "10.0.0.1:80": the service exists already, added in line 1
line 3, column 22: "x": want persistence from 1 to 2678400 seconds
line 5, column 22: "224.0.0.1": want a unicast address`
	if d := cmp.Diff(want, fmt.Sprint(err)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	broken := errors.New("broken")
	if _, err := ReadSave(&failing{broken}, nil); !errors.Is(err, broken) {
		t.Errorf("a broken reader: %v", err)
	}
	services, err := ReadSave(strings.NewReader(""), nil)
	if err != nil || len(services) != 0 {
		t.Errorf("an empty text: %v, %v", services, err)
	}
}

// saved gives the text of the table that a text makes.
func saved(t testing.TB, text string) string {
	t.Helper()
	var b strings.Builder
	if err := WriteSave(&b, snapshot(replayed(t, text)), SaveOptions{Thresholds: true}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func replayed(t testing.TB, text string) []Service {
	t.Helper()
	lines, err := ParseSave(strings.NewReader(text), fixedNames{})
	if err != nil {
		t.Errorf("%s\n%v", text, err)
	}
	services, err := Replay(lines)
	if err != nil {
		t.Errorf("%s\n%v", text, err)
	}
	return services
}

func snapshot(services []Service) *kernel.Snapshot {
	snap := &kernel.Snapshot{}
	for _, s := range services {
		e := kernel.ServiceEntry{Service: s.Service, Servers: []kernel.ServerEntry{}}
		for _, v := range s.Servers {
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: v.Server})
		}
		snap.Services = append(snap.Services, e)
	}
	return snap
}

func TestReplayOfManyServers(t *testing.T) {
	var text strings.Builder
	text.WriteString("-A -t 10.0.0.1:80\n")
	for i := range 60 {
		fmt.Fprintf(&text, "-a -t 10.0.0.1:80 -r 10.0.1.%d\n", i)
		if i%3 == 0 {
			fmt.Fprintf(&text, "-d -t 10.0.0.1:80 -r 10.0.1.%d\n", i)
		}
	}
	for i := range 60 {
		if i%3 == 1 {
			fmt.Fprintf(&text, "-e -t 10.0.0.1:80 -r 10.0.1.%d -w 9\n", i)
		}
	}
	servers := replayed(t, text.String())[0].Servers
	if len(servers) != 40 {
		t.Fatalf("%d servers", len(servers))
	}
	for _, s := range servers {
		last := s.Addr.Addr().As4()[3]
		if want := map[byte]int{1: 9, 2: 1}[last%3]; s.Weight != want {
			t.Errorf("%v has weight %d, not %d", s.Addr, s.Weight, want)
		}
	}
}
