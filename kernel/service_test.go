package kernel

import (
	"fmt"
	"strings"
	"testing"
)

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
		t.Run(c.scheduler+" "+c.in, func(t *testing.T) {
			got, err := ParseSchedFlags(c.scheduler, c.in)
			if err != nil || got != c.want {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
			if names := strings.Join(got.Names(c.scheduler), ","); names != c.names {
				t.Errorf("the names are %q, want %q", names, c.names)
			}
		})
	}
}

func TestParseSchedFlagsRefuses(t *testing.T) {
	const all = "flag-1, flag-2, flag-3, sh-fallback, sh-port, mh-fallback or mh-port"
	for in, want := range map[string]string{
		"sh-port":        `scheduler flag "sh-port" belongs to sh, not to mh`,
		"mh-ports":       `invalid scheduler flag "mh-ports": want ` + all,
		"flag-4":         `invalid scheduler flag "flag-4": want ` + all,
		"flag-1,,flag-2": `invalid scheduler flag "": want ` + all,
		" flag-1":        `invalid scheduler flag " flag-1": want ` + all,
	} {
		t.Run(in, func(t *testing.T) {
			if f, err := ParseSchedFlags("mh", in); err == nil || err.Error() != want {
				t.Errorf("got %v, error %v; want %s", f, err, want)
			}
		})
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
		t.Run(c.family.String()+" "+c.in, func(t *testing.T) {
			got, err := ParseNetmask(c.family, c.in)
			if err != nil || got != c.want || got.Text(c.family) != c.text {
				t.Errorf("got %#x %q, %v; want %#x %q", got, got.Text(c.family), err, c.want, c.text)
			}
		})
	}
}

func TestParseNetmaskRefuses(t *testing.T) {
	for _, c := range []struct {
		family Family
		in     string
		want   string
	}{
		{IPv4, "24", `invalid netmask "24": want a mask such as 255.255.255.0 or /24 for IPv4`},
		{IPv4, "/33", `invalid netmask "/33": want a prefix length from /0 to /32 for IPv4`},
		{IPv4, "2001:db8::", `invalid netmask "2001:db8::": want a mask such as 255.255.255.0 or /24 for IPv4`},
		{IPv6, "0", `invalid netmask "0": want a prefix length from 1 to 128 for IPv6`},
		{IPv6, "129", `invalid netmask "129": want a prefix length from 1 to 128 for IPv6`},
		{IPv6, "255.255.255.0", `invalid netmask "255.255.255.0": want a prefix length from 1 to 128 for IPv6`},
		{IPv6, "", `invalid netmask "": want a prefix length from 1 to 128 for IPv6`},
	} {
		t.Run(c.family.String()+" "+c.in, func(t *testing.T) {
			if m, err := ParseNetmask(c.family, c.in); err == nil || err.Error() != c.want {
				t.Errorf("got %#x, error %v; want %s", m, err, c.want)
			}
		})
	}
}

// TestParseWords parses the words of each closed set, and refuses another one.
func TestParseWords(t *testing.T) {
	for _, c := range []struct {
		name  string
		parse func(string) (fmt.Stringer, error)
		words map[string]fmt.Stringer
		bad   string
	}{
		{
			"forward", func(s string) (fmt.Stringer, error) { return ParseForward(s) },
			map[string]fmt.Stringer{
				"nat": NAT, "masq": NAT, "tunnel": Tunneling, "ipip": Tunneling,
				"direct": Direct, "route": Direct, "gate": Direct,
				"masquerade": NAT, "tun": Tunneling, "dr": Direct,
			},
			`invalid forwarding method "x": want nat, tunnel or direct`,
		},
		{
			"tunnel type", func(s string) (fmt.Stringer, error) { return ParseTunnelType(s) },
			map[string]fmt.Stringer{"ipip": IPIP, "gue": GUE, "gre": GRE},
			`invalid tunnel type "x": want ipip, gue or gre`,
		},
		{
			"tunnel flags", func(s string) (fmt.Stringer, error) { return ParseTunnelFlags(s) },
			map[string]fmt.Stringer{"nocsum": NoChecksum, "csum": Checksum, "remcsum": RemoteChecksum},
			`invalid tunnel checksum "x": want nocsum, csum or remcsum`,
		},
		{
			"role", func(s string) (fmt.Stringer, error) { return ParseRole(s) },
			map[string]fmt.Stringer{"master": Master, "backup": Backup},
			`invalid sync role "x": want master or backup`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for word, want := range c.words {
				if got, err := c.parse(word); err != nil || got != want {
					t.Errorf("%q: got %v, %v; want %v", word, got, err, want)
				}
			}
			if got, err := c.parse("x"); err == nil || err.Error() != c.bad {
				t.Errorf("got %v, error %v; want %s", got, err, c.bad)
			}
		})
	}
}
