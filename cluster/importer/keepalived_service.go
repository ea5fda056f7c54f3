package importer

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// keepalivedService is a virtual_server while it is read.
type keepalivedService struct {
	*cluster.FileService
	place
	virtual  []virtualAddress
	group    bool
	protocol kernel.Protocol
	family   kernel.Family // of its marks, where it is said
	netmask  *confNode
	forward  keepalivedForward
	host     string // for HTTP_GET
	timing   keepalivedTiming
	inhibit  bool
	flags    []*confNode
	real     []*confNode
	servers  []keepalivedServer

	sorry        *confNode
	sorryForward keepalivedForward
	quorum       int // total weight
	hysteresis   int
	quorumAt     place
}

// keepalivedForward is the way to a server. Zero is not said.
type keepalivedForward struct {
	kernel.Forward
	kernel.Tunnel
	said bool
}

// keepalivedPersistence is what persistence_timeout means without a number.
const keepalivedPersistence = 6 * time.Minute

func (k *keepalived) virtualServer(n *confNode) {
	k.file.Services = append(k.file.Services, cluster.FileService{})
	v := &keepalivedService{FileService: &k.file.Services[len(k.file.Services)-1], place: n.place, group: n.word(1) == "group", quorum: 1, quorumAt: n.place,
		forward: keepalivedForward{Forward: kernel.NAT}, timing: keepalivedDefaults()}
	k.service = v.FileService
	defer func() { k.service = nil }()
	v.virtual = k.addresses(n)
	k.shape(n.block)
	for _, c := range n.block {
		k.setting(v, c)
	}
	k.settle(v)
	for _, c := range v.real {
		k.realServer(v, c)
	}
	if len(v.virtual) == 0 {
		k.file.Comments = append(k.file.Comments, v.Comments...)
		k.file.Services = k.file.Services[:len(k.file.Services)-1]
		return
	}
	k.identify(v)
	k.placeServers(v)
	k.healthOf(v)
}

// setting reads a line of a virtual_server.
func (k *keepalived) setting(v *keepalivedService, n *confNode) {
	switch name := n.words[0]; name {
	case "real_server":
		v.real = append(v.real, n)
	case "lb_algo", "lvs_sched":
		v.Scheduler = k.scheduler(n)
	case "lb_kind", "lvs_method":
		v.forward = k.forward(n)
	case "flag-1", "flag-2", "flag-3", "sh-port", "sh-fallback", "mh-port", "mh-fallback":
		v.flags = append(v.flags, n)
	case "ops":
		v.OnePacket = true
	case "persistence_timeout":
		v.Persistence = keepalivedPersistence
		if len(n.words) > 1 {
			seconds, _ := k.number(n, 1, 1, int(kernel.MaxPersistence/time.Second))
			v.Persistence = time.Duration(seconds) * time.Second
		}
	case "persistence_engine":
		if v.Engine = n.word(1); v.Engine != "sip" {
			k.fault(n.place, "persistence_engine %q: there is only sip", v.Engine)
		}
	case "persistence_granularity":
		v.netmask = n
	case "protocol":
		v.protocol = k.protocol(n)
	case "ip_family":
		v.family = map[string]kernel.Family{"inet": kernel.IPv4, "inet6": kernel.IPv6}[n.word(1)]
		if v.family == 0 {
			k.fault(n.place, "ip_family %q is neither inet nor inet6", n.word(1))
		}
	case "virtualhost":
		v.host = n.word(1)
	case "sorry_server":
		v.sorry = n
	case "sorry_server_lvs_method":
		v.sorryForward = k.forward(n)
	case "quorum":
		v.quorum, _ = k.number(n, 1, 1, kernel.MaxWeight)
		v.quorumAt = n.place
	case "hysteresis":
		v.hysteresis, _ = k.number(n, 1, 0, kernel.MaxWeight)
	case "inhibit_on_failure":
		v.inhibit = k.boolean(n)
	default:
		if !k.timing(&v.timing, n) {
			k.leftOut(n, "virtual_server")
		}
	}
}

// keepalivedSchedulers are those that keepalived takes. It ignores others.
var keepalivedSchedulers = []string{"rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed", "nq", "twos"}

func (k *keepalived) scheduler(n *confNode) string {
	if !slices.Contains(keepalivedSchedulers, n.word(1)) {
		k.note(n.place, "%s %q is no scheduler that keepalived knows; it takes wlc then", n.words[0], n.word(1))
		return ""
	}
	return n.word(1)
}

func (k *keepalived) protocol(n *confNode) kernel.Protocol {
	switch strings.ToUpper(n.word(1)) {
	case "TCP":
		return kernel.TCP
	case "UDP":
		return kernel.UDP
	case "SCTP":
		return kernel.SCTP
	}
	k.fault(n.place, "protocol %q is neither TCP, UDP nor SCTP", n.word(1))
	return 0
}

// forward reads NAT, DR, or TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum].
func (k *keepalived) forward(n *confNode) keepalivedForward {
	f := keepalivedForward{said: true}
	switch n.word(1) {
	case "NAT":
		f.Forward = kernel.NAT
		return f
	case "DR":
		f.Forward = kernel.Direct
		return f
	case "TUN":
		f.Forward = kernel.Tunneling
	default:
		k.fault(n.place, "%s %q is neither NAT, DR nor TUN", n.words[0], n.word(1))
		return f
	}
	for i := 2; i < len(n.words); i++ {
		switch w := n.words[i]; w {
		case "type":
			i++
			t, err := kernel.ParseTunnelType(n.word(i))
			if err != nil {
				k.fault(n.place, "%v", err)
			}
			f.Type = t
		case "port":
			i++
			port, _ := k.number(n, i, 1, 65535)
			f.Port = uint16(port)
		case "nocsum":
			f.Flags = 0
		case "csum":
			f.Flags = kernel.Checksum
		case "remcsum":
			f.Flags = kernel.RemoteChecksum
		default:
			k.fault(n.place, "%q has no place in a tunnel", w)
		}
	}
	if (f.Type == kernel.GUE) != (f.Port != 0) {
		k.fault(n.place, "a GUE tunnel needs a port, and no other has one")
	}
	return f
}

// settle gives what is not said its default, as keepalived does.
func (k *keepalived) settle(v *keepalivedService) {
	if v.Scheduler == "" {
		v.Scheduler = "wlc"
	}
	if v.netmask != nil && v.Persistence == 0 {
		v.Persistence = keepalivedPersistence
	}
	marks, ports, zero := 0, 0, false
	for _, a := range v.virtual {
		if a.mark != 0 {
			marks++
		} else {
			ports++
			zero = zero || a.port == 0
		}
	}
	if v.protocol == 0 && ports > 0 {
		v.protocol = kernel.UDP
		k.note(v.place, "there is no protocol, which means UDP to keepalived")
	}
	if zero && v.Persistence == 0 {
		v.Persistence = keepalivedPersistence
		k.note(v.place, "a service for all ports is persistent, by keepalived for 6 minutes")
	}
	if v.OnePacket && ports > 0 && v.protocol != kernel.UDP {
		v.OnePacket = false
		k.note(v.place, "ops is for UDP alone; keepalived ignores it here")
	}
	var flags kernel.SchedFlags
	for _, n := range v.flags {
		f, err := kernel.ParseSchedFlags(v.Scheduler, n.words[0])
		if err != nil {
			k.note(n.place, "%s is not the scheduler's; keepalived ignores it", n.words[0])
		}
		flags |= f
	}
	if flags != 0 {
		v.Flags = flags.Names(v.Scheduler)
	}
}

// identify makes services of the addresses, when the servers are known: a mark
// has their family.
func (k *keepalived) identify(v *keepalivedService) {
	family := k.markFamily(v)
	var first kernel.Family
	for _, a := range v.virtual {
		id := kernel.ServiceID{}
		switch {
		case a.mark != 0 && a.family != 0:
			id = kernel.MarkID(a.mark, a.family)
		case a.mark != 0:
			id = kernel.MarkID(a.mark, family)
		default:
			id = kernel.ServiceID{Family: kernel.FamilyOf(a.addr), Protocol: v.protocol, Addr: a.addr, Port: a.port}
		}
		k.claim(v.place, id)
		v.Addresses = append(v.Addresses, id)
		if first == 0 {
			first = id.Family
		} else if first != id.Family && v.netmask != nil {
			k.fault(v.netmask.place, "persistence_granularity is of one family; this has addresses of both")
			v.netmask = nil
		}
	}
	if v.netmask != nil {
		m, err := kernel.ParseNetmask(first, v.netmask.word(1))
		if err != nil {
			k.fault(v.netmask.place, "%v", err)
		}
		v.Netmask = m
		if v.group {
			k.note(v.netmask.place, "keepalived 2.2.7 forgets persistence_granularity in a group; here it holds")
		}
	}
}

// markFamily is what is said, else that of the first server which is not
// reached by a tunnel, else that of all servers, else IPv4.
func (k *keepalived) markFamily(v *keepalivedService) kernel.Family {
	if v.family != 0 {
		return v.family
	}
	if v.netmask != nil {
		if strings.Contains(v.netmask.word(1), ".") {
			return kernel.IPv4
		}
		return kernel.IPv6
	}
	var all kernel.Family
	for i, s := range v.servers {
		family := kernel.FamilyOf(s.addr)
		if s.forward.Forward != kernel.Tunneling {
			return family
		}
		if i > 0 && family != all {
			family = kernel.IPv4
		}
		all = family
	}
	if all == 0 {
		return kernel.IPv4
	}
	return all
}

// number reads a word as a number.
func (k *keepalived) number(n *confNode, i, low, high int) (int, bool) {
	v, err := strconv.Atoi(n.word(i))
	if err != nil || v < low || v > high {
		k.fault(n.place, "%s %q: it is a number from %d to %d", n.words[0], n.word(i), low, high)
		return low, false
	}
	return v, true
}

// boolean reads on and off in all their forms. The word alone is on.
func (k *keepalived) boolean(n *confNode) bool {
	switch n.word(1) {
	case "", "on", "true", "yes":
		return true
	case "off", "false", "no":
		return false
	}
	k.fault(n.place, "%s %q is neither on nor off", n.words[0], n.word(1))
	return false
}
