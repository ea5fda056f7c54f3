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
		t.Run(c.text+" and "+c.server, func(t *testing.T) {
			m, err := parseMachine(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.is(netip.MustParseAddrPort(c.server)); got != c.is {
				t.Errorf("%v, want %v", got, c.is)
			}
		})
	}
}

func TestInvalidMachine(t *testing.T) {
	for _, text := range []string{
		"", "web1", "10.0.0", "10.0.0.11:", "10.0.0.11:x", "fe80::1%eth0", "tcp://10.0.0.11:80",
	} {
		t.Run(text, func(t *testing.T) {
			if m, err := parseMachine(text); err == nil {
				t.Errorf("it is parsed as %+v", m)
			}
		})
	}
}

// Other verbs have a service before the server. Here it is an option.
func TestMachineIsAService(t *testing.T) {
	for _, text := range []string{"tcp://10.0.0.11:80", "fwmark:7"} {
		t.Run(text, func(t *testing.T) {
			if _, err := parseMachine(text); err == nil || !strings.Contains(err.Error(), text+" is a service") {
				t.Errorf("%v", err)
			}
		})
	}
}
