package ipvsadm

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

// FuzzParseSave checks that a text results only in faults that point into the text,
// and that a table that was read is the same after it is written and read again.
func FuzzParseSave(f *testing.F) {
	f.Add("-A -t 10.1:80 -s rr\n-a -t 10.1:80 -r 10.0.0.2:http -i --tun-type gue --tun-port 6080 -w5\n")
	f.Add("-At[::1]:80 -p=60 -M 64\r\n# x\n-E -t '[::1]:80' -p\n-D -t [::1]:80")
	f.Add("-A -f 5 -6 -b mh-port -smh\n-C\n-A -f -1 -o --pe sip -p")
	f.Add("-a -f 7 -r 1.2.3.4 -x 5 -y 6\n--add-server --weight=")
	f.Add("foo --set 1 2 3 --sort\n--start-daemon=master --mcast-group ff02::5 --syncid 1\n" +
		"-Lnc --persistent-conn -X\n-hx\n-Z -6")
	f.Fuzz(func(t *testing.T, text string) {
		wide := &parser{names: fixedNames{}, wide: true}
		if err := wide.read(strings.NewReader(text), func(*Line) {}); err != nil {
			t.Fatal(err)
		}
		inside(t, text, wide.faults.err())
		for _, f := range wide.faults {
			if f.said.text == "" || f.said.status == 0 {
				t.Errorf("ipvsadm has no complaint for %v", f)
			}
		}
		lines, err := parseSave(strings.NewReader(text), fixedNames{})
		inside(t, text, err)
		services, err := replay(lines)
		inside(t, text, err)
		want := snapshot(services)
		var b strings.Builder
		if err := WriteSave(&b, want, SaveOptions{Thresholds: true}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(byID(want), byID(snapshot(replayed(t, b.String()))), values); d != "" {
			t.Errorf("(-read +written and read)\n%s\n%s", d, b.String())
		}
	})
}

// inside fails unless an error is a list of faults within the text.
func inside(t *testing.T, text string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var faults Faults
	if !errors.As(err, &faults) || len(faults) == 0 {
		t.Fatalf("%v", err)
	}
	lines := strings.Split(text, "\n")
	for _, f := range faults[:min(len(faults), maxFaults)] {
		if f.Line < 1 || f.Line > len(lines) || f.Column < 1 || f.Column > len(lines[f.Line-1])+1 || f.Why == "" {
			t.Errorf("%#v is not in the text", f)
		}
		if strings.ContainsAny(f.Error(), "\n\r\x1b") {
			t.Errorf("%q is not one plain line", f.Error())
		}
	}
}

// FuzzEndpoint checks that an address that was read is the same after it is written
// and read again.
func FuzzEndpoint(f *testing.F) {
	for _, s := range []string{
		"10.1:80", "0x0a000001:http", "010.1", "[2001:db8::1]:80", "::ffff:1.2.3.4", "www", "[www]:1",
		"1.2.3.4.5", "::1.2.3.4", "[", "10:",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := &parser{names: fixedNames{}}
		ap, _, why := p.endpoint(s, kernel.TCP)
		if why != "" {
			return
		}
		if ap.Addr().Zone() != "" || !ap.IsValid() {
			t.Fatalf("%q is %v", s, ap)
		}
		text := string(appendEndpoint(nil, ap))
		if again, _, why := p.endpoint(text, kernel.TCP); again != ap {
			t.Errorf("%q is %v, written %s, read %v: %s", s, ap, text, again, why)
		}
		if std, err := netip.ParseAddrPort(s); err == nil && std != ap {
			t.Errorf("%q is %v, not %v", s, std, ap)
		}
	})
}
