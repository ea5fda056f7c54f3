package kernel

import (
	"net/netip"
	"time"
)

// everyAttribute returns the changes that make a table in which each attribute of
// IPVS netlink has a value other than its default somewhere. The recorded requests
// and the comparisons in the lab use it.
func everyAttribute() []Change {
	ap := netip.MustParseAddrPort
	var out []Change
	add := func(s Service, servers ...Server) {
		out = append(out, Change{Op: AddService, Service: s})
		for _, server := range servers {
			out = append(out, Change{Op: AddServer, Service: s, Server: server})
		}
	}
	web := Service{ServiceID: AddressID(TCP, ap("192.0.2.10:80")), Scheduler: "wrr", Persistence: 10 * time.Minute}
	web.Netmask = 0xffffff00
	add(web,
		Server{Addr: ap("198.51.100.1:8080"), Forward: NAT, Weight: 0},
		Server{Addr: ap("198.51.100.2:80"), Forward: NAT, Weight: 65536, Upper: 2000, Lower: 1500},
		Server{Addr: ap("198.51.100.3:80"), Forward: Direct, Weight: MaxWeight})
	all := Service{ServiceID: AddressID(TCP, ap("192.0.2.10:0")), Scheduler: "sh", Persistence: time.Hour}
	all.SchedFlags = SchedFlag1 | SchedFlag2
	add(all)
	sip := AddressID(UDP, ap("192.0.2.11:5060"))
	add(Service{ServiceID: sip, Scheduler: "rr", Persistence: time.Minute, Engine: "sip"},
		Server{Addr: ap("198.51.100.1:5060"), Forward: NAT, Weight: 1})
	add(Service{ServiceID: AddressID(UDP, ap("192.0.2.12:53")), Scheduler: "rr", OnePacket: true},
		Server{Addr: ap("198.51.100.1:53"), Forward: Direct, Weight: 1})
	add(Service{ServiceID: AddressID(SCTP, ap("192.0.2.13:2905")), Scheduler: "lc", SchedFlags: SchedFlag3})
	tunnel := func(addr string, t Tunnel) Server {
		return Server{Addr: ap(addr), Forward: Tunneling, Weight: 1, Tunnel: t}
	}
	add(Service{ServiceID: AddressID(TCP, ap("192.0.2.14:3128")), Scheduler: "lblcr"},
		tunnel("198.51.100.1:3128", Tunnel{}),
		tunnel("198.51.100.2:3128", Tunnel{Type: GUE, Port: 6080}),
		tunnel("198.51.100.3:3128", Tunnel{Type: GUE, Port: 6081, Flags: Checksum}),
		tunnel("198.51.100.4:3128", Tunnel{Type: GUE, Port: 6082, Flags: RemoteChecksum}),
		tunnel("198.51.100.5:3128", Tunnel{Type: GRE}),
		tunnel("198.51.100.6:3128", Tunnel{Type: GRE, Flags: Checksum}),
		tunnel("[2001:db8:1::7]:3128", Tunnel{}))
	web6 := Service{ServiceID: AddressID(TCP, ap("[2001:db8::10]:80")), Scheduler: "mh", Persistence: 5 * time.Minute}
	web6.SchedFlags, web6.Netmask = SchedFlag1|SchedFlag2, 64
	add(web6,
		Server{Addr: ap("[2001:db8:1::1]:80"), Forward: Direct, Weight: 3},
		Server{Addr: ap("[2001:db8:1::2]:8080"), Forward: NAT, Weight: 1},
		Server{Addr: ap("198.51.100.7:80"), Forward: Tunneling, Weight: 1})
	masked := AddressID(TCP, ap("192.0.2.15:80"))
	add(Service{ServiceID: masked, Scheduler: "rr", Persistence: time.Minute, Netmask: AllClients})
	add(Service{ServiceID: MarkID(7, IPv4), Scheduler: "wlc", OnePacket: true},
		Server{Addr: ap("198.51.100.1:0"), Forward: Direct, Weight: 1})
	add(Service{ServiceID: MarkID(1<<31-1, IPv6), Scheduler: "nq", Persistence: 31 * 24 * time.Hour},
		Server{Addr: ap("[2001:db8:1::1]:0"), Forward: Tunneling, Weight: 1, Tunnel: Tunnel{Type: GRE}})
	return out
}

// markAbove adds a mark that some versions of ipvsadm print as a negative number.
func markAbove() Change {
	return Change{Op: AddService, Service: Service{ServiceID: MarkID(3000000000, IPv4), Scheduler: "wlc"}}
}

// tableOf returns the table after the changes, with the servers of each service in
// the order in which they were added.
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
