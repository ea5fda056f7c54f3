package health

import (
	"net/netip"
	"testing"
	"time"
)

func TestKey(t *testing.T) {
	probe := func(change func(*Probe)) *Probe {
		p := &Probe{Target: Target{Addr: netip.MustParseAddrPort("[fe80::1%eth0]:80")},
			Spec: Spec{Kind: HTTP, Path: "/ready", Status: []StatusRange{{200, 399}}}}
		change(p)
		return p
	}
	same := probe(func(*Probe) {}).Key()
	if want := Key("http [fe80::1%eth0]:80 bb52c2587fb79e1c"); same != want {
		t.Errorf("the key is %q, want %q: keys of the state folder would be lost", same, want)
	}
	if got := probe(func(p *Probe) { p.Every, p.Rise = DefaultEvery, DefaultRise }).Key(); got != same {
		t.Errorf("defaults change the key: %q", got)
	}
	for name, change := range map[string]func(*Probe){
		"address": func(p *Probe) { p.Addr = netip.MustParseAddrPort("[fe80::1%eth1]:80") },
		"mark":    func(p *Probe) { p.Mark = 1 },
		"path":    func(p *Probe) { p.Path = "/" },
		"status":  func(p *Probe) { p.Status = []StatusRange{{200, 299}} },
		"timing":  func(p *Probe) { p.Every = time.Minute },
		"send":    func(p *Probe) { p.Send = "a\nExpect=\"b\"" },
		"command": func(p *Probe) { p.Command = []string{"a b"} },
	} {
		t.Run(name, func(t *testing.T) {
			if got := probe(change).Key(); got == same {
				t.Errorf("the key stays %q", got)
			}
		})
	}
}
