package contract

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"lvs/kernel"
)

// RandomTable makes a table out of a small world, so that two of them have much
// in common. Its services work; what the kernel refuses is not in it.
func RandomTable(r *rand.Rand) *kernel.Snapshot {
	out := &kernel.Snapshot{}
	for _, i := range r.Perm(8)[:r.IntN(9)] {
		e := kernel.ServiceEntry{Service: tableService(r, i), Servers: []kernel.ServerEntry{}}
		for _, j := range r.Perm(6)[:r.IntN(7)] {
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: tableServer(r, e.ServiceID, j)})
		}
		out.Services = append(out.Services, e)
	}
	return out
}

func tableService(r *rand.Rand, i int) kernel.Service {
	ids := []kernel.ServiceID{
		ID("tcp://10.0.0.1:80"), ID("tcp://10.0.0.1:443"), ID("udp://10.0.0.1:80"), ID("sctp://10.0.0.2:80"),
		ID("tcp://[2001:db8::1]:80"), ID("udp://[2001:db8::1]:80"), ID("fwmark:7"), ID("fwmark:7/ipv6"),
	}
	s := kernel.Service{ServiceID: ids[i], Scheduler: choose(r, "rr", "wlc", "mh")}
	if r.IntN(2) == 0 {
		s.Persistence = choose(r, time.Minute, time.Hour)
		s.Engine = choose(r, "", "sip")
	}
	s.Netmask = choose[kernel.Netmask](r, 0, 0, 24, 64, 128) // 24 is an IPv4 mask too, if an odd one
	s.SchedFlags = kernel.SchedFlags(r.IntN(8))
	s.OnePacket = s.Protocol == kernel.UDP && r.IntN(2) == 0
	return s
}

func tableServer(r *rand.Rand, of kernel.ServiceID, i int) kernel.Server {
	v := kernel.Server{Forward: choose(r, kernel.NAT, kernel.Tunneling, kernel.Direct), Weight: choose(r, 0, 1, 100)}
	a := netip.AddrFrom4([4]byte{10, 0, 1, byte(1 + i/2)})
	if of.Family == kernel.IPv6 {
		a = netip.AddrFrom16([16]byte{0x20, 1, 15: byte(1 + i/2)})
	}
	v.Addr = netip.AddrPortFrom(a, uint16(80+i%2))
	v.Tunnel = choose(r, kernel.Tunnel{}, kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.Checksum},
		kernel.Tunnel{Type: kernel.GRE, Flags: kernel.Checksum})
	v.Upper = choose(r, uint32(0), 10)
	v.Lower = v.Upper / 2
	return v
}

// WideTable has as many TCP services as asked for, each with as many servers.
func WideTable(services, servers int) *kernel.Snapshot {
	out := &kernel.Snapshot{Services: make([]kernel.ServiceEntry, services)}
	for i := range out.Services {
		e := &out.Services[i]
		addr := netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})
		e.Service = kernel.Service{ServiceID: kernel.AddressID(kernel.TCP, netip.AddrPortFrom(addr, 80)), Scheduler: "wlc"}
		for j := range servers {
			server := netip.AddrFrom4([4]byte{10, byte(j), byte(i >> 8), byte(i)})
			v := kernel.Server{Addr: netip.AddrPortFrom(server, 80), Forward: kernel.Direct, Weight: 1}
			e.Servers = append(e.Servers, kernel.ServerEntry{Server: v})
		}
	}
	return out
}

func choose[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// ID parses the text form of a service. It panics if that is wrong: it is for constants
// of tests.
func ID(s string) kernel.ServiceID {
	id, err := kernel.ParseServiceID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// Open opens the real kernel until the test ends.
func Open(t *testing.T) kernel.Kernel {
	t.Helper()
	k, err := kernel.Open(kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// Read returns the table of a kernel.
func Read(t testing.TB, k kernel.Kernel) *kernel.Snapshot {
	t.Helper()
	s, err := k.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
