package cluster

import (
	"net/netip"

	"lvs/kernel"
)

// wide is a large wanted state.
func wide(services, servers int) []Service {
	out := make([]Service, services)
	for i := range out {
		addr := netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)})
		out[i].Service = kernel.Service{ServiceID: kernel.AddressID(kernel.TCP, netip.AddrPortFrom(addr, 80)), Scheduler: "wlc"}
		for j := range servers {
			server := netip.AddrFrom4([4]byte{10, byte(j), byte(i >> 8), byte(i)})
			out[i].Servers = append(out[i].Servers, kernel.Server{Addr: netip.AddrPortFrom(server, 80), Forward: kernel.Direct, Weight: 1})
		}
	}
	return out
}
