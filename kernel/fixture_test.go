package kernel

import (
	"net/netip"
	"time"
)

// everyAttribute builds a table in which each attribute that IPVS netlink
// speaks has a value other than its default somewhere. The recorded requests
// and the second opinions in the lab are both about it.
func everyAttribute() []Change {
	ap := netip.MustParseAddrPort
	var out []Change
	add := func(s Service, servers ...Server) {
		out = append(out, Change{Op: AddService, Service: s})
		for _, server := range servers {
			out = append(out, Change{Op: AddServer, Service: s, Server: server})
		}
	}
	add(Service{ServiceID: AddressID(TCP, ap("192.0.2.10:80")), Scheduler: "wrr", Persistence: 10 * time.Minute, Netmask: 0xffffff00},
		Server{Addr: ap("198.51.100.1:8080"), Forward: NAT, Weight: 0},
		Server{Addr: ap("198.51.100.2:80"), Forward: NAT, Weight: 65536, Upper: 2000, Lower: 1500},
		Server{Addr: ap("198.51.100.3:80"), Forward: Direct, Weight: MaxWeight})
	add(Service{ServiceID: AddressID(TCP, ap("192.0.2.10:0")), Scheduler: "sh", SchedFlags: SchedFlag1 | SchedFlag2, Persistence: time.Hour})
	add(Service{ServiceID: AddressID(UDP, ap("192.0.2.11:5060")), Scheduler: "rr", Persistence: time.Minute, Engine: "sip"},
		Server{Addr: ap("198.51.100.1:5060"), Forward: NAT, Weight: 1})
	add(Service{ServiceID: AddressID(UDP, ap("192.0.2.12:53")), Scheduler: "rr", OnePacket: true},
		Server{Addr: ap("198.51.100.1:53"), Forward: Direct, Weight: 1})
	add(Service{ServiceID: AddressID(SCTP, ap("192.0.2.13:2905")), Scheduler: "lc", SchedFlags: SchedFlag3})
	add(Service{ServiceID: AddressID(TCP, ap("192.0.2.14:3128")), Scheduler: "lblcr"},
		Server{Addr: ap("198.51.100.1:3128"), Forward: Tunneling, Weight: 1},
		Server{Addr: ap("198.51.100.2:3128"), Forward: Tunneling, Weight: 1, Tunnel: Tunnel{Type: GUE, Port: 6080}},
		Server{Addr: ap("198.51.100.3:3128"), Forward: Tunneling, Weight: 1, Tunnel: Tunnel{Type: GUE, Port: 6081, Flags: Checksum}},
		Server{Addr: ap("198.51.100.4:3128"), Forward: Tunneling, Weight: 1, Tunnel: Tunnel{Type: GUE, Port: 6082, Flags: RemoteChecksum}},
		Server{Addr: ap("198.51.100.5:3128"), Forward: Tunneling, Weight: 1, Tunnel: Tunnel{Type: GRE}},
		Server{Addr: ap("198.51.100.6:3128"), Forward: Tunneling, Weight: 1, Tunnel: Tunnel{Type: GRE, Flags: Checksum}},
		Server{Addr: ap("[2001:db8:1::7]:3128"), Forward: Tunneling, Weight: 1})
	add(Service{ServiceID: AddressID(TCP, ap("[2001:db8::10]:80")), Scheduler: "mh", SchedFlags: SchedFlag1 | SchedFlag2, Persistence: 5 * time.Minute, Netmask: 64},
		Server{Addr: ap("[2001:db8:1::1]:80"), Forward: Direct, Weight: 3},
		Server{Addr: ap("[2001:db8:1::2]:8080"), Forward: NAT, Weight: 1},
		Server{Addr: ap("198.51.100.7:80"), Forward: Tunneling, Weight: 1})
	add(Service{ServiceID: AddressID(TCP, ap("192.0.2.15:80")), Scheduler: "rr", Persistence: time.Minute, Netmask: AllClients})
	add(Service{ServiceID: MarkID(7, IPv4), Scheduler: "wlc", OnePacket: true},
		Server{Addr: ap("198.51.100.1:0"), Forward: Direct, Weight: 1})
	add(Service{ServiceID: MarkID(1<<31-1, IPv6), Scheduler: "nq", Persistence: 31 * 24 * time.Hour},
		Server{Addr: ap("[2001:db8:1::1]:0"), Forward: Tunneling, Weight: 1, Tunnel: Tunnel{Type: GRE}})
	return out
}

// markAbove is a mark that ipvsadm prints as a negative number.
func markAbove() Change {
	return Change{Op: AddService, Service: Service{ServiceID: MarkID(3000000000, IPv4), Scheduler: "wlc"}}
}

// tableOf is the table that the changes should give, in canonical order, with
// each service's servers in the order in which they were added.
func tableOf(changes []Change) map[ServiceID][]Server {
	out := map[ServiceID][]Server{}
	for _, c := range changes {
		if c.Op == AddService {
			out[c.Service.ServiceID] = []Server{}
		} else {
			out[c.Service.ServiceID] = append(out[c.Service.ServiceID], c.Server)
		}
	}
	return out
}
