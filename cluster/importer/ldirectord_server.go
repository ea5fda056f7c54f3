package importer

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"lvs/cluster"
	"lvs/kernel"
)

// ldReal is a real server while it is read.
type ldReal struct {
	place
	addr     netip.Addr
	port     uint16 // as given; zero is none
	forward  kernel.Forward
	weight   int
	request  *string // nil is the service's
	receive  string
	up, down uint32 // thresholds
}

// ldirectordReal is ADDRESS[->ADDRESS][:PORT] METHOD [WEIGHT] ["REQUEST", "RECEIVE"] [l:N] [u:N].
// It is compiled at its first use, so that other commands do not pay for it.
var ldirectordReal = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+?)` +
		`(?:->(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+))?(?::([A-Za-z0-9_-]+))?\s+(gate|masq|ipip)` +
		`(?:\s+(\d+))?(?:\s+"(.*)"[, ]\s*"(.*)")?(?:\s+"?l:(\d+)"?)?(?:\s+"?u:(\d+)"?)?\s*$`)
})

func (l *ldirectord) real(s *ldService, c ldSetting) {
	m := ldirectordReal().FindStringSubmatch(c.value)
	if m == nil {
		l.fault(c.place, `invalid %s %s: want ADDRESS[->ADDRESS][:PORT] gate|masq|ipip [WEIGHT] ["REQUEST", "RECEIVE"] `+
			`[l:LOWER] [u:UPPER]`, c.key, c.value)
		return
	}
	r := ldReal{place: c.place, forward: ldForward(m[4]), weight: 1}
	var ok bool
	if r.addr, ok = l.host(c.place, strings.Trim(m[1], "[]"), s.id.Family); !ok {
		return
	}
	if m[3] != "" {
		r.port, _ = l.port(c.place, m[3], s.id.Protocol)
	}
	number := func(what, text string) int {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			l.fault(c.place, "invalid %s %q: want a number from 0 to 2147483647", what, text)
		}
		return int(n)
	}
	if m[5] != "" {
		r.weight = number("weight", m[5])
	}
	if m[6] != "" || m[7] != "" {
		r.request, r.receive = &m[6], m[7]
	}
	if m[8] != "" {
		r.down = uint32(number("lower threshold", m[8]))
	}
	if m[9] != "" {
		r.up = uint32(number("upper threshold", m[9]))
	}
	if r.down > r.up {
		l.fault(c.place, "the lower threshold %d is higher than the upper threshold %d, which the kernel refuses",
			r.down, r.up)
	}
	last := r.addr
	if m[2] != "" {
		if last, ok = l.host(c.place, strings.Trim(m[2], "[]"), s.id.Family); !ok {
			return
		}
		if s.id.Family == kernel.IPv6 || last.Less(r.addr) {
			l.fault(c.place, "invalid range \"%s->%s\": want a range of IPv4 addresses", r.addr, last)
			return
		}
	}
	l.addServers(s, r, last)
}

// count counts the servers of all services, and reports whether they are not too many.
func (l *ldirectord) count(virtuals []*ldVirtual) bool {
	for _, v := range virtuals {
		for _, c := range v.settings {
			m := ldirectordReal().FindStringSubmatch(c.value)
			if (c.key == "real" || c.key == "real6") && m != nil && !l.take(c.place, rangeOf(m[1], m[2])) {
				return false
			}
		}
	}
	return true
}

// rangeOf returns the number of addresses in a range. Names count as one.
func rangeOf(from, to string) int {
	first, err := netip.ParseAddr(from)
	last, err2 := netip.ParseAddr(to)
	if err != nil || err2 != nil || !first.Less(last) {
		return 1
	}
	return rangeSize(first, last)
}

// addServers adds the servers of a range.
func (l *ldirectord) addServers(s *ldService, r ldReal, last netip.Addr) {
	l.portGoes(r.place, r.addr, r.port, r.forward, s.Addresses)
	for ; ; r.addr = r.addr.Next() {
		if len(s.servers) >= mostAddresses {
			l.fault(r.place, "more than %d servers", mostAddresses)
			return
		}
		f := cluster.FileServer{Address: l.addressOf(s, r.addr, r.port, r.forward), Forward: r.forward.String(),
			Upper: r.up, Lower: r.down}
		if r.weight != cluster.DefaultWeight {
			f.Weight = &r.weight
		}
		if old, ok := s.index[f.Address]; ok {
			l.note(r.place, "%s is a duplicate: the last one is used", f.Address)
			s.Servers[old], s.servers[old] = f, r
		} else {
			s.index[f.Address] = len(s.Servers)
			s.Servers, s.servers = append(s.Servers, f), append(s.servers, r)
		}
		if r.addr == last {
			return
		}
	}
}

// addressOf returns a server's address with the port that it gets in the kernel: ipvsadm
// sets the service's, except with NAT or a firewall mark.
func (l *ldirectord) addressOf(s *ldService, a netip.Addr, port uint16, f kernel.Forward) string {
	if port == 0 || s.id.FWMark == 0 && f != kernel.NAT {
		return a.String()
	}
	return withPort(a, port, s.id.Port)
}

func ldForward(word string) kernel.Forward {
	return map[string]kernel.Forward{"gate": kernel.Direct, "masq": kernel.NAT, "ipip": kernel.Tunneling}[word]
}

// fallback imports the service's own fallback, or the file's.
func (l *ldirectord) fallback(s *ldService) {
	key := "fallback"
	if s.id.Family == kernel.IPv6 {
		key = "fallback6"
	}
	c, ok := l.global[key]
	switch {
	case s.fall != nil:
		c = *s.fall
	case !ok:
		return
	case s.id.FWMark != 0:
		l.note(s.place, "the %s of the whole file is not for firewall marks", key)
		return
	}
	words := strings.Fields(c.value)
	if len(words) == 0 || len(words) > 2 || len(words) == 2 && ldForward(words[1]) == 0 && words[1] != "masq" {
		l.fault(c.place, "invalid %s %q: want ADDRESS[:PORT] [gate|masq|ipip]", c.key, c.value)
		return
	}
	host, name := cutPort(words[0])
	addr, ok := l.host(c.place, host, s.id.Family)
	if !ok {
		return
	}
	var port uint16
	if name != "" {
		port, _ = l.port(c.place, name, s.id.Protocol)
	}
	forward := kernel.Direct
	if len(words) == 2 {
		forward = ldForward(words[1])
	}
	s.Health.Fallback = l.addressOf(s, addr, port, forward)
	s.Forward = forward.String() // for a service without servers
	if shared := cluster.SharedForward(s.FileService); shared != s.Forward {
		if !addr.IsLoopback() {
			l.note(c.place, "the fallback gets the forwarding method of the service's servers, %s and not %s",
				shared, s.Forward)
		}
		if shared != kernel.NAT.String() && s.id.FWMark == 0 {
			s.Health.Fallback = addr.String() // only NAT changes the port
		}
	}
	if _, there := s.index[s.Health.Fallback]; there {
		l.note(c.place, "the fallback %s is not converted: it is one of the servers", s.Health.Fallback)
		s.Health.Fallback = ""
	}
}
