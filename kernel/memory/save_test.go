package memory

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"lvs/kernel"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSaveLoad(t *testing.T) {
	ctx := t.Context()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	k := full(t)
	k.Clock(func() time.Time { return at })
	var kept bytes.Buffer
	if err := k.Save(&kept); err != nil {
		t.Fatal(err)
	}
	first := bytes.Clone(kept.Bytes())
	other := New()
	other.Clock(func() time.Time { return at })
	if err := other.Load(&kept); err != nil {
		t.Fatal(err)
	}
	want, _ := k.Snapshot(ctx)
	got, _ := other.Snapshot(ctx)
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})); diff != "" {
		t.Errorf("the table differs (-saved +loaded):\n%s", diff)
	}
	var again bytes.Buffer
	if err := other.Save(&again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(first), again.String()); diff != "" {
		t.Errorf("saved again differs:\n%s", diff)
	}
}

func TestLoad(t *testing.T) {
	k := full(t)
	if err := k.Load(bytes.NewReader(nil)); err != nil {
		t.Fatal(err)
	}
	s, err := k.Snapshot(t.Context())
	if err != nil || len(s.Services) != 0 {
		t.Errorf("an empty file is loaded as %v, %v; want an empty table", s.Services, err)
	}
	if err := k.Load(bytes.NewReader([]byte("{"))); err == nil {
		t.Error("half a file is loaded without an error")
	}
}

// full returns a kernel with something in every part.
func full(t *testing.T) *Kernel {
	t.Helper()
	ctx := t.Context()
	k := New()
	web := kernel.Service{
		ServiceID: kernel.AddressID(kernel.TCP, netip.MustParseAddrPort("192.0.2.10:80")),
		Scheduler: "mh", SchedFlags: kernel.SchedFlag2, Persistence: time.Minute, Netmask: 0xffffff00, Engine: "sip",
	}
	dns := kernel.Service{ServiceID: kernel.MarkID(7, kernel.IPv6), Scheduler: "rr", OnePacket: true}
	one := kernel.Server{Addr: netip.MustParseAddrPort("198.51.100.1:80"), Weight: 1, Upper: 9, Lower: 3}
	two := kernel.Server{
		Addr: netip.MustParseAddrPort("198.51.100.2:80"), Forward: kernel.Tunneling, Weight: kernel.MaxWeight,
		Tunnel: kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.RemoteChecksum},
	}
	must(t, k.Apply(ctx, []kernel.Change{
		{Op: kernel.AddService, Service: web}, {Op: kernel.AddService, Service: dns},
		{Op: kernel.AddServer, Service: web, Server: one}, {Op: kernel.AddServer, Service: web, Server: two},
	}))
	must(t, k.SetTimeouts(ctx, kernel.Timeouts{UDP: time.Minute}))
	must(t, k.StartDaemon(ctx, kernel.Daemon{Role: kernel.Backup, Interface: "eth0", ID: 3}))
	must(t, k.SetSysctl(ctx, "conntrack", "1"))
	k.Traffic(web.ServiceID, one.Addr, Traffic{
		Add: kernel.Counters{Connections: 1 << 40, BytesOut: 5}, Rates: kernel.Rates{PacketsIn: 3},
		Active: 1, Inactive: 2, Persistent: 3,
	})
	k.SetConnections(kernel.Connection{
		Protocol: kernel.TCP, Client: netip.MustParseAddrPort("203.0.113.1:1024"), Virtual: web.AddrPort(), Server: one.Addr,
		State: "ESTABLISHED", Expires: time.Minute,
	})
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
