package kernel

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParseServiceID(t *testing.T) {
	for _, c := range []struct {
		in   string
		want ServiceID
		text string // where it differs from in
	}{
		{in: "tcp://192.0.2.10:80", want: AddressID(TCP, netip.MustParseAddrPort("192.0.2.10:80"))},
		{in: "192.0.2.10:80", want: AddressID(TCP, netip.MustParseAddrPort("192.0.2.10:80")), text: "tcp://192.0.2.10:80"},
		{in: "udp://[2001:db8::1]:53", want: AddressID(UDP, netip.MustParseAddrPort("[2001:db8::1]:53"))},
		{in: "sctp://192.0.2.10:0", want: AddressID(SCTP, netip.MustParseAddrPort("192.0.2.10:0"))},
		{in: "fwmark:7", want: MarkID(7, IPv4)},
		{in: "fwmark:4294967295/ipv6", want: MarkID(1<<32-1, IPv6)},
		{in: "fwmark:7/ipv4", want: MarkID(7, IPv4), text: "fwmark:7"},
	} {
		got, err := ParseServiceID(c.in)
		if err != nil || got != c.want {
			t.Errorf("ParseServiceID(%q) = %v, %v; want %v", c.in, got, err, c.want)
		}
		if text := got.String(); text != c.in && text != c.text {
			t.Errorf("%q is written as %q", c.in, text)
		}
	}
}

func TestParseServiceIDRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                         "is not an address and port",
		"192.0.2.10":               "has no port",
		"[2001:db8::1]":            "has no port",
		"2001:db8::1":              "has no port; write [2001:db8::1]:80 (port 0",
		"2001:db8::1:80":           "has no port; write [2001:db8::1]:80 if that is meant, or [2001:db8::1:80]:80 (port 0",
		"www.example.com:80":       "names are not looked up",
		"192.0.2.10:http":          "not a port number",
		"192.0.2.10:65536":         "not a port number",
		"http://192.0.2.10:80":     "unknown protocol",
		"TCP://192.0.2.10:80":      "unknown protocol",
		"tcp://[fe80::1%eth0]:80":  "zone",
		"fwmark:0":                 "from 1 to 4294967295",
		"fwmark:":                  "from 1 to 4294967295",
		"fwmark:+1":                "from 1 to 4294967295",
		"fwmark:4294967296":        "from 1 to 4294967295",
		"fwmark:7/ipv5":            "unknown family",
		"tcp://192.0.2.10:80/ipv4": "not a port number",
	} {
		_, err := ParseServiceID(in)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseServiceID(%q): error %v; want one with %q", in, err, want)
		}
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
	for _, s := range []string{"tcp://192.0.2.10:80", "[2001:db8::1]:53", "fwmark:7/ipv6", "::ffff:1.2.3.4:80", "[::ffff:1.2.3.4]:80", "tcp://:80", "fwmark:", "]:80["} {
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

func TestSchedFlags(t *testing.T) {
	for _, c := range []struct {
		scheduler, in string
		want          SchedFlags
		names         string
	}{
		{"sh", "sh-fallback,sh-port", SchedFlag1 | SchedFlag2, "sh-fallback,sh-port"},
		{"mh", "mh-port", SchedFlag2, "mh-port"},
		{"mh", "flag-1,flag-3", SchedFlag1 | SchedFlag3, "mh-fallback,flag-3"},
		{"rr", "flag-2", SchedFlag2, "flag-2"},
		{"rr", "", 0, ""},
	} {
		got, err := ParseSchedFlags(c.scheduler, c.in)
		if err != nil || got != c.want {
			t.Errorf("%s %q: %v, %v; want %v", c.scheduler, c.in, got, err, c.want)
		}
		if names := strings.Join(got.Names(c.scheduler), ","); names != c.names {
			t.Errorf("%s %q is written as %q; want %q", c.scheduler, c.in, names, c.names)
		}
	}
	for _, in := range []string{"sh-port", "mh-ports", "flag-4", "flag-1,,flag-2", " flag-1"} {
		if f, err := ParseSchedFlags("mh", in); err == nil {
			t.Errorf("mh %q is taken as %v", in, f)
		}
	}
}

func TestNetmask(t *testing.T) {
	for _, c := range []struct {
		family   Family
		in, text string
		want     Netmask
	}{
		{IPv4, "255.255.255.0", "255.255.255.0", 0xffffff00},
		{IPv4, "/24", "255.255.255.0", 0xffffff00},
		{IPv4, "255.0.255.0", "255.0.255.0", 0xff00ff00},
		{IPv4, "/32", "", 0xffffffff},
		{IPv4, "0.0.0.0", "0.0.0.0", AllClients},
		{IPv4, "/0", "0.0.0.0", AllClients},
		{IPv6, "64", "64", 64},
		{IPv6, "/64", "64", 64},
		{IPv6, "128", "", 128},
	} {
		got, err := ParseNetmask(c.family, c.in)
		if err != nil || got != c.want || got.Text(c.family) != c.text {
			t.Errorf("%v %q: %#x %q, %v; want %#x %q", c.family, c.in, got, got.Text(c.family), err, c.want, c.text)
		}
	}
	for _, c := range []struct {
		family Family
		in     string
	}{{IPv4, "24"}, {IPv4, "/33"}, {IPv4, "2001:db8::"}, {IPv6, "0"}, {IPv6, "129"}, {IPv6, "255.255.255.0"}, {IPv6, ""}} {
		if m, err := ParseNetmask(c.family, c.in); err == nil {
			t.Errorf("%v %q is taken as %#x", c.family, c.in, m)
		}
	}
}
