package cluster

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	goyaml "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
	"lvs/kernel/contract"
	"lvs/kernel/memory"
	"lvs/plan"
)

func TestExport(t *testing.T) {
	k := memory.New()
	server := func(s string, weight int) kernel.Server {
		return kernel.Server{Addr: netip.MustParseAddrPort(s), Weight: weight, Forward: kernel.NAT}
	}
	tunnel := kernel.Server{Addr: netip.MustParseAddrPort("[2001:db8::7]:80"), Weight: 1, Upper: 9, Lower: 3,
		Forward: kernel.Tunneling, Tunnel: kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.RemoteChecksum}}
	gre := kernel.Server{Addr: netip.MustParseAddrPort("10.0.1.9:80"), Weight: 1,
		Forward: kernel.Tunneling, Tunnel: kernel.Tunnel{Type: kernel.GRE, Flags: kernel.Checksum}}
	local := kernel.Server{Addr: netip.MustParseAddrPort("10.0.1.10:80"), Weight: 1, Forward: kernel.Local}
	load(t, k, []plan.Service{
		{Service: kernel.Service{ServiceID: id("tcp://10.0.0.1:80"), Scheduler: "mh", SchedFlags: 3},
			Servers: []kernel.Server{server("10.0.1.2:8080", 1), server("10.0.1.1:80", 1), server("10.0.1.3:80", 0), tunnel,
				gre, local}},
		{Service: kernel.Service{ServiceID: id("tcp://[2001:db8::1]:0"), Scheduler: "rr", Persistence: 90 * time.Second,
			Netmask: 64}, Servers: nil},
		{Service: kernel.Service{ServiceID: id("udp://10.0.0.2:5060"), Scheduler: "rr", Persistence: time.Hour,
			Engine: "sip", OnePacket: true},
			Servers: []kernel.Server{server("10.0.1.1:5060", 1)}},
		{Service: kernel.Service{ServiceID: id("fwmark:7/ipv6"), Scheduler: "rr"}, Servers: []kernel.Server{{
			Addr: netip.MustParseAddrPort("[2001:db8::8]:0"), Weight: 1, Forward: kernel.Direct}}},
	})
	snap := read(t, k)
	snap.Services = append(snap.Services, kernel.ServiceEntry{Service: kernel.Service{
		ServiceID: id("fwmark:8"), Scheduler: "no", Persistence: 10 * time.Minute, Netmask: 0xffffff00},
		Servers: []kernel.ServerEntry{{Server: server("10.0.1.1:80", 1)}}})
	f := Export(snap, kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: 5 * time.Minute},
		[]kernel.Daemon{
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
  - 10.0.1.2:8080
  - 10.0.1.1
  - {address: 10.0.1.3, weight: 0}
  - {address: "2001:db8::7", forward: tunnel, upper: 9, lower: 3, tunnel: {type: gue, port: 6080, remoteChecksum: true}}
  - {address: 10.0.1.9, forward: tunnel, tunnel: {type: gre, checksum: true}}
  - 10.0.1.10
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

// TestWholeFile writes what a person would write by hand, in the same words.
func TestWholeFile(t *testing.T) {
	three, zero := 3, 0
	f := &File{
		Comments: []string{"first line", "second", "a\x1b[31m sly\u2028one"},
		Name:     "shanghai",
		Defaults: Defaults{Scheduler: "wrr", Forward: "direct", Check: []Check{{Ref: "web"}}},
		Timeouts: kernel.Timeouts{TCP: 15 * time.Minute},
		Pools: []Pool{{"frontends", []FileServer{
			{Address: "10.0.0.11", Weight: &three, Labels: map[string]string{"rack": "a", "on": "yes"}},
			{Address: "10.0.0.[12-18]"},
			{Address: "10.0.0.19", Weight: &zero, Check: []Check{{Type: "tcp", Port: 81}}},
		}}},
		Checks: []NamedCheck{
			{"web", Check{Type: "http", Path: "/ready", Host: "shop.example", Status: []StatusRange{{200, 399}, {404, 404}},
				Every: 2 * time.Second, Timeout: time.Second, Rise: 2, Fall: 3}},
			{"mail", Check{Type: "all", Of: []Check{{Type: "smtp", StartTLS: true}, {Type: "tcp", Port: 993}}}},
		},
		Services: []FileService{
			{
				Comments: []string{"the shop"}, Name: "web",
				Addresses: []kernel.ServiceID{id("tcp://192.0.2.10:80"), id("tcp://[2001:db8::10]:80"), id("fwmark:7")},
				Scheduler: "mh", Flags: []string{"mh-port", "mh-fallback"}, Pool: "frontends",
				Health: ServiceHealth{
					Check: []Check{{Ref: "web"}, {Type: "icmp"}},
					Down:  Share{30, true}, Up: Share{2, false}, Fallback: "10.0.0.99:80", OnAllDown: "open",
					OnDown: OnDown{new(20 * time.Second), "reset"}, MaxMasked: Share{50, true}, SlowStart: time.Minute, Announce: true,
				},
			},
			{Addresses: []kernel.ServiceID{
				id("udp://192.0.2.1:53"), id("udp://192.0.2.2:53"), id("udp://192.0.2.3:53"), id("udp://192.0.2.4:53"),
				id("udp://192.0.2.5:53"),
			}, OnePacket: true, Health: ServiceHealth{Check: []Check{{Type: "dns", Name: "example.com"}}}},
		},
		BGP: &BGP{AS: 4200000000, RouterID: netip.MustParseAddr("192.0.2.9"), Communities: []string{"64512:100"},
			Peers: []BGPPeer{
				{Address: netip.MustParseAddr("2001:db8::1"), AS: 64511, PasswordFile: "peer1.key", Hold: 9 * time.Second},
			}},
		Overflow: &Overflow{High: Share{80, true}, Low: Share{60, true}, Peers: []OverflowPeer{
			{"frankfurt", netip.MustParseAddr("203.0.113.2"), "frankfurt.key"},
		}},
		Director: &Director{OnStop: "keep", Drift: "repair", Sysctl: "check"},
	}
	var b strings.Builder
	if err := f.WriteYAML(&b); err != nil {
		t.Fatal(err)
	}
	want := `# first line
# second
# a [31m sly one
apiVersion: lvs/v1
kind: Cluster
name: shanghai
defaults: {scheduler: wrr, forward: direct, check: web}
timeouts: {tcp: 15m}
pools:
  frontends:
  - {address: 10.0.0.11, weight: 3, labels: {"on": "yes", rack: a}}
  - "10.0.0.[12-18]"
  - {address: 10.0.0.19, weight: 0, check: {type: tcp, port: 81}}
checks:
  web: {type: http, path: /ready, host: shop.example, status: [200-399, 404], every: 2s, timeout: 1s, rise: 2, fall: 3}
  mail: {type: all, of: [{type: smtp, startTLS: true}, {type: tcp, port: 993}]}
services:
# the shop
- name: web
  address: [tcp://192.0.2.10:80, "tcp://[2001:db8::10]:80", fwmark:7]
  scheduler: mh
  flags: [mh-port, mh-fallback]
  check:
  - web
  - {type: icmp}
  servers: frontends
  minHealthy: {down: 30%, up: 2}
  fallback: 10.0.0.99:80
  onAllDown: open
  onDown: {quiesce: 20s, then: reset}
  maxMasked: 50%
  slowStart: 1m
  announce: true
- address:
  - udp://192.0.2.1:53
  - udp://192.0.2.2:53
  - udp://192.0.2.3:53
  - udp://192.0.2.4:53
  - udp://192.0.2.5:53
  onePacket: true
  check: {type: dns, name: example.com}
bgp:
  as: 4200000000
  routerID: 192.0.2.9
  peers:
  - {address: "2001:db8::1", as: 64511, passwordFile: peer1.key, hold: 9s}
  communities: ["64512:100"]
overflow:
  high: 80%
  low: 60%
  peers:
  - {name: frankfurt, director: 203.0.113.2, keyFile: frankfurt.key}
director: {onStop: keep, drift: repair, sysctl: check}
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
		k := memory.New()
		load(t, k, randomState(rand.New(rand.NewPCG(seed, 9))))
		sameDocument(t, seed, Export(read(t, k), kernel.Timeouts{UDP: time.Minute}, nil))
	}
}

// TestWholeFileYAMLIsTheJSON does so for files with everything in them.
func TestWholeFileYAMLIsTheJSON(t *testing.T) {
	for seed := range uint64(300) {
		sameDocument(t, seed, randomFile(rand.New(rand.NewPCG(seed, 10))))
	}
}

func sameDocument(t *testing.T, seed uint64, f *File) {
	t.Helper()
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
		t.Fatalf("seed %d: %v\n%s", seed, err, y.String())
	}
	var got any
	if err := json.Unmarshal(asJSON, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("seed %d (-JSON +YAML)\n%s\n%s", seed, d, y.String())
	}
}

// TestYAMLText reads every kind of word back as the text it was.
func TestYAMLText(t *testing.T) {
	for _, s := range []string{
		"rr", "no", "Yes", "null", "~", "12", "1e3", "0x10", "010", "1_000", "-", "-x", ".5", "a: b", "a #b", "", " ",
		"[a]", "{a}",
		"::1", "2001:db8::", "2001:db8::1", "10.0.0.1", "10.0.0.1:80", "1:20", "12:30:45", "10m", "1h30m", "é", "\x1b",
		"a,b", "y", "off",
		"tcp://10.0.0.1:80", "fwmark:7/ipv6", "2001:db8:1:2:3:4:5:6", "190:20:30", "2001-01-01", ".inf", "NaN", "<<", "=",
		"&a", "*a", "!a", "%a", "@a", "`a",
		"30%", "%", "200-399", "200-", "2001-01", "1.5s", "\u0085", "\u2028", "\ufeff", "\x7f", "😀", "a\\d", "two\nlines",
	} {
		t.Run(strconv.Quote(s), func(t *testing.T) {
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
		})
	}
}

func BenchmarkExport(b *testing.B) {
	snap := contract.WideTable(1000, 10)
	for b.Loop() {
		if err := Export(snap, kernel.Timeouts{}, nil).WriteYAML(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
