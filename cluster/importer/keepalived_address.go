package importer

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"lvs/kernel"
)

// virtualAddress is an address with a port (0 is every port), or a mark.
type virtualAddress struct {
	place
	addr   netip.Addr
	port   uint16
	isMark bool
	mark   uint32
	family kernel.Family // of a mark, zero if it is not given
}

// addresses sets the addresses or marks of a virtual server. It returns why keepalived
// leaves out the service, or nothing.
func (k *keepalived) addresses(v *keepalivedService) (why string) {
	n := v.at
	switch n.word(1) {
	case "group":
		g := k.groups[n.word(2)]
		if g == nil {
			return "there is no virtual_server_group " + n.word(2)
		}
		for _, entry := range g.block {
			k.groupEntry(v, entry)
		}
		if len(v.virtual) == 0 && !k.over {
			return "its virtual_server_group has no address"
		}
		return ""
	case "fwmark":
		v.virtual = k.mark(n, 2, 0)
		return ""
	}
	a, port := k.endpoint(n, 1)
	v.family = kernel.FamilyOf(a)
	v.virtual = []virtualAddress{{place: n.place, addr: a, port: port}}
	return ""
}

// mark reads a mark that is valid.
func (k *keepalived) mark(n *confNode, i int, family kernel.Family) []virtualAddress {
	mark, rest, _ := confMark(n.word(i))
	if rest != "" {
		k.note(n.place, "mark %q became %d, as in keepalived", n.word(i), mark)
	}
	return []virtualAddress{{place: n.place, isMark: true, mark: mark, family: family}}
}

// groupEntry adds ADDRESS [PORT], a range in any of its forms, or fwmark N [inet|inet6].
// keepalived leaves out what is invalid.
func (k *keepalived) groupEntry(v *keepalivedService, n *confNode) {
	leave := func(why string) { k.lose(n.place, "%s in the group is left out, as in keepalived: %s", n, why) }
	if n.words[0] == "fwmark" {
		if len(n.words) == 1 {
			k.fault(n.place, "fwmark has no value: keepalived does not start with this configuration")
			return
		}
		if _, _, ok := confMark(n.word(1)); !ok {
			leave("want a number from 1 to 4294967295")
			return
		}
		v.virtual = append(v.virtual, k.mark(n, 1, familyWord(n.word(2)))...)
		return
	}
	port, rest, ok := confPort(n.word(1))
	first, last, err := addressRange(n.words[0])
	switch {
	case err != nil:
		leave(err.Error())
		return
	case !ok:
		leave("invalid port " + strconv.Quote(n.word(1)) + ": want a number from 0 to 65535")
		return
	case rest != "":
		k.note(n.place, "port %q became %d, as in keepalived", n.word(1), port)
	}
	if first.Is4() && first != last && !sameNet(first, last) {
		k.note(n.place, "%s became the addresses from %s to %s; keepalived 2.2.7 repeats those of one /24 instead",
			n.words[0], first, last)
	}
	size, at := rangeSize(first, last), v.place
	if size > mostObjects {
		at = n.place
	}
	if !k.take(at, size) {
		return
	}
	for a := first; ; a = a.Next() {
		v.virtual = append(v.virtual, virtualAddress{place: n.place, addr: a, port: port})
		if a == last {
			return
		}
	}
}

// sameNet reports whether only the last byte of two IPv4 addresses differs.
func sameNet(a, b netip.Addr) bool {
	x, y := a.As4(), b.As4()
	return [3]byte(x[:3]) == [3]byte(y[:3])
}

func familyWord(word string) kernel.Family {
	switch word {
	case "inet":
		return kernel.IPv4
	case "inet6":
		return kernel.IPv6
	}
	return 0
}

// addressRange reads 10.0.0.1, 10.0.0.1-9, 10.0.0.1-10.0.1.9 and 10.0.0.8/29,
// and the same for IPv6, where the part after the dash is hexadecimal.
func addressRange(s string) (first, last netip.Addr, err error) {
	if strings.Contains(s, "/") {
		prefix, err := netip.ParsePrefix(s)
		if err != nil || prefix.Masked() != prefix {
			return first, last, fmt.Errorf("invalid range %q: want the first address of a network", s)
		}
		first = prefix.Addr()
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
	if err != nil || first.BitLen() != last.BitLen() || last.Zone() != "" || !first.Less(last) {
		return first, last, fmt.Errorf("invalid range %q: want an end that is greater than the start", s)
	}
	return first, last, nil
}

// rangeSize returns the number of addresses in a range, or one more than is allowed.
func rangeSize(first, last netip.Addr) int {
	a, b := first.As16(), last.As16()
	if [8]byte(a[:8]) != [8]byte(b[:8]) {
		return mostObjects + 1
	}
	return int(min(binary.BigEndian.Uint64(b[8:])-binary.BigEndian.Uint64(a[8:]), mostObjects)) + 1
}

// family reads ip_family, which is for a mark only.
func (k *keepalived) family(v *keepalivedService, n *confNode) {
	switch f := familyWord(n.word(1)); {
	case f == 0:
		k.ignored(n, 1, "want inet or inet6")
	case v.family != 0 && v.family != f:
		k.note(n.place, "%s is ignored, as in keepalived: the service is an %v service already", n, v.family)
	default:
		v.family = f
	}
}

// granularity reads persistence_granularity: a mask for IPv4, a prefix length for IPv6.
func (k *keepalived) granularity(v *keepalivedService, n *confNode) {
	word := n.word(1)
	if v.family == 0 && !v.group {
		v.family = kernel.IPv6
		if strings.Contains(word, ".") {
			v.family = kernel.IPv4
		}
	}
	if v.group {
		v.netmask = n // for the persistence
		k.note(n.place, "persistence_granularity is not converted: keepalived 2.2.7 ignores it in a group")
		return
	}
	if v.family == kernel.IPv6 {
		if length, ok := k.exact(n, 1, 1, 128); ok {
			v.netmask, v.Netmask = n, kernel.Netmask(length)
		}
		return
	}
	mask, ok := dottedQuad(word)
	if !ok {
		k.ignored(n, 1, "want a mask such as 255.255.255.0")
		return
	}
	m, err := kernel.ParseNetmask(kernel.IPv4, mask.String())
	if err != nil {
		k.fault(n.place, "%v", err)
		return
	}
	if mask.String() != word {
		k.note(n.place, "persistence_granularity %s is the mask %s, as in keepalived; want a mask such as 255.255.255.0",
			word, mask)
	}
	v.netmask, v.Netmask = n, m
}

// dottedQuad reads an IPv4 address in the forms of inet_aton: a.b.c.d, a.b.c, a.b and a,
// where the last number fills the rest, in decimal, octal or hexadecimal.
func dottedQuad(s string) (netip.Addr, bool) {
	parts := strings.Split(s, ".")
	if len(parts) > net.IPv4len {
		return netip.Addr{}, false
	}
	var b [4]byte
	for i, p := range parts {
		if p == "" || strings.ContainsAny(p, "_oObB+-") && !strings.HasPrefix(strings.ToLower(p), "0x") {
			return netip.Addr{}, false
		}
		v, err := strconv.ParseUint(p, 0, 32)
		bytes := 1
		if i == len(parts)-1 {
			bytes = net.IPv4len - i
		}
		if err != nil || v >= 1<<(8*bytes) {
			return netip.Addr{}, false
		}
		for j := range bytes {
			b[i+j] = byte(v >> (8 * (bytes - 1 - j)))
		}
	}
	return netip.AddrFrom4(b), true
}

// familyOfServer keeps a server of the service's family, which the first server gives if
// nothing else does. A tunnel reaches servers of both families.
func (k *keepalived) familyOfServer(v *keepalivedService, n *confNode) {
	if n.skip != "" {
		k.lose(n.place, "%s is left out, as in keepalived: %s", n, n.skip)
		return
	}
	f := v.forward
	for _, c := range n.block {
		if c.words[0] == "lvs_method" && (c.word(1) == "NAT" || c.word(1) == "DR" || c.word(1) == "TUN") {
			f.Forward = kernel.NAT
			if c.word(1) == "TUN" {
				f.Forward = kernel.Tunneling
			}
		}
	}
	family := familyOf(n.word(1))
	switch {
	case f.Forward == kernel.Tunneling, v.family == family:
	case v.family == 0:
		v.family = family
	default:
		k.lose(n.place, "%s is not converted, as in keepalived: its family is not the service's", n)
		return
	}
	addr, _, _ := confAddress(n.word(1))
	port, _, _ := confPort(n.word(2))
	at := netip.AddrPortFrom(addr, port)
	if v.known[at] {
		k.lose(n.place, "%s is not converted, as in keepalived: it is a duplicate", n)
		return
	}
	v.known[at] = true
	v.real = append(v.real, confServerNode{n, v.forward})
}

// wrongFamily returns why keepalived leaves out a service of a group: its servers do not
// reach all of its addresses.
func (k *keepalived) wrongFamily(v *keepalivedService) string {
	if !v.group || v.family == 0 {
		return ""
	}
	for _, a := range v.virtual {
		f := a.family
		if !a.isMark {
			f = kernel.FamilyOf(a.addr)
		}
		if f != 0 && f != v.family {
			return fmt.Sprintf("the group has an %v address, and the service has %v servers", f, v.family)
		}
	}
	return ""
}

// identify sets the service's addresses. A mark gets the family of the servers.
func (k *keepalived) identify(v *keepalivedService) {
	family := v.family
	if family == 0 && (v.group || len(v.servers) == 0) {
		family = kernel.IPv4
	}
	if family == 0 {
		family = kernel.FamilyOf(v.servers[0].addr)
		for _, s := range v.servers {
			if kernel.FamilyOf(s.addr) != family {
				family = kernel.IPv4
			}
		}
	}
	for _, a := range v.virtual {
		switch {
		case a.isMark && a.family != 0:
			v.Addresses = append(v.Addresses, kernel.MarkID(a.mark, a.family))
		case a.isMark:
			v.Addresses = append(v.Addresses, kernel.MarkID(a.mark, family))
		default:
			v.Addresses = append(v.Addresses, kernel.ServiceID{Family: kernel.FamilyOf(a.addr), Protocol: v.protocol,
				Addr: a.addr, Port: a.port})
		}
	}
}
