package cluster

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	goyaml "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/kerneltest"
)

func TestExport(t *testing.T) {
	k := kerneltest.New()
	server := func(s string, weight int) kernel.Server {
		return kernel.Server{Addr: netip.MustParseAddrPort(s), Weight: weight, Forward: kernel.NAT}
	}
	tunnel := kernel.Server{Addr: netip.MustParseAddrPort("[2001:db8::7]:80"), Weight: 1, Upper: 9, Lower: 3,
		Forward: kernel.Tunneling, Tunnel: kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.RemoteChecksum}}
	gre := kernel.Server{Addr: netip.MustParseAddrPort("10.0.1.9:80"), Weight: 1,
		Forward: kernel.Tunneling, Tunnel: kernel.Tunnel{Type: kernel.GRE, Flags: kernel.Checksum}}
	local := kernel.Server{Addr: netip.MustParseAddrPort("10.0.1.10:80"), Weight: 1, Forward: kernel.Local}
	load(t, k, []Service{
		{kernel.Service{ServiceID: id("tcp://10.0.0.1:80"), Scheduler: "mh", SchedFlags: 3},
			[]kernel.Server{server("10.0.1.2:8080", 1), server("10.0.1.1:80", 1), server("10.0.1.3:80", 0), tunnel, gre, local}},
		{kernel.Service{ServiceID: id("tcp://[2001:db8::1]:0"), Scheduler: "rr", Persistence: 90 * time.Second, Netmask: 64}, nil},
		{kernel.Service{ServiceID: id("udp://10.0.0.2:5060"), Scheduler: "rr", Persistence: time.Hour, Engine: "sip", OnePacket: true},
			[]kernel.Server{server("10.0.1.1:5060", 1)}},
		{kernel.Service{ServiceID: id("fwmark:7/ipv6"), Scheduler: "rr"}, []kernel.Server{{
			Addr: netip.MustParseAddrPort("[2001:db8::8]:0"), Weight: 1, Forward: kernel.Direct}}},
	})
	snap := read(t, k)
	snap.Services = append(snap.Services, kernel.ServiceEntry{Service: kernel.Service{
		ServiceID: id("fwmark:8"), Scheduler: "no", Persistence: 10 * time.Minute, Netmask: 0xffffff00},
		Servers: []kernel.ServerEntry{{Server: server("10.0.1.1:80", 1)}}})
	f := Export(snap, kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 5 * time.Minute}, []kernel.Daemon{
		{Role: kernel.Master, Interface: "eth1", ID: 7, Group: netip.MustParseAddr("224.0.0.81"), Port: 8848, TTL: 1},
		{Role: kernel.Backup, Interface: "eth1", Group: netip.MustParseAddr("ff02::1"), Port: 9000, TTL: 2, MaxLen: 1400},
	})
	var b strings.Builder
	if err := f.WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	want := `apiVersion: lvs/v1
kind: Cluster
defaults: {scheduler: rr, forward: nat}
timeouts: {tcp: 15m, tcpFin: 2m, udp: 5m}
sync:
- {role: master, interface: eth1, id: 7}
- {role: backup, interface: eth1, group: "ff02::1", port: 9000, ttl: 2, maxLen: 1400}
services:
- address: tcp://10.0.0.1:80
  scheduler: mh
  flags: [mh-fallback, mh-port]
  servers:
  - 10.0.1.1
  - 10.0.1.2:8080
  - {address: 10.0.1.3, weight: 0}
  - {address: 10.0.1.9, forward: tunnel, tunnel: {type: gre, checksum: true}}
  - 10.0.1.10
  - {address: "2001:db8::7", forward: tunnel, upper: 9, lower: 3, tunnel: {type: gue, port: 6080, remoteChecksum: true}}
- address: udp://10.0.0.2:5060
  onePacket: true
  persistent: {for: 1h, engine: sip}
  servers:
  - 10.0.1.1
- address: "tcp://[2001:db8::1]:0"
  persistent: 1m30s
  netmask: 64
- address: fwmark:7/ipv6
  forward: direct
  servers:
  - "2001:db8::8"
- address: fwmark:8
  scheduler: "no"
  persistent: 10m
  netmask: 255.255.255.0
  servers:
  - 10.0.1.1:80
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestExportOfNothing(t *testing.T) {
	var b strings.Builder
	if err := Export(&kernel.Snapshot{}, kernel.Timeouts{}, nil).WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("apiVersion: lvs/v1\nkind: Cluster\nservices: []\n", b.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestYAMLIsTheJSON reads both forms of many tables back: they are the same
// document.
func TestYAMLIsTheJSON(t *testing.T) {
	for seed := range uint64(100) {
		k := kerneltest.New()
		load(t, k, randomState(rand.New(rand.NewPCG(seed, 9))))
		f := Export(read(t, k), kernel.Timeouts{UDP: time.Minute}, nil)
		var y, j strings.Builder
		if err := f.WriteYAML(&y); err != nil {
			t.Fatal(err)
		}
		if err := f.WriteJSON(&j); err != nil {
			t.Fatal(err)
		}
		var want any
		if err := json.Unmarshal([]byte(j.String()), &want); err != nil {
			t.Fatalf("%v\n%s", err, j.String())
		}
		asJSON, err := goyaml.YAMLToJSON([]byte(y.String()))
		if err != nil {
			t.Fatalf("%v\n%s", err, y.String())
		}
		var got any
		if err := json.Unmarshal(asJSON, &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("seed %d (-JSON +YAML)\n%s\n%s", seed, d, y.String())
		}
	}
}

// TestYAMLText reads every kind of word back as the text it was.
func TestYAMLText(t *testing.T) {
	for _, s := range []string{
		"rr", "no", "Yes", "null", "~", "12", "1e3", "0x10", "010", "1_000", "-", "-x", ".5", "a: b", "a #b", "", " ", "[a]", "{a}",
		"::1", "2001:db8::", "2001:db8::1", "10.0.0.1", "10.0.0.1:80", "1:20", "12:30:45", "10m", "1h30m", "é", "\x1b", "a,b", "y", "off",
		"tcp://10.0.0.1:80", "fwmark:7/ipv6", "2001:db8:1:2:3:4:5:6", "190:20:30", "2001-01-01", ".inf", "NaN", "<<", "=", "&a", "*a", "!a", "%a", "@a", "`a",
	} {
		for _, doc := range []string{"k: " + yamlText(s), "k: {k: " + yamlText(s) + ", l: 1}", "k:\n- " + yamlText(s)} {
			var got map[string]any
			if err := goyaml.Unmarshal([]byte(doc), &got); err != nil {
				t.Errorf("%s: %v", doc, err)
				continue
			}
			v := got["k"]
			switch inner := v.(type) {
			case map[string]any:
				v = inner["k"]
			case []any:
				v = inner[0]
			}
			if v != s {
				t.Errorf("%s is read as %#v, not %q", doc, v, s)
			}
		}
	}
}

func BenchmarkExport(b *testing.B) {
	snap := bigTable(b)
	for b.Loop() {
		if err := Export(snap, kernel.Timeouts{}, nil).WriteYAML(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
