package cluster

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"lvs/kernel"
)

// randomState makes a wanted state out of a small world, so that two of them
// have much in common.
func randomState(r *rand.Rand) []Service {
	var out []Service
	for _, i := range r.Perm(8)[:r.IntN(9)] {
		s := Service{Service: randomService(r, i), Servers: []kernel.Server{}}
		for _, j := range r.Perm(6)[:r.IntN(7)] {
			s.Servers = append(s.Servers, randomServer(r, s.ServiceID, j))
		}
		out = append(out, s)
	}
	return out
}

func randomService(r *rand.Rand, i int) kernel.Service {
	ids := []kernel.ServiceID{
		id("tcp://10.0.0.1:80"), id("tcp://10.0.0.1:443"), id("udp://10.0.0.1:80"), id("sctp://10.0.0.2:80"),
		id("tcp://[2001:db8::1]:80"), id("udp://[2001:db8::1]:80"), id("fwmark:7"), id("fwmark:7/ipv6"),
	}
	s := kernel.Service{ServiceID: ids[i], Scheduler: pick(r, "rr", "wlc", "mh")}
	if r.IntN(2) == 0 {
		s.Persistence = pick(r, time.Minute, time.Hour)
		s.Engine = pick(r, "", "sip")
	}
	s.Netmask = pick[kernel.Netmask](r, 0, 0, 24, 64, 128) // 24 is an IPv4 mask too, if an odd one
	s.SchedFlags = kernel.SchedFlags(r.IntN(8))
	s.OnePacket = s.Protocol == kernel.UDP && r.IntN(2) == 0
	return s
}

func randomServer(r *rand.Rand, of kernel.ServiceID, i int) kernel.Server {
	v := kernel.Server{Forward: pick(r, kernel.NAT, kernel.Tunneling, kernel.Direct), Weight: pick(r, 0, 1, 100)}
	a := netip.AddrFrom4([4]byte{10, 0, 1, byte(1 + i/2)})
	if of.Family == kernel.IPv6 {
		a = netip.AddrFrom16([16]byte{0x20, 1, 15: byte(1 + i/2)})
	}
	v.Addr = netip.AddrPortFrom(a, uint16(80+i%2))
	v.Tunnel = pick(r, kernel.Tunnel{}, kernel.Tunnel{Type: kernel.GUE, Port: 6080, Flags: kernel.Checksum},
		kernel.Tunnel{Type: kernel.GRE, Flags: kernel.Checksum})
	v.Upper = pick(r, uint32(0), 10)
	v.Lower = v.Upper / 2
	return v
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func id(s string) kernel.ServiceID {
	i, err := kernel.ParseServiceID(s)
	if err != nil {
		panic(err)
	}
	return i
}
