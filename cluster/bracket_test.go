package cluster

import (
	"errors"
	"testing"
)

func TestBracketed(t *testing.T) {
	for line, want := range map[string]string{
		"- address: [tcp://[2001:db8::10]:80]":             "tcp://[2001:db8::10]:80",
		"- {address: 10.0.0.[18-20]}":                      "10.0.0.[18-20]",
		"- {address: 10.0.0.[18-20]:8080, weight: 2}":      "10.0.0.[18-20]:8080",
		"- address: [2001:db8::10]:80":                     "[2001:db8::10]:80",
		"servers: [10.0.0.11, [2001:db8::10]:80]":          "[2001:db8::10]:80",
		"servers: [10.0.0.11, 10.0.0.12]":                  "",
		"servers: [10.0.0.11, 10.0.0.12":                   "",
		"servers: [\"10.0.0.[1-2]\", '[2001:db8::10]:80']": "",
		"minHealthy: {down: [1], up: 2}":                   "",
		"[":                                                "", "]": "", "": "",
	} {
		if got := bracketed(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// TestReadHints: what new users write is met with the cure.
func TestReadHints(t *testing.T) {
	service := head + "services:\n- address: tcp://192.0.2.10:80\n"
	for _, c := range []struct{ text, hint string }{
		{head + "services:\n- address: [tcp://[2001:db8::10]:80]\n", `what has brackets needs quotes: "tcp://[2001:db8::10]:80"`},
		{head + "services:\n- address: [2001:db8::10]:80\n", `what has brackets needs quotes: "[2001:db8::10]:80"`},
		{service + "  servers:\n  - {address: 10.0.0.[18-20]}\n", `what has brackets needs quotes: "10.0.0.[18-20]"`},
		{service + "  servers: [10.0.0.[18-20]]\n", `what has brackets needs quotes: "10.0.0.[18-20]"`},
		{service + "  servers: 10.0.0.11\n", "write [10.0.0.11]"},
		{service + "  servers: 10.0.0.[11-12]\n", `write ["10.0.0.[11-12]"]`},
		{service + "  forward: dr\n", "did you mean direct?"},
		{service + "  forward: gate\n", "did you mean direct?"},
		{service + "  forward: route\n", "did you mean direct?"},
		{service + "  forward: MASQ\n", "did you mean nat?"},
		{service + "  forward: TUN\n", "did you mean tunnel?"},
		{service + "  forward: ipip\n", "did you mean tunnel?"},
		{service + "  servers: [{address: 10.0.0.1, tunnel: {type: tun}}]\n", ""},
		{importedText(t, "keepalived.conf"), "lvs import --from keepalived makes a cluster file of it"},
		{importedText(t, "ldirectord.cf"), "lvs import --from ldirectord makes a cluster file of it"},
		{importedText(t, "ipvsctl.yaml.in"), "lvs import --from ipvsctl makes a cluster file of it"},
		{"-A -t 10.0.0.1:80 -s wlc\n", "lvs import --from ipvsadm makes a cluster file of it"},
	} {
		f, err := Read("x", c.text)
		if err == nil {
			_, err = Resolve(f)
		}
		var bad Faults
		if !errors.As(err, &bad) || len(bad) != 1 || bad[0].Hint != c.hint {
			t.Errorf("%.200s\n%v, want the hint %s", c.text, err, c.hint)
			for _, b := range bad {
				t.Logf("hint %s", b.Hint)
			}
		}
	}
}

// TestFaultsOfPool: a pool's fault is told once, however many services use it.
func TestFaultsOfPool(t *testing.T) {
	f, err := Read("x", head+"pools:\n  p: [{address: 10.0.0.1:8080}, 10.0.0.2, 10.0.0.2, {address: 10.0.0.3, lower: 3}]\nservices:\n"+
		"- {address: tcp://192.0.2.1:80, servers: p}\n- {address: tcp://192.0.2.2:443, servers: p}\n- {address: udp://192.0.2.2:53, servers: p}\n")
	if err == nil {
		_, err = Resolve(f)
	}
	var bad Faults
	if !errors.As(err, &bad) || len(bad) != 3 {
		t.Errorf("%d faults: %v", len(bad), err)
	}
}

// TestMostMasked: more servers than there are can be neither healthy nor masked.
func TestMostMasked(t *testing.T) {
	for share, faulty := range map[string]bool{"30": true, "3": true, "2": false, "100%": false} {
		for _, key := range []string{"maxMasked: " + share, "minHealthy: {down: " + share + "}"} {
			f, err := Read("x", head+"services:\n- address: tcp://192.0.2.1:80\n  servers: [10.0.0.1, 10.0.0.2]\n  "+key+"\n")
			if err == nil {
				_, err = Resolve(f)
			}
			if (err != nil) != faulty {
				t.Errorf("%s: %v", key, err)
			}
		}
	}
}
