package cluster

import (
	"math"
	"slices"
	"strings"
	"time"

	"lvs/kernel"
)

func (t *tables) serviceRecord() record[FileService] {
	return record[FileService]{id: "Service", title: "Services", words: "an object with an address and servers",
		doc: "A virtual service: an address or a firewall mark, whose connections go to servers. With several addresses " +
			"it defines as many equal services.",
		after: func(d *decoder, v *tree, s *FileService) { d.netmask(v, s) },
		keys: slices.Concat([]key[FileService]{
			at("name", text("a text"), func(s *FileService) *string { return &s.Name }, about{
				doc: "The service's name, for people. The address identifies the service: a new name changes nothing in the " +
					"kernel.", example: "web"}),
			at("address", oneOrMore("an address such as tcp://192.0.2.10:80, or a list of addresses",
				parsed("an address such as tcp://192.0.2.10:80", kernel.ParseServiceID)),
				func(s *FileService) *[]kernel.ServiceID { return &s.Addresses }, about{
					doc: "The address that clients connect to: tcp://ADDRESS:PORT, udp://…, sctp://…, or fwmark:MARK and " +
						"fwmark:MARK/ipv6 for packets that the firewall marks. ADDRESS:PORT alone is TCP. Port 0 is every port, and " +
						"needs persistence. Use an address only once in all files that are read together.",
					example: `[tcp://192.0.2.10:80, "tcp://[2001:db8::10]:80"]`, needed: true}),
			at("scheduler", schedulerForm(), func(s *FileService) *string { return &s.Scheduler }, about{
				doc:   "How the kernel selects a server for a new connection: the name of a kernel module without ip_vs_.",
				value: "the file's default, or " + defaultScheduler, example: "mh"}),
			at("flags", listOf("a list of the scheduler's flags", text("the name of a flag")),
				func(s *FileService) *[]string { return &s.Flags }, about{
					doc: "The scheduler's flags: sh-fallback and sh-port for sh, mh-fallback and mh-port for mh, flag-1, flag-2 " +
						"and flag-3 for any scheduler.", example: "[mh-port, mh-fallback]"}),
			at("onePacket", truth(), func(s *FileService) *bool { return &s.OnePacket }, about{
				doc: "One-packet scheduling: each packet is scheduled separately; for UDP and firewall marks. lvs service add " +
					"has --ops for it.", value: "false", example: "true"}),
			{name: "persistent", about: about{doc: "Persistence: a client keeps its server until this time after its last " +
				"connection.", value: "off", example: "10m"},
				shape: shape{words: "a duration such as 10m, or an object with for and engine",
					either: []shape{persistence().shape, t.lasting.shape()}}, read: t.readPersistent},
			{name: "netmask", about: about{doc: "Persistence treats all clients in a network of this size as one.",
				value: "each client separately", example: "255.255.255.0"},
				shape: shape{words: "a mask such as 255.255.255.0 or /24 for IPv4, or a prefix length from 1 to 128 for IPv6",
					either: []shape{
						{kind: "string", pattern: `^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|/[0-9]+)$`}, {kind: "integer", low: 1, high: 128}}},
				read: func(*decoder, *tree, *FileService) {}}, // by the record's after: it needs the address
			at("forward", forwardForm(), func(s *FileService) *string { return &s.Forward }, about{
				doc: "The forwarding method: how packets reach the servers.", value: "the file's default, or " +
					defaultForward.String(), example: "tunnel"}),
			at("asIs", truth(), func(s *FileService) *bool { return &s.AsIs }, about{
				doc: "Accepts settings that the kernel accepts although they do not work: port 0 without persistence, an " +
					"engine without persistence, a server's port that direct routing or a tunnel cannot change, " +
					"remoteChecksum with gre, persistence longer than 31 days. Without it they are errors. lvs export " +
					"writes it for a table that has such settings.",
				value:   "false",
				example: "true"}),
			{name: "servers", about: about{doc: "The real servers, or the name of a pool. lvs apply adds " +
				"them in this order. The kernel lists the last added first, and schedulers go by its order: with sh, dh and " +
				"mh it decides which server a client gets.", value: "none",
				example: "[10.0.0.11, {address: 10.0.0.12, weight: 2}]"},
				shape: shape{words: "a list of servers, or the name of a pool",
					either: []shape{{kind: "string"}, t.servers.shape}}, read: t.readServers},
		}, t.healthKeys())}
}

// schedulerForm accepts every name that a kernel module can have.
func schedulerForm() form[string] { return text("the name of a scheduler") }

func forwardForm() form[string] {
	return oneOf(kernel.Direct.String(), kernel.NAT.String(), kernel.Tunneling.String())
}

// longestPersistence is the largest value of the kernel's attribute. CheckService
// refuses what is longer than MaxPersistence.
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
		doc: "Persistence with an engine that identifies clients by more than their address.",
		after: func(d *decoder, v *tree, p *lasting) {
			if v.member("for") == nil && v.member("engine") == nil {
				d.fault(v, "for is missing", "add for: "+persistence().shape.words)
			}
		},
		keys: []key[lasting]{
			at("for", persistence(), func(p *lasting) *time.Duration { return &p.length }, about{
				doc:   "A client keeps its server until this time after its last connection. An engine needs it, but for asIs.",
				value: "off", example: "1m"}),
			at("engine", text("the name of a persistence engine"), func(p *lasting) *string { return &p.engine }, about{
				doc: "What identifies clients: sip (the Call-ID).", value: "none: the address", example: "sip"}),
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

// readServers reads a list, or a pool's name.
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

// netmask reads the mask. Its form depends on the family of the addresses.
func (d *decoder) netmask(v *tree, s *FileService) {
	t := v.member("netmask")
	if t == nil || t.kind == isNull {
		return
	}
	families := map[kernel.Family]bool{}
	for _, a := range s.Addresses {
		if a.Family != 0 { // otherwise it is a fault already
			families[a.Family] = true
		}
	}
	d.key = "netmask"
	switch {
	case len(families) == 0:
	case len(families) > 1:
		d.fault(t, "one netmask cannot be for both IPv4 and IPv6 addresses", "make two services, one for each family")
	case t.kind == isText && families[kernel.IPv4] || t.kind == isText && strings.HasPrefix(t.text, "/"),
		t.kind == isNumber && families[kernel.IPv6]:
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

// serversForm is a list of servers: addresses, or objects. It reads them without
// copying, for there are many.
func (t *tables) serversForm() form[[]FileServer] {
	one := shape{words: "an address, or an object with an address", either: []shape{{kind: "string"}, t.server.shape()}}
	s := shape{words: "a list of servers", kind: "array", items: &one}
	address := serverAddress()
	return form[[]FileServer]{s, func(d *decoder, v *tree) ([]FileServer, bool) {
		if v.kind != isList {
			d.refuse(v, s)
			return nil, false
		}
		out := make([]FileServer, len(v.items))
		for i := range v.items {
			if d.key = "server"; v.items[i].kind == isObject {
				t.server.read(d, &v.items[i], &out[i])
			} else {
				out[i].Address, _ = address.read(d, &v.items[i])
			}
		}
		return out, true
	}}
}

func serverAddress() form[string] {
	return parsed("an address such as 10.0.0.11 or 10.0.0.11:8080", func(s string) (string, error) {
		_, err := parseServers(s)
		return s, err
	})
}

func (t *tables) serverRecord() record[FileServer] {
	return record[FileServer]{id: "Server", title: "Servers", words: "an address, or an object with an address",
		doc: "A real server.",
		keys: []key[FileServer]{
			at("address", serverAddress(), func(s *FileServer) *string { return &s.Address }, about{
				doc: "ADDRESS, with the service's port, or ADDRESS:PORT. A range in the last part of the address, of at most " +
					"256 addresses, defines equal servers: 10.0.0.[12-18], 10.0.0.[12-18]:8080, 2001:db8::[a-f] or " +
					"[2001:db8::[a-f]]:8080. List a server only once in a service.",
				example: "10.0.0.11:8080", needed: true}),
			at("weight", pointer(number[int](0, kernel.MaxWeight)), func(s *FileServer) **int { return &s.Weight }, about{
				doc: "The server's share of new connections. With 0 it gets none and keeps the existing ones.", value: "1",
				example: "3"}),
			at("forward", forwardForm(), func(s *FileServer) *string { return &s.Forward }, about{
				doc: "How packets reach the server: direct routing, address translation (nat) or tunnel. Only nat can change " +
					"the port.", value: "the service's", example: "nat"}),
			at("upper", number[uint32](0, math.MaxUint32), func(s *FileServer) *uint32 { return &s.Upper }, about{
				doc: "The upper threshold: with this many connections the server gets no new ones.", value: "0: none",
				example: "2000"}),
			at("lower", number[uint32](0, math.MaxUint32), func(s *FileServer) *uint32 { return &s.Lower }, about{
				doc:   "The lower threshold: after reaching upper, the server gets new connections again below this number.",
				value: "0: three quarters of upper", example: "1500"}),
			at("tunnel", tunnelForm(t), func(s *FileServer) *kernel.Tunnel { return &s.Tunnel }, about{
				doc: "The encapsulation, with forward: tunnel.", value: "IP in IP", example: "{type: gue, port: 6080}"}),
			at("check", t.checksForm(), func(s *FileServer) *[]Check { return &s.Check }, about{
				doc: "The health checks of this server; all must pass.", value: "the service's",
				example: "{type: tcp}", director: true}),
			at("tier", number[int](0, maxTier), func(s *FileServer) *int { return &s.Tier }, about{
				doc: "A server with a higher tier is used only while the healthy servers of the lower tiers are fewer than the " +
					"quorum (minHealthy).", value: "0", example: "1", director: true}),
			{name: "labels", about: about{doc: "Free texts about the server. They have no effect.", example: "{rack: a}"},
				shape: shape{words: "an object of texts", kind: "object", values: &shape{kind: "string"}}, read: readLabels},
		}}
}

// maxTier is the highest tier. Few are useful.
const maxTier = 9

func readLabels(d *decoder, v *tree, s *FileServer) {
	s.Labels = make(map[string]string, len(v.items)/2)
	d.each(v, "label", "an object of texts", func(name string, value *tree) {
		if value.kind == isText { // also an empty one
			s.Labels[name] = value.text
			return
		}
		d.text(value, "a text")
	})
}

// tunnel is an encapsulation as the file writes it.
type tunnel struct {
	kind                     string
	port                     uint16
	checksum, remoteChecksum bool
}

func tunnelRecord() record[tunnel] {
	return record[tunnel]{id: "Tunnel", title: "Tunnels", words: "an object with type and port",
		doc: "How packets are encapsulated.",
		after: func(d *decoder, v *tree, t *tunnel) {
			if t.checksum && t.remoteChecksum {
				d.fault(v.find("remoteChecksum"), "checksum and remoteChecksum exclude each other", "leave out one of them")
			}
		},
		keys: []key[tunnel]{
			at("type", oneOf(kernel.IPIP.String(), kernel.GUE.String(), kernel.GRE.String()),
				func(t *tunnel) *string { return &t.kind }, about{
					doc:   "The encapsulation: IP in IP, generic UDP, or GRE. Types other than ipip need Linux 5.2 or later.",
					value: "ipip", example: "gue"}),
			at("port", number[uint16](1, 65535), func(t *tunnel) *uint16 { return &t.port }, about{
				doc: "The UDP port. gue needs it, the other types have none.", example: "6080"}),
			at("checksum", truth(), func(t *tunnel) *bool { return &t.checksum }, about{
				doc: "Adds a checksum to the outer header; gue and gre.", value: "false", example: "true"}),
			at("remoteChecksum", truth(), func(t *tunnel) *bool { return &t.remoteChecksum }, about{
				doc: "Offloads the checksum to the remote end; gue only.", value: "false", example: "true"}),
		}}
}

func tunnelForm(t *tables) form[kernel.Tunnel] {
	return form[kernel.Tunnel]{t.tunnel.shape(), func(d *decoder, v *tree) (out kernel.Tunnel, ok bool) {
		from, ok := t.tunnel.form().read(d, v)
		if !ok {
			return out, false
		}
		out.Port = from.port
		if from.kind != "" {
			out.Type, _ = kernel.ParseTunnelType(from.kind) // other words are faults already
		}
		switch {
		case from.checksum:
			out.Flags = kernel.Checksum
		case from.remoteChecksum:
			out.Flags = kernel.RemoteChecksum
		}
		return out, true
	}}
}
