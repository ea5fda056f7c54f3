package plan

import (
	"lvs/kernel"
)

// Service is a wanted service with its servers. Within a wanted state a service
// stands once, and within a service a server.
type Service struct {
	kernel.Service
	// Servers are added in this order. The kernel lists the last added first.
	Servers []kernel.Server
}

// Of gives the state that a table is in: wanting it changes nothing. A new
// kernel that is brought to it lists each service's servers in the same order.
func Of(s *kernel.Snapshot) []Service {
	out := make([]Service, len(s.Services))
	for i := range s.Services {
		e := &s.Services[i]
		servers := make([]kernel.Server, len(e.Servers))
		for j := range e.Servers {
			servers[len(servers)-1-j] = e.Servers[j].Server
		}
		out[i] = Service{e.Service, servers}
	}
	return out
}

// sameService tells whether the kernel would treat both alike.
func sameService(a, b kernel.Service) bool { return PlainService(a) == PlainService(b) }

// PlainService leaves out what has no effect: netmask and engine without
// persistence (ip_vs_sched_persist), one-packet scheduling of what is not UDP
// (ip_vs_schedule).
func PlainService(s kernel.Service) kernel.Service {
	if s.Persistence == 0 {
		s.Netmask, s.Engine = 0, ""
	}
	if s.Netmask.Whole(s.Family) {
		s.Netmask = 0
	}
	if s.Protocol == kernel.TCP || s.Protocol == kernel.SCTP {
		s.OnePacket = false
	}
	return s
}

// sameServer tells whether the kernel would treat both alike.
func sameServer(a, b kernel.Server) bool {
	if a.Forward == kernel.Local || b.Forward == kernel.Local {
		// Old kernels show a server that is the director itself as local,
		// whichever way was asked for.
		a.Forward, a.Tunnel = b.Forward, b.Tunnel
	}
	return PlainServer(a) == PlainServer(b)
}

func PlainServer(s kernel.Server) kernel.Server {
	switch {
	case s.Forward != kernel.Tunneling:
		s.Tunnel = kernel.Tunnel{}
	case s.Tunnel.Type == kernel.IPIP:
		s.Tunnel = kernel.Tunnel{Type: kernel.IPIP}
	case s.Tunnel.Type == kernel.GRE:
		s.Tunnel.Port = 0
	}
	return s
}
