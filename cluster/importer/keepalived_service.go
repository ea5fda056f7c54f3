package importer

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// keepalivedService is a virtual_server while it is read.
type keepalivedService struct {
	*cluster.FileService
	place
	at       *confNode
	virtual  []virtualAddress
	group    bool
	protocol kernel.Protocol
	family   kernel.Family // zero while all servers are tunnels and nothing else gives it
	netmask  *confNode
	forward  keepalivedForward
	weight   int    // of servers without one
	host     string // for HTTP_GET
	timing   keepalivedTiming
	inhibit  bool
	flags    kernel.SchedFlags
	real     []confServerNode        // of the service's family
	known    map[netip.AddrPort]bool // their addresses and ports as given
	servers  []keepalivedServer

	sorry        *confNode
	sorryForward keepalivedForward
	quorum       int64 // total weight
	hysteresis   int64
	quorumAt     place
}

// confServerNode is a real_server, with the forwarding method that is given before it.
type confServerNode struct {
	*confNode
	forward keepalivedForward
}

// keepalivedForward is a forwarding method. said is set if it was given.
type keepalivedForward struct {
	kernel.Forward
	kernel.Tunnel
	said bool
}

// keepalivedPersistence is what persistence_timeout means without a number.
const keepalivedPersistence = 6 * time.Minute

func (k *keepalived) virtualServer(n *confNode) {
	if n.skip != "" {
		k.lose(n.place, "%s is left out, as in keepalived: %s", n, n.skip)
		return
	}
	v := &keepalivedService{FileService: &cluster.FileService{}, place: n.place, at: n, weight: cluster.DefaultWeight,
		group: n.word(1) == "group", quorum: 1, quorumAt: n.place,
		forward: keepalivedForward{Forward: kernel.NAT}, timing: keepalivedDefaults(),
		known: map[netip.AddrPort]bool{}}
	k.service = v.FileService
	defer func() { k.service = nil }()
	for _, said := range n.notes {
		k.add(said)
	}
	why := k.addresses(v)
	for _, c := range n.block {
		k.setting(v, c)
	}
	if len(v.real) == 0 && why == "" {
		why = "it has no real_server"
	}
	if why == "" {
		k.settle(v)
		for _, c := range v.real {
			k.realServer(v, c)
		}
	}
	switch {
	case why != "":
	case k.over:
		return
	case v.Engine != "" && v.Engine != "sip":
		why = "the kernel has no persistence engine " + v.Engine
	default:
		why = k.wrongFamily(v)
	}
	if why != "" {
		k.service = nil
		k.file.Comments = append(k.file.Comments, v.Comments...)
		k.lose(n.place, "%s is left out, as in keepalived: %s", n, why)
		return
	}
	k.identify(v)
	k.placeServers(v)
	k.services = append(k.services, v)
}

// setting reads a line of a virtual_server.
func (k *keepalived) setting(v *keepalivedService, n *confNode) {
	switch name := n.words[0]; name {
	case "real_server":
		k.familyOfServer(v, n)
	case "lb_algo", "lvs_sched":
		v.Scheduler = k.scheduler(n, v.Scheduler)
	case "lb_kind", "lvs_method":
		v.forward = k.forward(n, v.forward)
	case "flag-1", "flag-2", "flag-3", "sh-port", "sh-fallback", "mh-port", "mh-fallback":
		f, err := kernel.ParseSchedFlags(v.Scheduler, name)
		if err != nil {
			k.note(n.place, "%s is not converted: the scheduler has no such flag, and keepalived ignores it", name)
		}
		v.flags |= f
	case "ops":
		v.OnePacket = true
	case "persistence_timeout":
		if len(n.words) == 1 {
			v.Persistence = keepalivedPersistence
		} else if seconds, ok := k.exact(n, 1, 1, int64(kernel.MaxPersistence/time.Second)); ok {
			v.Persistence = time.Duration(seconds) * time.Second
		}
	case "persistence_engine":
		if v.Engine = n.word(1); len(v.Engine) > kernel.MaxName {
			k.note(n.place, "%s %s was cut to %d characters, as in keepalived", name, v.Engine, kernel.MaxName)
			v.Engine = v.Engine[:kernel.MaxName]
		}
	case "persistence_granularity":
		k.granularity(v, n)
	case "protocol":
		v.protocol = k.protocol(n, v.protocol)
	case "ip_family":
		k.family(v, n)
	case "virtualhost":
		v.host = k.hostName(n, v.host)
	case "sorry_server":
		k.sorryServer(v, n)
	case "sorry_server_lvs_method":
		if v.sorry == nil {
			k.note(n.place, "%s is ignored, as in keepalived: there is no sorry_server before it", name)
			return
		}
		v.sorryForward = k.forward(n, v.sorryForward)
	case "quorum":
		var ok bool
		if v.quorum, ok = k.number(n, 1, 1, 1<<32-1); !ok {
			v.quorum = 1
		}
		v.quorumAt = n.place
	case "hysteresis":
		v.hysteresis, _ = k.number(n, 1, 0, 1<<32-1)
	case "inhibit_on_failure":
		v.inhibit = true
	case "weight":
		if weight, ok := k.number(n, 1, 1, kernel.MaxWeight); ok {
			v.weight = int(weight)
		}
	default:
		if !k.timing(&v.timing, n) {
			k.leftOut(n, "virtual_server")
		}
	}
}

func (k *keepalived) scheduler(n *confNode, old string) string {
	if slices.Contains(linuxSchedulers, n.word(1)) {
		return n.word(1)
	}
	if old == "" {
		k.note(n.place, "%s %q became wlc, as in keepalived, which does not know it", n.words[0], n.word(1))
	} else {
		k.note(n.place, "%s %q is ignored, as in keepalived, which does not know it", n.words[0], n.word(1))
	}
	return old
}

func (k *keepalived) protocol(n *confNode, old kernel.Protocol) kernel.Protocol {
	switch strings.ToUpper(n.word(1)) {
	case "TCP":
		return kernel.TCP
	case "UDP":
		return kernel.UDP
	case "SCTP":
		return kernel.SCTP
	}
	k.ignored(n, 1, "want TCP, UDP or SCTP")
	return old
}

// forward reads NAT, DR, or TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]. If
// something is wrong with the options, keepalived ignores all of them.
func (k *keepalived) forward(n *confNode, old keepalivedForward) keepalivedForward {
	f := keepalivedForward{said: true}
	switch n.word(1) {
	case "NAT":
		f.Forward = kernel.NAT
	case "DR":
		f.Forward = kernel.Direct
	case "TUN":
		f.Forward = kernel.Tunneling
	default:
		k.ignored(n, 1, "want NAT, DR or TUN")
		return old
	}
	t, why := tunnelOptions(n.words[2:])
	if why == "" && f.Forward != kernel.Tunneling && len(n.words) > 2 {
		why = "they are for TUN"
	}
	if why != "" {
		k.note(n.place, "the options of %s are ignored, as in keepalived: %s", n, why)
		return f
	}
	f.Tunnel = t
	return f
}

func tunnelOptions(words []string) (t kernel.Tunnel, why string) {
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "type":
			i++
			kind, err := kernel.ParseTunnelType(strings.Join(words[i:min(i+1, len(words))], ""))
			if err != nil {
				return t, err.Error()
			}
			t.Type = kind
		case "port":
			i++
			port, rest, ok := confPort(strings.Join(words[i:min(i+1, len(words))], ""))
			if !ok || port == 0 || rest != "" {
				return t, "want a port from 1 to 65535"
			}
			t.Port = port
		case "nocsum":
			t.Flags = 0
		case "csum":
			t.Flags = kernel.Checksum
		case "remcsum":
			t.Flags = kernel.RemoteChecksum
		default:
			return t, "want type, port, nocsum, csum or remcsum"
		}
	}
	switch {
	case (t.Type == kernel.GUE) != (t.Port != 0):
		return t, "a GUE tunnel needs a port, and other tunnels have none"
	case t.Type == kernel.IPIP && t.Flags != 0, t.Type == kernel.GRE && t.Flags == kernel.RemoteChecksum:
		return t, "this tunnel has no such checksum"
	}
	return t, ""
}

// settle sets keepalived's defaults, and the addresses of marks that are none.
func (k *keepalived) settle(v *keepalivedService) {
	if v.Scheduler == "" {
		v.Scheduler = "wlc"
	}
	if v.netmask != nil && v.Persistence == 0 {
		v.Persistence = keepalivedPersistence
	}
	addresses, zero := false, false
	for i := range v.virtual {
		a := &v.virtual[i]
		if a.isMark && a.mark == 0 {
			k.markZero(v, a)
			addresses, zero = true, zero || !v.group
		} else if !a.isMark {
			addresses, zero = true, zero || a.port == 0
		}
	}
	if v.protocol == 0 && addresses {
		v.protocol = kernel.UDP
		k.note(v.place, "the protocol became UDP, keepalived's default")
	}
	if zero && v.Persistence == 0 {
		v.Persistence = keepalivedPersistence
		k.note(v.place, "persistent became 6m, keepalived's default for a service with every port")
	}
	if v.Engine != "" && v.Persistence == 0 {
		k.note(v.place, "persistence_engine %s is ignored, as in keepalived: the service is not persistent", v.Engine)
		v.Engine = ""
	}
	if v.OnePacket && addresses && v.protocol != kernel.UDP {
		v.OnePacket = false
		k.note(v.place, "ops is not converted: it works for UDP only, and keepalived ignores it here")
	}
	if v.flags != 0 {
		v.Flags = v.flags.Names(v.Scheduler)
	}
}

// markZero turns the mark 0, which no packet of a service has, into the address that
// keepalived adds to the kernel instead.
func (k *keepalived) markZero(v *keepalivedService, a *virtualAddress) {
	switch {
	case v.family == kernel.IPv6:
		a.addr = netip.IPv6Unspecified()
	case v.group:
		a.addr = netip.IPv4Unspecified()
	default:
		a.addr = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	}
	a.isMark = false
	v.AsIs = v.AsIs || v.group
	k.note(a.place, "the mark 0 is no mark: it became the address %s with every port, as in keepalived", a.addr)
}
