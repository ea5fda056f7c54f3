package kernel

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"testing"
)

func TestParseServiceID(t *testing.T) {
	for _, c := range []struct {
		in   string
		want ServiceID
		text string // if it differs from in
	}{
		{in: "tcp://192.0.2.10:80", want: AddressID(TCP, netip.MustParseAddrPort("192.0.2.10:80"))},
		{in: "192.0.2.10:80", want: AddressID(TCP, netip.MustParseAddrPort("192.0.2.10:80")), text: "tcp://192.0.2.10:80"},
		{in: "udp://[2001:db8::1]:53", want: AddressID(UDP, netip.MustParseAddrPort("[2001:db8::1]:53"))},
		{in: "sctp://192.0.2.10:0", want: AddressID(SCTP, netip.MustParseAddrPort("192.0.2.10:0"))},
		{in: "fwmark:7", want: MarkID(7, IPv4)},
		{in: "fwmark:4294967295/ipv6", want: MarkID(1<<32-1, IPv6)},
		{in: "fwmark:7/ipv4", want: MarkID(7, IPv4), text: "fwmark:7"},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := ParseServiceID(c.in)
			if err != nil || got != c.want {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
			if text := got.String(); text != cmp.Or(c.text, c.in) {
				t.Errorf("its text is %q, want %q", text, cmp.Or(c.text, c.in))
			}
		})
	}
}

func TestParseServiceIDRefuses(t *testing.T) {
	const mark = "a firewall mark from 1 to 4294967295"
	for in, want := range map[string]string{
		"":                         "an address and a port such as 192.0.2.10:80 or [2001:db8::10]:80",
		"192.0.2.10":               "an address and a port such as 192.0.2.10:80 (port 0 is every port)",
		"[2001:db8::1]":            "an address and a port such as [2001:db8::1]:80 (port 0 is every port)",
		"2001:db8::1":              "an address and a port such as [2001:db8::1]:80 (port 0 is every port)",
		"2001:db8::1:80":           "an address and a port: [2001:db8::1]:80 or [2001:db8::1:80]:80 (port 0 is every port)",
		"www.example.com:80":       `an IP address, not "www.example.com" (names are not looked up)`,
		"192.0.2.10:http":          `a port number from 0 to 65535, not "http" (names are not looked up)`,
		"192.0.2.10:65536":         `a port number from 0 to 65535, not "65536"`,
		"http://192.0.2.10:80":     `protocol tcp, udp or sctp, not "http"`,
		"TCP://192.0.2.10:80":      `protocol tcp, udp or sctp, not "TCP"`,
		"tcp://[fe80::1%eth0]:80":  "an address without a zone (%eth0)",
		"fwmark:0":                 mark,
		"fwmark:":                  mark,
		"fwmark:+1":                mark,
		"fwmark:4294967296":        mark,
		"fwmark:7/ipv5":            `family ipv4 or ipv6, not "ipv5"`,
		"tcp://192.0.2.10:80/ipv4": `a port number from 0 to 65535, not "80/ipv4" (names are not looked up)`,
	} {
		t.Run(in, func(t *testing.T) {
			id, err := ParseServiceID(in)
			text := fmt.Sprintf("invalid service %q: want %s", in, want)
			if err == nil || err.Error() != text || id != (ServiceID{}) {
				t.Errorf("got %v, error %v; want %s", id, err, text)
			}
		})
	}
}

func TestParseAddrPort(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.10:80":      "",
		"[2001:db8::1]:0":    "",
		"10.0.0.1":           `"10.0.0.1": want an address and a port such as 10.0.0.1:80 (port 0 is every port)`,
		"[fe80::1%eth0]:80":  `"[fe80::1%eth0]:80": want an address without a zone (%eth0)`,
		"web1:80":            `"web1:80": want an IP address, not "web1" (names are not looked up)`,
		"tcp://192.0.2.1:80": `"tcp://192.0.2.1:80": want an IP address, not "tcp://192.0.2.1" (names are not looked up)`,
	} {
		t.Run(in, func(t *testing.T) {
			got, err := ParseAddrPort(in)
			switch {
			case want == "" && (err != nil || got.String() != in):
				t.Errorf("got %v, %v", got, err)
			case want != "" && (err == nil || err.Error() != want || got != (netip.AddrPort{})):
				t.Errorf("got %v, error %v; want %s", got, err, want)
			}
		})
	}
}

func TestServiceOrder(t *testing.T) {
	want := []string{"tcp://10.0.0.1:80", "tcp://10.0.0.1:443", "udp://10.0.0.1:443", "tcp://192.168.0.1:80",
		"tcp://[2001:db8::1]:80", "fwmark:1", "fwmark:3000000000", "fwmark:1/ipv6"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int {
		x, _ := ParseServiceID(a)
		y, _ := ParseServiceID(b)
		return x.Compare(y)
	})
	if !slices.Equal(got, want) {
		t.Errorf("order %q; want %q", got, want)
	}
}

func FuzzParseServiceID(f *testing.F) {
	for _, s := range []string{
		"tcp://192.0.2.10:80", "[2001:db8::1]:53", "fwmark:7/ipv6",
		"::ffff:1.2.3.4:80", "[::ffff:1.2.3.4]:80", "tcp://:80", "fwmark:", "]:80[",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseServiceID(s)
		if err != nil {
			return
		}
		back, err := ParseServiceID(id.String())
		if err != nil || back != id {
			t.Errorf("%q: %v is read back as %v, %v", s, id, back, err)
		}
	})
}
