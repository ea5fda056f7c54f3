package plan

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/kernel"
)

// said returns breaches one a line: key, what is wrong, and what to do.
func said(all []Breach) string {
	var b strings.Builder
	words := map[string]string{"persistent": "--persistent", "persistence time": "--persistent"}
	for i := range all {
		b.WriteString(all[i].Key + ": " + all[i].Why(words))
		if fix := all[i].Fix(words); fix != "" {
			b.WriteString("; " + fix)
		}
		if all[i].Held {
			b.WriteString(" (held)")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestCheckService(t *testing.T) {
	for _, c := range []struct {
		name   string
		id     string
		change func(*kernel.Service)
		want   string
	}{
		{"plain", "tcp://192.0.2.10:80", func(*kernel.Service) {}, ""},
		{"every port", "tcp://192.0.2.10:0", func(*kernel.Service) {},
			"address: port 0 (every port) needs persistence; add --persistent, or a port number (held)\n"},
		{"every port, persistent", "tcp://192.0.2.10:0", func(s *kernel.Service) { s.Persistence = time.Minute }, ""},
		{"a mark", "fwmark:7", func(s *kernel.Service) { s.OnePacket = true }, ""},
		{"an engine", "udp://192.0.2.10:5060", func(s *kernel.Service) { s.Engine = "sip" },
			"persistent: a persistence engine (engine sip) needs persistence; add --persistent (held)\n"},
		{"31 days", "fwmark:7", func(s *kernel.Service) { s.Persistence = 31 * 24 * time.Hour }, ""},
		{"32 days", "fwmark:7", func(s *kernel.Service) { s.Persistence = 32 * 24 * time.Hour },
			"persistent: --persistent 32d overflows the kernel's clock; use at most 31d (held)\n"},
		{"a netmask", "fwmark:7", func(s *kernel.Service) { s.Netmask = 0xffffff00 },
			"netmask: a netmask groups clients for persistence, and persistence is off; " +
				"add --persistent, or leave out netmask\n"},
		{"one packet of TCP", "tcp://192.0.2.10:80", func(s *kernel.Service) { s.OnePacket = true },
			"onePacket: one-packet scheduling (onePacket) works for UDP and firewall marks only, not for tcp; " +
				"leave out onePacket\n"},
		{"no scheduler", "fwmark:7", func(s *kernel.Service) { s.Scheduler = "" },
			"scheduler: the scheduler's name is empty; use one of schedulers\n"},
		{"a long name", "fwmark:7", func(s *kernel.Service) { s.Scheduler = "weighted-round-robin" },
			`scheduler: invalid scheduler "weighted-round-robin": want at most 15 characters` + "\n"},
		{"a space", "fwmark:7", func(s *kernel.Service) { s.Scheduler = "w rr" },
			`scheduler: invalid scheduler "w rr": want ASCII characters without spaces` + "\n"},
		{"two at once", "tcp://192.0.2.10:0", func(s *kernel.Service) { s.Scheduler = "é" },
			"address: port 0 (every port) needs persistence; add --persistent, or a port number (held)\n" +
				`scheduler: invalid scheduler "é": want ASCII characters without spaces` + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := kernel.Service{ServiceID: id(c.id), Scheduler: "wlc"}
			c.change(&s)
			if d := cmp.Diff(c.want, said(CheckService(&s))); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestCheckNewServer(t *testing.T) {
	const web = "tcp://192.0.2.10:80"
	for _, c := range []struct {
		name, id, addr string
		change         func(*kernel.Server)
		want           string
	}{
		{"plain", web, "10.0.0.1:80", func(*kernel.Server) {}, ""},
		{"multicast", web, "224.0.0.1:80", func(*kernel.Server) {},
			"address: this is not a unicast address; use the address of one host\n"},
		{"another port", web, "10.0.0.1:8080", func(*kernel.Server) {},
			"address: direct forwarding cannot change the port: packets keep the service's port 80; " +
				"leave out the port, or use nat (held)\n"},
		{"another port by NAT", web, "10.0.0.1:8080", func(s *kernel.Server) { s.Forward = kernel.NAT }, ""},
		{"another port of a mark", "fwmark:7", "10.0.0.1:8080", func(*kernel.Server) {}, ""},
		{"another family", web, "[2001:db8::1]:80", func(*kernel.Server) {},
			"address: an IPv4 service reaches an IPv6 server only through a tunnel; " +
				"use tunnel, or a server with an IPv4 address\n"},
		{"another family by a tunnel", web, "[2001:db8::1]:80",
			func(s *kernel.Server) { s.Forward = kernel.Tunneling }, ""},
		{"a lower threshold alone", web, "10.0.0.1:80", func(s *kernel.Server) { s.Lower = 5 },
			"lower: a lower threshold (5) needs an upper threshold; add upper N with N at least 5\n"},
		{"thresholds", web, "10.0.0.1:80", func(s *kernel.Server) { s.Lower, s.Upper = 6, 5 },
			"lower: the lower threshold 6 is higher than the upper threshold 5; set lower to at most 5\n"},
		{"tunnel settings", web, "10.0.0.1:80", func(s *kernel.Server) { s.Tunnel.Port = 6080 },
			"tunnel: tunnel settings have no effect with direct forwarding; " +
				"add tunnel, or leave out tunnel settings\n"},
		{"gue without a port", web, "10.0.0.1:80", func(s *kernel.Server) {
			s.Forward, s.Tunnel.Type = kernel.Tunneling, kernel.GUE
		}, "tunnel: a gue tunnel needs a UDP port; add tunnel port, such as 6080\n"},
		{"gre with a port", web, "10.0.0.1:80", func(s *kernel.Server) {
			s.Forward, s.Tunnel = kernel.Tunneling, kernel.Tunnel{Type: kernel.GRE, Port: 1, Flags: kernel.RemoteChecksum}
		}, "tunnel: only gue tunnels have a port, gre tunnels do not; leave out tunnel port, or use tunnel type gue\n" +
			"tunnel: remote checksum works for gue tunnels only, not for gre; use tunnel checksum (held)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := kernel.Server{Addr: netip.MustParseAddrPort(c.addr), Forward: kernel.Direct, Weight: 1}
			c.change(&s)
			if d := cmp.Diff(c.want, said(CheckNewServer(id(c.id), &s))); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}
