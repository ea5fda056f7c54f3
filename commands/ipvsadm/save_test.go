package ipvsadm

import (
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

func TestWriteSave(t *testing.T) {
	snap := snapshot(replayed(t, `
-A -f 9 -6 -o -s mh -b mh-port
-A -f 3000000000
-A -t [::1.2.3.4]:80 -p 60 -M 64
-a -t [::1.2.3.4]:80 -r 10.0.0.1 -i
-A -t 10.0.0.1:0 -p
-A -u 10.0.0.1:53 -o
-A -t 192.168.0.1:80 -M 255.255.0.0
-a -t 192.168.0.1:80 -r 10.0.0.1 -x 10 -y 5
-a -t 192.168.0.1:80 -r 192.168.0.9:81 -m -w 0
`))
	var b strings.Builder
	if err := WriteSave(&b, snap, SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	want := `-A -f 3000000000 -s wlc
-A -t 192.168.0.1:80 -s wlc
-a -t 192.168.0.1:80 -r 192.168.0.9:81 -m -w 0
-a -t 192.168.0.1:80 -r 10.0.0.1:80 -g -w 1
-A -t 10.0.0.1:0 -s wlc -p 360
-A -u 10.0.0.1:53 -s wlc -o
-A -t [::1.2.3.4]:80 -s wlc -p 60 -M 64
-a -t [::1.2.3.4]:80 -r 10.0.0.1:80 -i -w 1 --tun-type ipip
-A -f 9 -6 -s mh -o -b mh-port
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if err := WriteSave(full{}, snap, SaveOptions{}); err == nil {
		t.Error("writing to a full disk has no error")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// TestRoundTrip writes many tables and reads them again.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		want := randomTable(r, 12)
		var b strings.Builder
		if err := WriteSave(&b, want, SaveOptions{Thresholds: true}); err != nil {
			t.Fatal(err)
		}
		got := snapshot(replayed(t, b.String()))
		if d := cmp.Diff(byID(want), byID(got), values); d != "" {
			t.Fatalf("seed %d (-want +got)\n%s\n%s", seed, d, b.String())
		}
	}
}

// byID makes tables comparable in any order.
func byID(s *kernel.Snapshot) map[kernel.ServiceID]map[netip.AddrPort]kernel.Server {
	out := map[kernel.ServiceID]map[netip.AddrPort]kernel.Server{}
	for _, e := range s.Services {
		servers := map[netip.AddrPort]kernel.Server{}
		for _, v := range e.Servers {
			servers[v.Addr] = v.Server
		}
		out[e.ServiceID] = servers
	}
	return out
}

func BenchmarkReadSave(b *testing.B) {
	text := bigText()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadSave(strings.NewReader(text), nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteSave(b *testing.B) {
	lines, err := parseSave(strings.NewReader(bigText()), nil)
	if err != nil {
		b.Fatal(err)
	}
	services, err := replay(lines)
	if err != nil {
		b.Fatal(err)
	}
	snap := snapshot(services)
	b.ReportAllocs()
	for b.Loop() {
		if err := WriteSave(io.Discard, snap, SaveOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// bigText returns a table of 1,000 services with 10 servers each.
func bigText() string {
	snap := &kernel.Snapshot{}
	for i := range 1000 {
		vip := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 80)
		e := kernel.ServiceEntry{Service: kernel.Service{ServiceID: kernel.AddressID(kernel.TCP, vip), Scheduler: "wlc"}}
		for j := range 10 {
			rip := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2, byte(i), byte(j)}), 8080)
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: kernel.Server{Addr: rip, Weight: 100}})
		}
		snap.Services = append(snap.Services, e)
	}
	var b strings.Builder
	WriteSave(&b, snap, SaveOptions{})
	return b.String()
}

// randomTable returns a table with anything that the kernel can hold and ipvsadm can
// write.
func randomTable(r *rand.Rand, most int) *kernel.Snapshot {
	snap := &kernel.Snapshot{}
	seen := map[kernel.ServiceID]bool{}
	for range r.IntN(most + 1) {
		s := randomService(r)
		if seen[s.ServiceID] {
			continue
		}
		seen[s.ServiceID] = true
		e := kernel.ServiceEntry{Service: s, Servers: []kernel.ServerEntry{}}
		known := map[netip.AddrPort]bool{}
		for range r.IntN(9) {
			v := randomServer(r, s.ServiceID)
			if !known[v.Addr] {
				known[v.Addr] = true
				e.Servers = append(e.Servers, kernel.ServerEntry{Server: v})
			}
		}
		snap.Services = append(snap.Services, e)
	}
	return snap
}

func randomService(r *rand.Rand) kernel.Service {
	s := kernel.Service{Scheduler: pick(r, "rr", "wrr", "lc", "wlc", "sh", "mh", "dh", "sed", "nq")}
	switch family := pick(r, kernel.IPv4, kernel.IPv6); r.IntN(4) {
	case 0:
		s.ServiceID = kernel.MarkID(r.Uint32N(math.MaxInt32)+1, family)
	default:
		s.ServiceID = kernel.AddressID(pick(r, kernel.TCP, kernel.UDP, kernel.SCTP),
			netip.AddrPortFrom(randomAddr(r, family), uint16(1+r.IntN(65535))))
	}
	if r.IntN(3) == 0 {
		s.Persistence = time.Duration(1+r.IntN(2678400)) * time.Second
		switch {
		case r.IntN(2) == 0:
		case s.Family == kernel.IPv6:
			s.Netmask = kernel.Netmask(1 + r.IntN(127))
		default:
			s.Netmask = ^kernel.Netmask(0) << (1 + r.IntN(31))
		}
		if s.FWMark == 0 && r.IntN(4) == 0 {
			s.Port = 0
		}
		if s.Protocol == kernel.UDP && r.IntN(2) == 0 {
			s.Engine = "sip"
		}
	}
	s.OnePacket = (s.FWMark != 0 || s.Protocol == kernel.UDP) && r.IntN(3) == 0
	if r.IntN(3) == 0 {
		s.SchedFlags = kernel.SchedFlags(r.IntN(4)) // ipvsadm loses flag 3 of sh and mh
	}
	return s
}

func randomServer(r *rand.Rand, id kernel.ServiceID) kernel.Server {
	v := kernel.Server{
		Forward: pick(r, kernel.NAT, kernel.Tunneling, kernel.Direct),
		Weight:  pick(r, 0, 1, 100, kernel.MaxWeight),
	}
	family := id.Family
	if v.Forward == kernel.Tunneling {
		family = pick(r, kernel.IPv4, kernel.IPv6)
		v.Tunnel = pick(r, kernel.Tunnel{},
			kernel.Tunnel{Type: kernel.GUE, Port: uint16(1 + r.IntN(65535)), Flags: kernel.TunnelFlags(r.IntN(3))},
			kernel.Tunnel{Type: kernel.GRE, Flags: kernel.TunnelFlags(r.IntN(2))})
	}
	port := id.Port // ipvsadm always sets it unless the server uses NAT
	if v.Forward == kernel.NAT {
		port = uint16(1 + r.IntN(65535))
	}
	v.Addr = netip.AddrPortFrom(randomAddr(r, family), port)
	if r.IntN(4) == 0 {
		v.Upper = 1 + r.Uint32N(math.MaxInt32)
		v.Lower = r.Uint32N(v.Upper)
	}
	return v
}

// randomAddr returns unicast addresses that are far apart or close together.
func randomAddr(r *rand.Rand, f kernel.Family) netip.Addr {
	if f == kernel.IPv4 {
		return netip.AddrFrom4([4]byte{byte(1 + r.IntN(223)), byte(r.IntN(2)), 0, byte(1 + r.IntN(3))})
	}
	a := [16]byte{0x20, byte(r.IntN(256)), byte(r.IntN(256)), 15: byte(1 + r.IntN(3))}
	for i := 3; i < 15; i++ {
		if r.IntN(3) == 0 {
			a[i] = byte(r.IntN(256))
		}
	}
	return netip.AddrFrom16(a)
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }
