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
	family   kernel.Family // of its marks, zero if it is not given
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

// keepalivedForward is a forwarding method. said is set if it was given.
type keepalivedForward struct {
	kernel.Forward
	kernel.Tunnel
	said bool
}

// keepalivedPersistence is what persistence_timeout means without a number.
const keepalivedPersistence = 6 * time.Minute

func (k *keepalived) virtualServer(n *confNode) {
	k.file.Services = append(k.file.Services, cluster.FileService{})
	v := &keepalivedService{FileService: &k.file.Services[len(k.file.Services)-1], place: n.place,
		group: n.word(1) == "group", quorum: 1, quorumAt: n.place,
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
			k.fault(n.place, "invalid persistence_engine %q: want sip", v.Engine)
		}
	case "persistence_granularity":
		v.netmask = n
	case "protocol":
		v.protocol = k.protocol(n)
	case "ip_family":
		v.family = map[string]kernel.Family{"inet": kernel.IPv4, "inet6": kernel.IPv6}[n.word(1)]
		if v.family == 0 {
			k.fault(n.place, "invalid ip_family %q: want inet or inet6", n.word(1))
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

// keepalivedSchedulers are the schedulers that keepalived accepts. It ignores others.
var keepalivedSchedulers = []string{"rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed",
	"nq", "twos"}

func (k *keepalived) scheduler(n *confNode) string {
	if !slices.Contains(keepalivedSchedulers, n.word(1)) {
		k.note(n.place, "%s %q became wlc, as in keepalived, which does not know it", n.words[0], n.word(1))
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
	k.fault(n.place, "invalid protocol %q: want TCP, UDP or SCTP", n.word(1))
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
		k.fault(n.place, "invalid %s %q: want NAT, DR or TUN", n.words[0], n.word(1))
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
			k.fault(n.place, "invalid tunnel option %q: want type, port, nocsum, csum or remcsum", w)
		}
	}
	if (f.Type == kernel.GUE) != (f.Port != 0) {
		k.fault(n.place, "a GUE tunnel needs a port, and other tunnels have none")
	}
	return f
}

// settle sets keepalived's defaults.
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
		k.note(v.place, "the protocol became UDP, keepalived's default")
	}
	if zero && v.Persistence == 0 {
		v.Persistence = keepalivedPersistence
		k.note(v.place, "persistent became 6m, keepalived's default for a service with every port")
	}
	if v.OnePacket && ports > 0 && v.protocol != kernel.UDP {
		v.OnePacket = false
		k.note(v.place, "ops is not converted: it works for UDP only, and keepalived ignores it here")
	}
	var flags kernel.SchedFlags
	for _, n := range v.flags {
		f, err := kernel.ParseSchedFlags(v.Scheduler, n.words[0])
		if err != nil {
			k.note(n.place, "%s is not converted: the scheduler has no such flag, and keepalived ignores it", n.words[0])
		}
		flags |= f
	}
	if flags != 0 {
		v.Flags = flags.Names(v.Scheduler)
	}
}

// identify sets the service's addresses, once the servers are known: a mark gets their
// family.
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
			k.fault(v.netmask.place, "persistence_granularity is for one family, and the service has addresses of both")
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
			k.note(v.netmask.place, "persistence_granularity takes effect here; keepalived 2.2.7 ignores it in a group")
		}
	}
}

// markFamily returns the family that is given, or else that of the first server
// without a tunnel, or else that of all servers, or else IPv4.
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
		k.fault(n.place, "invalid %s %q: want a number from %d to %d", n.words[0], n.word(i), low, high)
		return low, false
	}
	return v, true
}

// boolean reads on and off in all their forms. A setting without a value is on.
func (k *keepalived) boolean(n *confNode) bool {
	switch n.word(1) {
	case "", "on", "true", "yes":
		return true
	case "off", "false", "no":
		return false
	}
	k.fault(n.place, "invalid %s %q: want on or off", n.words[0], n.word(1))
	return false
}

// keepalivedReason returns why a setting is not converted, if there is a reason, and
// reports whether the setting is known.
func keepalivedReason(name string) (why string, known bool) {
	switch name {
	case "ha_suspend":
		return "checks do not wait for an address", true
	case "alpha":
		return "a server keeps its weight until its first check is done", true
	case "omega":
		return "lvs runs nothing when it stops", true
	case "quorum_up", "quorum_down", "notify_up", "notify_down":
		return "lvs runs no scripts", true
	case "smtp_alert":
		return "lvs sends no mail", true
	case "snmp_name":
		return "lvs has no SNMP", true
	case "sorry_server_inhibit":
		return "the fallback is removed if it is not needed", true
	case "warmup":
		return "the first checks are spread over time automatically", true
	case "log_all_failures", "helo_name", "http_protocol", "hashed", "regex_options", "regex_stack",
		"regex_min_offset", "regex_max_offset", "password", "min_reply_length", "max_reply_length":
		return "", true
	case "bindto", "bind_to":
		return "the routes select the source address of a check", true
	case "bind_if":
		return "the routes select the interface of a check", true
	case "bind_port":
		return "a check has no source port of its own", true
	case "fwmark":
		return "checks have no firewall mark", true
	case "misc_dynamic":
		return "the result of a check does not change the weight", true
	case "user":
		return "the program of a check has no user of its own", true
	case "fast_recovery":
		return "each check has one URL", true
	}
	return "", false
}

// leftOut notes that a line is not converted.
func (k *keepalived) leftOut(n *confNode, within string) {
	name := n.words[0]
	why, known := keepalivedReason(name)
	switch {
	case !known:
		k.note(n.place, "%s is not converted: it is unknown in %s", name, within)
	case why == "":
		k.note(n.place, "%s is not converted", strings.Join(n.words, " "))
	default:
		k.note(n.place, "%s is not converted: %s", strings.Join(n.words, " "), why)
	}
}
