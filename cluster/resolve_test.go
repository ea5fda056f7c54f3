package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/lab"
	"lvs/plan"
)

// byValue compares addresses by what they are.
var byValue = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{}, kernel.ServiceID{}),
	cmpopts.IgnoreUnexported(Wanted{}),
}

func resolve(t *testing.T, texts ...string) *Wanted {
	t.Helper()
	var files []*File
	for _, text := range texts {
		f, err := Read("cluster.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	w, err := Resolve(files...)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

const head = "apiVersion: lvs/v1\nkind: Cluster\n"

func TestResolve(t *testing.T) {
	w := resolve(t, head+`
defaults: {scheduler: mh, forward: tunnel}
timeouts: {tcp: 15m}
sync: [{role: backup, interface: eth1, group: "ff02::81", maxLen: 1400}]
pools:
  front:
  - {address: 10.0.1.9, weight: 0}
  - "10.0.1.[2-3]"
  - {address: "10.0.1.[1-1]:81", forward: nat, upper: 10, lower: 5}
services:
- {name: web, address: ["10.0.0.1:80", "fwmark:7"], flags: [mh-port], servers: front}
- address: udp://[2001:db8::1]:53
  scheduler: rr
  onePacket: true
  persistent: {for: 1h, engine: sip}
  netmask: 64
  servers:
  - {address: "[2001:db8::[9-a]]:53", forward: direct}
  - {address: 10.0.0.9, tunnel: {type: gue, port: 6080, remoteChecksum: true}}
- {address: "tcp://[2001:db8::1]:0", forward: nat, persistent: 7d}
`)
	server := func(s string, weight int, forward kernel.Forward) kernel.Server {
		return kernel.Server{Addr: netip.MustParseAddrPort(s), Weight: weight, Forward: forward}
	}
	limited := server("10.0.1.1:81", 1, kernel.NAT)
	limited.Upper, limited.Lower = 10, 5
	gue := server("10.0.0.9:53", 1, kernel.Tunneling)
	gue.Tunnel = kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.RemoteChecksum}
	want := &Wanted{
		Services: []plan.Service{
			{Service: kernel.Service{ServiceID: id("tcp://10.0.0.1:80"), Scheduler: "mh", SchedFlags: kernel.SchedFlag2},
				Servers: []kernel.Server{
					server("10.0.1.9:80", 0, kernel.Tunneling), server("10.0.1.2:80", 1, kernel.Tunneling),
					server("10.0.1.3:80", 1, kernel.Tunneling), limited}},
			{Service: kernel.Service{ServiceID: id("fwmark:7"), Scheduler: "mh", SchedFlags: kernel.SchedFlag2},
				Servers: []kernel.Server{
					server("10.0.1.9:0", 0, kernel.Tunneling), server("10.0.1.2:0", 1, kernel.Tunneling),
					server("10.0.1.3:0", 1, kernel.Tunneling), limited}},
			{Service: kernel.Service{ServiceID: id("udp://[2001:db8::1]:53"), Scheduler: "rr", OnePacket: true,
				Persistence: time.Hour, Engine: "sip", Netmask: 64}, Servers: []kernel.Server{
				server("[2001:db8::9]:53", 1, kernel.Direct), server("[2001:db8::a]:53", 1, kernel.Direct), gue}},
			{Service: kernel.Service{ServiceID: id("tcp://[2001:db8::1]:0"), Scheduler: "mh", Persistence: 7 * 24 * time.Hour},
				Servers: []kernel.Server{}},
		},
		Names:    map[kernel.ServiceID]string{id("tcp://10.0.0.1:80"): "web", id("fwmark:7"): "web"},
		Timeouts: kernel.Timeouts{TCP: 15 * time.Minute},
		Sync: []kernel.Daemon{{Role: kernel.Backup, Interface: "eth1", Group: netip.MustParseAddr("ff02::81"),
			MaxLen: 1400}},
		SyncGiven: true,
	}
	if d := cmp.Diff(want, w, byValue); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// TestFilesTogether uses a pool of another file; defaults stay in their own.
func TestFilesTogether(t *testing.T) {
	w := resolve(t,
		head+"defaults: {scheduler: sh, forward: nat}\npools: {p: [10.0.1.1]}\nservices: []\n",
		head+"timeouts: {udp: 1m}\nservices: [{address: 10.0.0.1:80, servers: p}]\n")
	want := []plan.Service{{Service: kernel.Service{ServiceID: id("tcp://10.0.0.1:80"), Scheduler: "wlc"},
		Servers: []kernel.Server{
			{Addr: netip.MustParseAddrPort("10.0.1.1:80"), Weight: 1, Forward: kernel.Direct}}}}
	if d := cmp.Diff(want, w.Services, byValue); d != "" || w.SyncGiven || w.Timeouts.UDP != time.Minute {
		t.Errorf("%v (-want +got)\n%s", w, d)
	}
}

// TestExportIsTheTable writes random tables and tables with all that is odd,
// and plans what was read back: nothing changes.
func TestExportIsTheTable(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 11))
		k := memory.New()
		state := randomState(r)
		load(t, k, state)
		roundTrip(t, read(t, k))
	}
}

func TestOddTables(t *testing.T) {
	server := func(s string, weight int, forward kernel.Forward) kernel.ServerEntry {
		return kernel.ServerEntry{Server: kernel.Server{Addr: netip.MustParseAddrPort(s), Weight: weight, Forward: forward}}
	}
	entry := func(s kernel.Service, servers ...kernel.ServerEntry) kernel.ServiceEntry {
		return kernel.ServiceEntry{Service: s, Servers: servers}
	}
	limited := server("10.0.1.1:80", math.MaxInt32, kernel.NAT)
	limited.Upper, limited.Lower = math.MaxUint32, math.MaxUint32
	for _, e := range []kernel.ServiceEntry{
		entry(kernel.Service{ServiceID: id("tcp://10.0.0.1:80"), Scheduler: "wlc", Persistence: time.Second,
			Netmask: kernel.AllClients},
			server("10.0.1.2:81", 0, kernel.Local), server("[2001:db8::1]:80", 1, kernel.Local), limited),
		entry(kernel.Service{ServiceID: id("udp://0.0.0.0:0"), Scheduler: "my-own_sched.1", SchedFlags: 7,
			Persistence: kernel.MaxPersistence, Netmask: 1},
			server("10.0.1.2:0", 5, kernel.Direct)),
		entry(kernel.Service{ServiceID: id("fwmark:4294967295"), Scheduler: "no", OnePacket: true},
			server("10.0.1.2:0", 5, kernel.Direct), server("10.0.1.2:9", 5, kernel.Tunneling)),
		entry(kernel.Service{ServiceID: id("fwmark:1/ipv6"), Scheduler: "null", Persistence: time.Second, Netmask: 1},
			server("10.0.1.2:0", 5, kernel.Tunneling), server("[2001:db8::1]:0", 5, kernel.Direct)),
		// What ipvsadm refuses and the kernel takes, though it does not work.
		entry(kernel.Service{ServiceID: id("tcp://10.0.0.1:0"), Scheduler: "wlc"}, server("10.0.1.2:80", 5, kernel.Direct)),
		entry(kernel.Service{ServiceID: id("tcp://10.0.0.1:80"), Scheduler: "wlc", Persistence: 40 * 24 * time.Hour},
			server("10.0.1.2:8080", 5, kernel.Direct), server("10.0.1.3:8080", 5, kernel.Tunneling)),
		// And what has no effect.
		entry(kernel.Service{ServiceID: id("tcp://10.0.0.1:80"), Scheduler: "wlc", OnePacket: true, Netmask: 0xffffff00,
			Engine: "sip"}),
	} {
		roundTrip(t, &kernel.Snapshot{Services: []kernel.ServiceEntry{e}})
	}
}

func roundTrip(t *testing.T, table *kernel.Snapshot) {
	t.Helper()
	timeouts := kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: time.Second, UDP: maxTimeout}
	daemons := []kernel.Daemon{{Role: kernel.Master, Interface: "eth0.1", ID: 255, Group: netip.MustParseAddr("ff02::1"),
		Port: 1, TTL: 255, MaxLen: 65507}}
	f := Export(table, timeouts, daemons)
	var y, j strings.Builder
	if err := f.WriteYAML(&y); err != nil {
		t.Fatal(err)
	}
	if err := f.WriteJSON(&j); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{y.String(), j.String()} {
		read, err := Read("", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		w, err := Resolve(read)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if plan := plan.Between(table, w.Services, plan.Options{Prune: true}); len(plan) > 0 {
			t.Fatalf("%+v\n%s", plan, text)
		}
		if w.Timeouts != timeouts || len(w.Sync) != 1 || w.Sync[0] != daemons[0] {
			t.Fatalf("%v %v\n%s", w.Timeouts, w.Sync, text)
		}
	}
}

// TestFilesOnTheKernel exports random tables of the kernel, reads the file and
// fills an empty kernel from it: nothing differs, not even the order of the servers.
func TestFilesOnTheKernel(t *testing.T) {
	lab.Need(t, tunnels)
	k := open(t)
	for seed := range uint64(40) {
		if err := k.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		load(t, k, randomState(rand.New(rand.NewPCG(seed, 51))))
		first := read(t, k)
		roundTrip(t, first)
		var y strings.Builder
		if err := Export(first, kernel.Timeouts{}, nil).WriteYAML(&y); err != nil {
			t.Fatal(err)
		}
		w := resolve(t, y.String())
		if err := k.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		load(t, k, w.Services)
		second := read(t, k)
		if rest := plan.Between(second, plan.Of(first), plan.Options{Prune: true}); len(rest) > 0 {
			t.Fatalf("seed %d: left:\n%+v\n%s", seed, rest, y.String())
		}
		for i := range second.Services {
			was, is := &first.Services[i], &second.Services[i]
			same := func(a, b kernel.ServerEntry) bool { return a.Addr == b.Addr }
			if !slices.EqualFunc(was.Servers, is.Servers, same) {
				t.Fatalf("seed %d: the kernel lists %v as %v, before as %v", seed, is.ServiceID, is.Servers, was.Servers)
			}
		}
	}
}
