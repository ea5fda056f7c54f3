package kernel

import (
	"net/netip"
	"testing"
)

func TestOrphaned(t *testing.T) {
	table := &Snapshot{}
	add := func(service string, servers ...string) {
		id, err := ParseServiceID(service)
		if err != nil {
			t.Fatal(err)
		}
		e := ServiceEntry{Service: Service{ServiceID: id}}
		for _, s := range servers {
			e.Servers = append(e.Servers, ServerEntry{Server: Server{Addr: netip.MustParseAddrPort(s)}})
		}
		table.Services = append(table.Services, e)
	}
	add("tcp://192.0.2.1:80", "10.0.0.1:8080", "10.0.0.2:8080")
	add("udp://192.0.2.1:53", "10.0.0.1:53")
	add("tcp://192.0.2.1:21", "10.0.0.4:21")
	add("tcp://192.0.2.2:0", "10.0.0.5:0")
	add("tcp://[2001:db8::1]:80", "[2001:db8::11]:80")
	add("fwmark:7", "10.0.0.7:0", "10.0.0.8:80")
	add("fwmark:7/ipv6", "[2001:db8::17]:0")
	owners := NewOwners(table)
	for _, c := range []struct {
		name                    string
		protocol                Protocol
		client, virtual, server string
		want                    Orphan
	}{
		{"of the table", TCP, "198.51.100.1:1000", "192.0.2.1:80", "10.0.0.1:8080", NotOrphaned},
		{"another port", TCP, "198.51.100.1:1000", "192.0.2.1:80", "10.0.0.1:80", Orphaned},
		{"another server", TCP, "198.51.100.1:1000", "192.0.2.1:80", "10.0.0.3:8080", Orphaned},
		{"another protocol", UDP, "198.51.100.1:1000", "192.0.2.1:80", "10.0.0.1:8080", Orphaned},
		{"another service", TCP, "198.51.100.1:1000", "192.0.2.9:80", "10.0.0.1:8080", Orphaned},
		{"UDP", UDP, "198.51.100.1:1000", "192.0.2.1:53", "10.0.0.1:53", NotOrphaned},
		{"IPv6", TCP, "[2001:db8::9]:1000", "[2001:db8::1]:80", "[2001:db8::11]:80", NotOrphaned},
		{"IPv6, gone", TCP, "[2001:db8::9]:1000", "[2001:db8::1]:80", "[2001:db8::12]:80", Orphaned},

		{"every port", TCP, "198.51.100.1:1000", "192.0.2.2:993", "10.0.0.5:993", NotOrphaned},
		{"every port, gone", TCP, "198.51.100.1:1000", "192.0.2.2:993", "10.0.0.6:993", Orphaned},
		{"data of passive FTP", TCP, "198.51.100.1:1000", "192.0.2.1:40001", "10.0.0.4:40001", NotOrphaned},
		{"data of active FTP", TCP, "198.51.100.1:1000", "192.0.2.1:20", "10.0.0.4:20", NotOrphaned},
		{"FTP, gone", TCP, "198.51.100.1:1000", "192.0.2.1:21", "10.0.0.3:21", Orphaned},
		{"bypass", TCP, "198.51.100.1:1000", "203.0.113.1:80", "203.0.113.1:0", NotOrphaned},

		{"template", TCP, "198.51.100.0:0", "192.0.2.1:80", "10.0.0.1:8080", NotOrphaned},
		{"template, gone", TCP, "198.51.100.0:0", "192.0.2.1:80", "10.0.0.3:8080", Orphaned},
		{"template of every port", TCP, "198.51.100.0:0", "192.0.2.2:0", "10.0.0.5:0", NotOrphaned},
		{"template of every port, gone", TCP, "198.51.100.0:0", "192.0.2.2:0", "10.0.0.6:0", Orphaned},
		{"template of FTP", TCP, "198.51.100.0:0", "192.0.2.1:0", "10.0.0.4:0", NotOrphaned},
		{"quiesced template", TCP, "198.51.100.0:0", "192.0.2.1:80", "10.0.0.2:65535", NotOrphaned},
		{"quiesced template, gone", TCP, "198.51.100.0:0", "192.0.2.1:80", "10.0.0.3:65535", Orphaned},
		{"quiesced template before Linux 7", TCP, "198.51.100.0:0", "192.0.2.1:65535", "10.0.0.2:65535", NotOrphaned},
		{"the same, gone", TCP, "198.51.100.0:0", "192.0.2.1:65535", "10.0.0.3:65535", Orphaned},
		{"the port 65535 of a client", TCP, "198.51.100.1:65535", "192.0.2.1:80", "10.0.0.2:65535", Orphaned},

		{"template of a mark", 0, "198.51.100.0:0", "0.0.0.7:0", "10.0.0.7:0", NotOrphaned},
		{"template of a mark, with a port", 0, "198.51.100.0:0", "0.0.0.7:0", "10.0.0.8:0", NotOrphaned},
		{"template of a mark, gone", 0, "198.51.100.0:0", "0.0.0.7:0", "10.0.0.9:0", Orphaned},
		{"quiesced template of a mark", 0, "198.51.100.0:0", "0.0.0.7:0", "10.0.0.8:65535", NotOrphaned},
		{"template of another mark", 0, "198.51.100.0:0", "0.0.0.8:0", "10.0.0.7:0", Orphaned},
		{"template of a mark, IPv6", 0, "[2001:db8::9]:0", "[0:7::]:0", "[2001:db8::17]:0", NotOrphaned},
		{"of a mark", TCP, "198.51.100.1:1000", "203.0.113.7:80", "10.0.0.8:80", NotOrphaned},
		{"of a mark, every port", UDP, "198.51.100.1:1000", "203.0.113.7:53", "10.0.0.7:53", NotOrphaned},
		{"of a mark, gone", TCP, "198.51.100.1:1000", "203.0.113.7:80", "10.0.0.9:80", Orphaned},
		{"of a mark, another family", TCP, "[2001:db8::9]:1", "[2001:db8::7]:80", "[2001:db8::8]:80", Orphaned},
		{"perhaps of a mark", TCP, "198.51.100.1:1000", "192.0.2.1:80", "10.0.0.8:80", OrphanUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // what was found is kept
				got := owners.Orphaned(&Connection{Protocol: c.protocol, Client: netip.MustParseAddrPort(c.client),
					Virtual: netip.MustParseAddrPort(c.virtual), Server: netip.MustParseAddrPort(c.server)})
				if got != c.want {
					t.Errorf("%d, want %d", got, c.want)
				}
			}
		})
	}
}

func TestConnectionOf(t *testing.T) {
	at := netip.MustParseAddrPort
	key := func(service, server string) ServerKey {
		id, err := ParseServiceID(service)
		if err != nil {
			t.Fatal(err)
		}
		return ServerKey{Service: id, Server: at(server)}
	}
	web := Connection{Protocol: TCP, Client: at("198.51.100.1:1000"), Virtual: at("192.0.2.1:80"),
		Server: at("10.0.0.1:8080")}
	template := web
	template.Client, template.Server = at("198.51.100.0:0"), at("10.0.0.1:65535")
	mark := Connection{Client: at("198.51.100.0:0"), Virtual: at("0.0.0.7:0"), Server: at("10.0.0.1:0")}
	for _, c := range []struct {
		name string
		conn Connection
		key  ServerKey
		want bool
	}{
		{"its server", web, key("tcp://192.0.2.1:80", "10.0.0.1:8080"), true},
		{"every port", web, key("tcp://192.0.2.1:0", "10.0.0.1:0"), true},
		{"a mark", web, key("fwmark:7", "10.0.0.1:0"), true},
		{"a mark with a port", web, key("fwmark:7", "10.0.0.1:80"), false},
		{"another server", web, key("tcp://192.0.2.1:80", "10.0.0.2:8080"), false},
		{"another port", web, key("tcp://192.0.2.1:80", "10.0.0.1:80"), false},
		{"another service", web, key("tcp://192.0.2.1:81", "10.0.0.1:8080"), false},
		{"another protocol", web, key("udp://192.0.2.1:80", "10.0.0.1:8080"), false},
		{"a template", template, key("tcp://192.0.2.1:80", "10.0.0.1:8080"), true},
		{"a template of a mark", mark, key("fwmark:7", "10.0.0.1:80"), true},
		{"a template of another mark", mark, key("fwmark:8", "10.0.0.1:80"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.conn.Of(c.key); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
