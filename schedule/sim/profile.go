package sim

import (
	"net/netip"
	"time"

	"lvs/kernel"
)

// profile is a service and the behaviour of its clients.
type profile struct {
	kernel.Service
	// at is the address that clients connect to, for the service of a mark.
	at      netip.AddrPort
	servers []kernel.Server
	// perMinute is the average number of new connections.
	perMinute int
	phase     int // of the daily wave, in thousandths of a day
	// lives are the durations of connections, each with its share in hundredths.
	lives []life
	// in and out are what a connection transfers, in bytes per second.
	in, out int
	clients []netip.Prefix // half of them in the first, half of the rest in the next
	// visit is how long a client opens connections. Zero is one connection.
	visit time.Duration
}

type life struct {
	share    int
	from, to time.Duration
}

// The machines that fail from time to time, the slow machine, and the factor by
// which its connections last longer.
var (
	frail    = addresses("10.0.0.13", "10.0.1.22", "10.0.0.12")
	slow     = netip.MustParseAddr("10.0.0.14")
	slowness = 2
)

// daemon is the sync daemon that runs.
var daemon = kernel.Daemon{Role: kernel.Master, Interface: "eth0", ID: 7}

// timeouts are those of a director with a lot of UDP traffic.
var timeouts = kernel.Timeouts{TCP: 15 * time.Minute, TCPFin: 2 * time.Minute, UDP: time.Minute}

// profiles returns the whole table.
func profiles() []profile {
	short := []life{
		{82, 400 * time.Millisecond, 4 * time.Second},
		{15, 4 * time.Second, 25 * time.Second},
		{3, 30 * time.Second, 100 * time.Second},
	}
	pages := []life{
		{70, time.Second, 8 * time.Second},
		{27, 8 * time.Second, 30 * time.Second},
		{3, 30 * time.Second, 90 * time.Second},
	}
	mails := []life{{80, 2 * time.Second, 12 * time.Second}, {20, 10 * time.Second, 50 * time.Second}}
	boxes := []life{{60, 20 * time.Second, 90 * time.Second}, {40, 2 * time.Minute, 7 * time.Minute}}
	public := prefixes("198.51.100.0/24", "203.0.113.0/24", "100.64.12.0/24", "198.18.7.0/24", "100.70.3.0/24")
	wide := prefixes("100.64.0.0/20", "100.80.16.0/20", "198.18.32.0/20")
	six := prefixes("2001:db8:a1::/64", "2001:db8:b2::/64", "2001:db8:c3::/64")
	return []profile{
		{
			Service: at(kernel.TCP, "192.0.2.10:80", "wlc"), perMinute: 1500,
			lives: short, in: 900, out: 24_000, clients: public,
			servers: servers(kernel.NAT,
				"10.0.0.11:8080", 100, "10.0.0.12:8080", 100, "10.0.0.13:8080", 60, "10.0.0.14:8080", 40),
		}, {
			Service: at(kernel.TCP, "192.0.2.10:443", "wlc"), perMinute: 4200, phase: 30,
			lives: short, in: 1400, out: 31_000, clients: public,
			servers: servers(kernel.NAT,
				"10.0.0.11:8443", 100, "10.0.0.12:8443", 100, "10.0.0.13:8443", 60, "10.0.0.14:8443", 40),
		}, {
			Service: at(kernel.TCP, "192.0.2.25:25", "wrr"), perMinute: 140, phase: 400,
			lives: mails, in: 6000, out: 300, clients: public,
			servers: servers(kernel.Tunneling, "10.0.3.41:25", 2, "10.0.3.42:25", 1),
		}, {
			Service: at(kernel.TCP, "192.0.2.25:993", "lc"), perMinute: 45, phase: 100,
			lives: boxes, in: 250, out: 1200, clients: public,
			servers: servers(kernel.Tunneling, "10.0.3.41:993", 1, "10.0.3.42:993", 1),
		}, {
			// Both servers are drained: connections are refused.
			Service: at(kernel.TCP, "192.0.2.30:5432", "lc"), perMinute: 60,
			lives: mails, in: 800, out: 9000, clients: public,
			servers: servers(kernel.NAT, "10.0.4.51:5432", 0, "10.0.4.52:5432", 0),
		}, {
			Service: at(kernel.TCP, "[2001:db8:80::10]:443", "wlc"), perMinute: 1100, phase: 60,
			lives: short, in: 1400, out: 28_000, clients: six,
			servers: servers(kernel.NAT, "[2001:db8:1::11]:8443", 100, "[2001:db8:1::12]:8443", 100),
		}, {
			Service: at(kernel.UDP, "192.0.2.53:53", "rr"), perMinute: 2400, phase: 200, clients: public,
			servers: servers(kernel.Direct, "10.0.2.31:53", 1, "10.0.2.32:53", 1, "10.0.2.33:53", 1),
		}, {
			Service: shop(), at: netip.MustParseAddrPort("192.0.2.20:443"),
			perMinute: 900, phase: 950, lives: pages, in: 1900, out: 15_000, clients: wide, visit: 70 * time.Second,
			servers: servers(kernel.Direct, "10.0.1.21:0", 50, "10.0.1.22:0", 50, "10.0.1.23:0", 25),
		},
	}
}

func at(p kernel.Protocol, addr, scheduler string) kernel.Service {
	return kernel.Service{ServiceID: kernel.AddressID(p, netip.MustParseAddrPort(addr)), Scheduler: scheduler}
}

// shop returns one service for all ports with mark 1. A client stays with its server
// for a minute and a half.
func shop() kernel.Service {
	return kernel.Service{ServiceID: kernel.MarkID(1, kernel.IPv4), Scheduler: "wlc", Persistence: 90 * time.Second}
}

// servers returns servers from a list of addresses, each followed by its weight.
func servers(f kernel.Forward, list ...any) []kernel.Server {
	var out []kernel.Server
	for i := 0; i < len(list); i += 2 {
		addr := netip.MustParseAddrPort(list[i].(string))
		out = append(out, kernel.Server{Addr: addr, Forward: f, Weight: list[i+1].(int)})
	}
	return out
}

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func addresses(list ...string) (out []netip.Addr) {
	for _, s := range list {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}
