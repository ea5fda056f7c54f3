package commands

import (
	"net/netip"
	"strings"
	"testing"
)

func TestMachine(t *testing.T) {
	for _, c := range []struct {
		text, server string
		is           bool
	}{
		{"10.0.0.11", "10.0.0.11:80", true},
		{"10.0.0.11", "10.0.0.11:0", true},
		{"10.0.0.11", "10.0.0.12:80", false},
		{"10.0.0.11:80", "10.0.0.11:80", true},
		{"10.0.0.11:80", "10.0.0.11:443", false},
		{"10.0.0.11:0", "10.0.0.11:80", false},
		{"2001:db8::11", "[2001:db8::11]:80", true},
		{"[2001:db8::11]", "[2001:db8::11]:80", true},
		{"[2001:db8::11]:80", "[2001:db8::11]:443", false},
	} {
		m, err := parseMachine(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if got := m.is(netip.MustParseAddrPort(c.server)); got != c.is {
			t.Errorf("%s is %s: %v", c.text, c.server, got)
		}
	}
	for _, text := range []string{"", "web1", "10.0.0", "10.0.0.11:", "10.0.0.11:x", "fe80::1%eth0", "tcp://10.0.0.11:80"} {
		if m, err := parseMachine(text); err == nil {
			t.Errorf("%q is taken as %+v", text, m)
		}
	}
}

// A service before the server is what other verbs take; here it is an option.
func TestMachineIsAService(t *testing.T) {
	for _, text := range []string{"tcp://10.0.0.11:80", "fwmark:7"} {
		_, err := parseMachine(text)
		if err == nil || !strings.Contains(err.Error(), text+" is a service") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
