package importer

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// KeepalivedOptions are what a keepalived.conf needs from outside.
type KeepalivedOptions struct {
	// Include returns the files that match a pattern, sorted. Nil refuses includes.
	Include func(pattern string) ([]Text, error)
	// ConfigID selects lines that begin with @; keepalived uses the host's name up to
	// its first dot.
	ConfigID string
}

// Keepalived turns a keepalived.conf(5) into a cluster file. Where the manual says
// nothing, it does what keepalived 2.2.7 does.
func Keepalived(src Text, o KeepalivedOptions) (*cluster.File, []Note, error) {
	im := &importer{}
	r := &confReader{importer: im, include: o.Include, configID: o.ConfigID, defined: map[string]string{}}
	r.read(src)
	k := &keepalived{importer: im, groups: map[string]*confNode{}}
	k.top(im.tree(r.lines))
	cluster.ShareDefaults(&im.file)
	return im.result(src.Name)
}

// keepalived reads the blocks of a keepalived.conf.
type keepalived struct {
	*importer
	groups map[string]*confNode // virtual_server_group, by name
}

func (k *keepalived) top(nodes []*confNode) {
	for _, n := range nodes {
		if n.words[0] == "virtual_server_group" {
			k.groups[n.word(1)] = n
		}
	}
	var others []*confNode
	for _, n := range nodes {
		switch n.words[0] {
		case "virtual_server_group", "include_check":
		case "virtual_server":
			k.virtualServer(n)
		case "global_defs":
			k.globals(n)
		case "net_namespace", "net_namespace_ipvs":
			k.note(n.place, "%s is not converted: use lvs with --netns %s", n.words[0], n.word(1))
		case "SSL":
			k.note(n.place, "SSL is not converted: checks of a cluster file have no client certificate")
		default:
			others = append(others, n)
		}
	}
	k.elsewhere(others)
}

// elsewhere notes the blocks that do not concern IPVS, by kind.
func (k *keepalived) elsewhere(nodes []*confNode) {
	for _, n := range nodes {
		switch kind := n.words[0]; {
		case strings.HasPrefix(kind, "vrrp"):
			k.noteOnce(n.place, "VRRP is not converted (%s): keep it in keepalived, "+
				"and remove the virtual servers there before lvs apply", blockNames(nodes, "vrrp"))
		case strings.HasPrefix(kind, "static_"):
			k.noteOnce(n.place, "static addresses, routes and rules are not converted (%s)",
				blockNames(nodes, "static_"))
		default:
			k.note(n.place, "%s is not converted", strings.Join(n.words[:min(len(n.words), 2)], " "))
		}
	}
}

// blockNames lists the blocks whose kind has a prefix, each once.
func blockNames(nodes []*confNode, kind string) string {
	var out []string
	for _, n := range nodes {
		name := strings.Join(n.words[:min(len(n.words), 2)], " ")
		if strings.HasPrefix(n.words[0], kind) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return strings.Join(out, ", ")
}

// globals imports the timeouts. It notes other settings that matter one by one, and
// those of keepalived itself together.
func (k *keepalived) globals(n *confNode) {
	var own []string
	at := n.place
	for _, g := range n.block {
		switch name := g.words[0]; name {
		case "lvs_timeouts":
			k.timeouts(g)
		case "lvs_sync_daemon":
			k.note(g.place, "lvs_sync_daemon is not converted because its role follows VRRP: "+
				"add the daemon under sync, with a role")
		case "lvs_flush", "lvs_flush_onstop", "lvs_flush_on_stop":
			k.note(g.place, "%s is not converted: lvs never flushes other services", name)
		case "net_namespace", "net_namespace_ipvs":
			k.note(g.place, "%s is not converted: use lvs with --netns %s", name, g.word(1))
		default:
			if len(own) == 0 {
				at = g.place
			}
			if !slices.Contains(own, name) {
				own = append(own, name)
			}
		}
	}
	if len(own) > 0 {
		k.note(at, "the settings of keepalived itself in global_defs are not converted (%s)", strings.Join(own, ", "))
	}
}

func (k *keepalived) timeouts(n *confNode) {
	t := &k.file.Timeouts
	to := map[string]*time.Duration{"tcp": &t.TCP, "tcpfin": &t.TCPFin, "udp": &t.UDP}
	for i := 1; i < len(n.words); i += 2 {
		d := to[n.words[i]]
		if d == nil {
			k.fault(n.place, "invalid lvs_timeouts %q: want tcp, tcpfin or udp", n.words[i])
			return
		}
		if seconds, ok := k.number(n, i+1, 1, int(kernel.MaxPersistence/time.Second)); ok {
			*d = time.Duration(seconds) * time.Second
		}
	}
}

// addresses returns the addresses or marks of a virtual server. Marks may have no
// family yet.
func (k *keepalived) addresses(n *confNode) []virtualAddress {
	switch n.word(1) {
	case "":
		k.fault(n.place, "virtual_server has no address")
		return nil
	case "group":
		g := k.groups[n.word(2)]
		if g == nil {
			k.fault(n.place, "there is no virtual_server_group %q", n.word(2))
			return nil
		}
		var out []virtualAddress
		for _, entry := range g.block {
			out = append(out, k.groupEntry(entry)...)
		}
		if len(out) == 0 {
			k.note(n.place, "virtual_server_group %s has no address", n.word(2))
		}
		return out
	case "fwmark":
		return k.mark(n, 2)
	}
	a, ok := k.host(n.place, n.word(1), 0)
	port := k.optionalPort(n, 2)
	if !ok {
		return nil
	}
	return []virtualAddress{{addr: a, port: port}}
}

// virtualAddress is an address with a port (0 is every port), or a mark.
type virtualAddress struct {
	addr   netip.Addr
	port   uint16
	mark   uint32
	family kernel.Family // of a mark, zero if it is not given
}

func (k *keepalived) mark(n *confNode, i int) []virtualAddress {
	mark, ok := k.number(n, i, 1, 1<<31-1)
	v := virtualAddress{mark: uint32(mark)}
	switch n.word(i + 1) {
	case "":
	case "inet":
		v.family = kernel.IPv4
	case "inet6":
		v.family = kernel.IPv6
	default:
		k.fault(n.place, "invalid family %q: want inet or inet6", n.word(i+1))
	}
	if !ok {
		return nil
	}
	return []virtualAddress{v}
}

// optionalPort reads a port, or returns zero if there is none.
func (k *keepalived) optionalPort(n *confNode, i int) uint16 {
	if n.word(i) == "" {
		return 0
	}
	port, _ := k.port(n.place, n.word(i), 0)
	return port
}

// mostAddresses is the largest number of addresses in a range.
const mostAddresses = 65536

// groupEntry reads ADDRESS [PORT], a range in any of its forms, or fwmark N.
func (k *keepalived) groupEntry(n *confNode) []virtualAddress {
	if n.words[0] == "fwmark" {
		return k.mark(n, 1)
	}
	port := k.optionalPort(n, 1)
	first, last, err := addressRange(n.words[0])
	if err != nil {
		k.fault(n.place, "%v", err)
		return nil
	}
	var out []virtualAddress
	for a := first; ; a = a.Next() {
		if len(out) == mostAddresses {
			k.fault(n.place, "%s has more than %d addresses", n.words[0], mostAddresses)
			return nil
		}
		out = append(out, virtualAddress{addr: a, port: port})
		if a == last {
			return out
		}
	}
}

// addressRange reads 10.0.0.1, 10.0.0.1-9, 10.0.0.1-10.0.1.9 and 10.0.0.8/29,
// and the same for IPv6, where the part after the dash is hexadecimal.
func addressRange(s string) (first, last netip.Addr, err error) {
	if prefix, err := netip.ParsePrefix(s); err == nil {
		first = prefix.Masked().Addr()
		b := first.AsSlice()
		for i := prefix.Bits(); i < len(b)*8; i++ {
			b[i/8] |= 0x80 >> (i % 8)
		}
		last, _ = netip.AddrFromSlice(b)
		return first, last, nil
	}
	from, to, isRange := strings.Cut(s, "-")
	if first, err = netip.ParseAddr(from); err != nil || first.Zone() != "" {
		return first, first, fmt.Errorf("invalid address %q: want an address, a range of addresses or fwmark N", s)
	}
	if !isRange {
		return first, first, nil
	}
	if last, err = netip.ParseAddr(to); err != nil {
		dot := strings.LastIndexAny(from, ".:")
		last, err = netip.ParseAddr(from[:dot+1] + to)
	}
	if err != nil || first.BitLen() != last.BitLen() || last.Zone() != "" || last.Less(first) {
		return first, last, fmt.Errorf("invalid range %q: want a range of addresses", s)
	}
	return first, last, nil
}
