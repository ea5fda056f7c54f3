package cluster

import (
	"slices"
	"strings"
	"time"

	"lvs/kernel"
)

func (t *tables) serviceRecord() record[FileService] {
	return record[FileService]{id: "Service", title: "Services", words: "an object with an address and servers",
		doc:   "A virtual service: an address, or a firewall mark, whose connections go to servers. With several addresses it stands for as many services that are alike.",
		after: func(d *decoder, v *tree, s *FileService) { d.netmask(v, s) },
		keys: slices.Concat([]key[FileService]{
			at("name", text("a text"), func(s *FileService) *string { return &s.Name }, about{
				doc: "The service's name, for people. The service is known by its address: another name changes nothing in the kernel.", example: "web"}),
			at("address", oneOrMore("an address such as tcp://192.0.2.10:80, or a list of such", parsed("an address such as tcp://192.0.2.10:80", kernel.ParseServiceID)),
				func(s *FileService) *[]kernel.ServiceID { return &s.Addresses }, about{
					doc: "Where clients come: tcp://ADDRESS:PORT, udp://…, sctp://…, or fwmark:MARK and fwmark:MARK/ipv6 for packets that the firewall marked. " +
						"A bare ADDRESS:PORT is TCP. Port 0 is every port, and needs persistence. An address stands once in all files that are read together.",
					example: `[tcp://192.0.2.10:80, "tcp://[2001:db8::10]:80"]`, needed: true}),
			at("scheduler", schedulerForm(), func(s *FileService) *string { return &s.Scheduler }, about{
				doc: "How servers are chosen: the name of a kernel module (ip_vs_…).", value: "the file's default, or " + defaultScheduler, example: "mh"}),
			at("flags", listOf("a list of the scheduler's flags", text("the name of a flag")), func(s *FileService) *[]string { return &s.Flags }, about{
				doc: "The scheduler's switches: sh-fallback and sh-port of sh, mh-fallback and mh-port of mh, flag-1, flag-2 and flag-3 of any.", example: "[mh-port, mh-fallback]"}),
			at("onePacket", truth(), func(s *FileService) *bool { return &s.OnePacket }, about{
				doc: "Schedules each datagram anew; for UDP and firewall marks.", value: "false", example: "true"}),
			{name: "persistent", about: about{doc: "Keeps a client on its server for that long after its last connection.", value: "off", example: "10m"},
				shape: shape{words: "a time such as 10m, or an object with for and engine", either: []shape{persistence().shape, t.lasting.shape()}}, read: t.readPersistent},
			{name: "netmask", about: about{doc: "Treats the clients of a network as one for persistence.", value: "each client by itself", example: "255.255.255.0"},
				shape: shape{words: "a mask such as 255.255.255.0 or /24 for IPv4, or a prefix length from 1 to 128 for IPv6", either: []shape{
					{kind: "string", pattern: `^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|/[0-9]+)$`}, {kind: "integer", low: 1, high: 128}}},
				read: func(*decoder, *tree, *FileService) {}}, // by the record's after: it needs the address
			at("forward", forwardForm(), func(s *FileService) *string { return &s.Forward }, about{
				doc: "How packets reach its servers.", value: "the file's default, or " + defaultForward.String(), example: "tunnel"}),
			at("asIs", truth(), func(s *FileService) *bool { return &s.AsIs }, about{
				doc: "Takes what is a mistake otherwise, because the kernel holds it but it does not work: port 0 without persistence, a server's port that direct " +
					"routing and tunnels cannot change, remoteChecksum of gre, persistence of more than 31 days. lvs export writes it for a table that has such.", value: "false", example: "true"}),
			{name: "servers", about: about{doc: "Its servers, or the name of a pool.", value: "none", example: "[10.0.0.11, {address: 10.0.0.12, weight: 2}]"},
				shape: shape{words: "a list of servers, or the name of a pool", either: []shape{{kind: "string"}, t.servers.shape}}, read: t.readServers},
		}, t.healthKeys())}
}

// schedulerForm takes every name that a kernel module may have.
func schedulerForm() form[string] { return text("the name of a scheduler") }

func forwardForm() form[string] {
	return oneOf(kernel.Direct.String(), kernel.NAT.String(), kernel.Tunneling.String())
}

// longestPersistence is what the kernel's attribute holds. CheckService refuses what is
// longer than MaxPersistence.
const longestPersistence = (1<<32 - 1) * time.Second

func persistence() form[time.Duration] {
	return periodTo(time.Second, kernel.MaxPersistence, longestPersistence, time.Second)
}

// lasting is the long form of persistence.
type lasting struct {
	length time.Duration
	engine string
}

func lastingRecord() record[lasting] {
	return record[lasting]{id: "Persistence", title: "Persistence", words: "an object with for and engine",
		doc: "Persistence with an engine that recognises clients by more than their address.",
		keys: []key[lasting]{
			at("for", persistence(), func(p *lasting) *time.Duration { return &p.length }, about{
				doc: "How long a client stays on its server after its last connection.", example: "1m", needed: true}),
			at("engine", text("the name of a persistence engine"), func(p *lasting) *string { return &p.engine }, about{
				doc: "What recognises clients: sip (by Call-ID).", value: "none: by address", example: "sip"}),
		}}
}

func (t *tables) readPersistent(d *decoder, v *tree, s *FileService) {
	if v.kind != isObject {
		s.Persistence, _ = persistence().read(d, v)
		return
	}
	p, _ := t.lasting.form().read(d, v)
	s.Persistence, s.Engine = p.length, p.engine
}

// readServers takes a list, or a pool's name.
func (t *tables) readServers(d *decoder, v *tree, s *FileService) {
	switch v.kind {
	case isText:
		s.Pool, _ = d.text(v, "the name of a pool")
	case isList:
		s.Servers, _ = t.servers.read(d, v)
	default:
		d.refuse(v, shape{words: "a list of servers, or the name of a pool"})
	}
}

// netmask reads the mask, whose form depends on the family of the addresses.
func (d *decoder) netmask(v *tree, s *FileService) {
	t := v.member("netmask")
	if t == nil || t.kind == isNull {
		return
	}
	families := map[kernel.Family]bool{}
	for _, a := range s.Addresses {
		if a.Family != 0 { // else it could not be read
			families[a.Family] = true
		}
	}
	d.key = "netmask"
	switch {
	case len(families) == 0:
	case len(families) > 1:
		d.fault(t, "one netmask cannot be both of IPv4 and of IPv6", "make it two services, one for each family")
	case t.kind == isText && families[kernel.IPv4] || t.kind == isText && strings.HasPrefix(t.text, "/"), t.kind == isNumber && families[kernel.IPv6]:
		family := kernel.IPv4
		if families[kernel.IPv6] {
			family = kernel.IPv6
		}
		mask, err := kernel.ParseNetmask(family, t.text)
		if err != nil {
			d.fault(t, err.Error(), "")
		}
		s.Netmask = mask
	case families[kernel.IPv6]:
		d.refuse(t, shape{words: "a prefix length from 1 to 128 for IPv6"})
	default:
		d.refuse(t, shape{words: "a mask such as 255.255.255.0 or /24 for IPv4"})
	}
}
