package ipvsadm

import (
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"

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

// accepted are lines with what ipvsadm -S prints after ipvsadm -R read them. The lab
// compares both again.
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

// acceptedWider are lines that ipvsadm refuses or loses (see the package comment), and
// names that only these tests know.
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
		t.Run(c.line, func(t *testing.T) {
			if got := saved(t, c.line); got != c.want+"\n" {
				t.Errorf("got %s want %s", got, c.want)
			}
		})
	}
}

// TestAcceptedServers does the same for servers, each of a service on port 80.
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
		{
			"-i --tun-type=gue -r 10.0.0.2 --tun-port 6080",
			"-r 10.0.0.2:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum",
		},
		{
			"-r 10.0.0.2 --tun-type gue --tun-port 80 --tun-remcsum -i",
			"-r 10.0.0.2:80 -i -w 1 --tun-type gue --tun-port 80 --tun-remcsum",
		},
		{"-r 10.0.0.2 -i --tun-csum --tun-type gre", "-r 10.0.0.2:80 -i -w 1 --tun-type gre --tun-csum"},
		{"-r 10.0.0.2 -i --tun-type gre", "-r 10.0.0.2:80 -i -w 1 --tun-type gre --tun-nocsum"},
	} {
		t.Run(c.options, func(t *testing.T) {
			got := saved(t, "-A -t 10.1:80\n-a -t 10.1:80 "+c.options)
			want := "-A -t 10.0.0.1:80 -s wlc\n-a -t 10.0.0.1:80 " + c.want + "\n"
			if got != want {
				t.Errorf("got %s want %s", got, want)
			}
		})
	}
}

// refused are lines that ipvsadm refuses too, with their faults.
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
	{
		"-a -t 10.1:80 -r [2001:db8::2]:80",
		`column 18: "[2001:db8::2]:80": a server of another address family than its service needs a tunnel: -i`,
	},
	{"-a -t 10.1:80 -r 10.2 --tun-type ipip", `column 23: "--tun-type": needs a tunnel: -i`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-type gue", `column 26: "--tun-type": a gue tunnel needs a port: --tun-port`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-type nosuch", `column 37: "nosuch": want tunnel type ipip, gue or gre`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-type gue --tun-port 0", `column 52: "0": want a tunnel port from 1 to 65535`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-port 8", `column 26: "--tun-port": a tunnel port belongs to gue, not to ipip`},
	{"-a -t 10.1:80 -r 10.2 -i --tun-csum", `column 26: "--tun-csum": ipip has no checksums`},
	{
		"-a -t 10.1:80 -r 10.2 -i --tun-type gre --tun-remcsum",
		`column 41: "--tun-remcsum": remote checksums belong to gue, not to gre`,
	},
	{"-d -t 10.1:80 -r 10.2 -m", `column 23: "-m": not an option of -d`},
	{"-A -t é:80", `column 7: "é:80": want an address or a host name`},
	{
		"-A -s é -t 10:x",
		`column 7: "é": want a name of letters, digits, -, _ and .` + "\n" +
			`column 12: "10:x": cannot find a port of this name: no such port`,
	},
}

// refusedNarrower are lines that ipvsadm accepts.
var refusedNarrower = []lineCase{
	{"-L -n", `column 1: "-L": does not change the table: want -A, -a, -E, -e, -D, -d or -C`},
}

func TestRefused(t *testing.T) {
	for _, c := range slices.Concat(refused, refusedNarrower) {
		t.Run(c.line, func(t *testing.T) {
			lines, err := parseSave(strings.NewReader(c.line), fixedNames{})
			var faults Faults
			if !errors.As(err, &faults) || len(lines) != 0 {
				t.Fatalf("got %v, %v", lines, err)
			}
			if got := strings.ReplaceAll(err.Error(), "line 1, ", ""); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestReadReportsEveryFault(t *testing.T) {
	text := "# a table\n\n-A -t 10.1:x -p 0\n-A -t 10.0.0.1:80\n-a -t 10.0.0.1:80 -r 1.2.3.999 -w -1\n" +
		strings.Repeat(" ", maxLine+1) + "\n-Q"
	lines, err := parseSave(strings.NewReader(text), fixedNames{})
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

func TestReadIsBounded(t *testing.T) {
	_, err := parseSave(strings.NewReader(strings.Repeat("x\n", 5000)), nil)
	var faults Faults
	if !errors.As(err, &faults) || len(faults) != maxFaults+1 {
		t.Errorf("%d faults", len(faults))
	}
	if _, err := parseSave(endless{}, nil); err == nil || errors.As(err, &faults) {
		t.Errorf("an endless text: %v", err)
	}
	broken := errors.New("broken")
	if _, err := parseSave(&failing{broken}, nil); !errors.Is(err, broken) {
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

// parseSave parses a text into lines. The error is Faults, unless reading failed.
func parseSave(r io.Reader, names Names) ([]Line, error) {
	lines := []Line{}
	p := &parser{names: names}
	if err := p.read(r, func(l *Line) { lines = append(lines, *l) }); err != nil {
		return nil, err
	}
	return lines, p.faults.err()
}

// saved returns the text of the table that a text makes.
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
	lines, err := parseSave(strings.NewReader(text), fixedNames{})
	if err != nil {
		t.Errorf("%s\n%v", text, err)
	}
	services, err := replay(lines)
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
