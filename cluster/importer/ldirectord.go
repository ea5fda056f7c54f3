package importer

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// Ldirectord makes a cluster file of a ldirectord.cf(5). Where the manual
// and ldirectord 4.12 differ it does as the program does.
func Ldirectord(src Text, names Names) (*cluster.File, []Note, error) {
	l := &ldirectord{importer: &importer{names: names}, global: map[string]ldSetting{}}
	virtuals := l.read(src)
	for _, v := range virtuals {
		l.virtual(v)
	}
	cluster.ShareDefaults(&l.file)
	return l.result(src.Name)
}

// ldirectord reads a ldirectord.cf.
type ldirectord struct {
	*importer
	global map[string]ldSetting
}

// ldSetting is KEY=VALUE.
type ldSetting struct {
	place
	key, value string
}

// ldVirtual is a virtual service with the lines that belong to it.
type ldVirtual struct {
	ldSetting
	settings []ldSetting
}

// ldService is a virtual service while it is read.
type ldService struct {
	*cluster.FileService
	ldSetting
	id      kernel.ServiceID
	check   ldCheck
	real    []ldSetting
	servers []ldReal
	index   map[string]int // of the servers, by address
	fall    *ldSetting
	flags   *ldSetting
	quiet   string // quiescent
}

func (l *ldirectord) virtual(v *ldVirtual) {
	l.file.Services = append(l.file.Services, cluster.FileService{})
	s := &ldService{FileService: &l.file.Services[len(l.file.Services)-1], ldSetting: v.ldSetting, check: l.checkDefaults(), index: map[string]int{}}
	l.service = s.FileService
	defer func() { l.service = nil }()
	if g, ok := l.global["quiescent"]; ok {
		s.quiet = l.yesNo(g)
	}
	s.Scheduler = "wrr"
	protocol := ldSetting{}
	for _, c := range v.settings {
		if c.key == "protocol" {
			protocol = c // names of ports need it
		}
	}
	if !l.identify(s, protocol) {
		l.file.Comments = append(l.file.Comments, s.Comments...)
		l.file.Services = l.file.Services[:len(l.file.Services)-1]
		return
	}
	for _, c := range v.settings {
		l.setting(s, c)
	}
	if s.flags != nil {
		f, err := kernel.ParseSchedFlags(s.Scheduler, s.flags.value)
		if err != nil {
			l.fault(s.flags.place, "%v", err)
		} else if f != 0 {
			s.Flags = f.Names(s.Scheduler)
		}
	}
	if s.Persistence == 0 && s.Netmask != 0 {
		s.Netmask = 0
		l.note(s.place, "netmask has no effect without persistent")
	}
	for _, c := range s.real {
		l.real(s, c)
	}
	l.fallback(s)
	l.health(s)
}

// identify reads ADDRESS:PORT or a mark.
func (l *ldirectord) identify(s *ldService, protocol ldSetting) bool {
	family := kernel.IPv4
	if s.key == "virtual6" {
		family = kernel.IPv6
	}
	if mark, err := strconv.ParseUint(s.value, 10, 32); err == nil {
		if mark == 0 || mark > 1<<31-1 {
			l.fault(s.place, "the mark %d is out of range", mark)
			return false
		}
		if protocol.value != "" && protocol.value != "fwm" {
			l.fault(protocol.place, "protocol %q: that of a firewall mark is fwm", protocol.value)
		}
		s.id = kernel.MarkID(uint32(mark), family)
	} else {
		host, port := cutPort(s.value)
		if port == "" {
			l.fault(s.place, "%s = %s: it is ADDRESS:PORT or a firewall mark", s.key, s.value)
			return false
		}
		p := kernel.TCP
		switch protocol.value {
		case "tcp":
		case "udp":
			p = kernel.UDP
		case "":
			if port == "53" || port == "domain" {
				p = kernel.UDP
			}
		default:
			l.fault(protocol.place, "protocol %q: it is tcp or udp", protocol.value)
		}
		addr, ok := l.host(s.place, host, family)
		number, found := l.port(s.place, port, p)
		if !ok || !found {
			return false
		}
		s.id = kernel.AddressID(p, netip.AddrPortFrom(addr, number))
	}
	l.claim(s.place, s.id)
	s.Addresses = []kernel.ServiceID{s.id}
	return true
}

// cutPort cuts HOST:PORT and [ADDRESS]:PORT. Without a port it is empty.
func cutPort(s string) (host, port string) {
	if inside, ok := strings.CutPrefix(s, "["); ok {
		host, rest, _ := strings.Cut(inside, "]")
		return host, strings.TrimPrefix(rest, ":")
	}
	host, port, _ = strings.Cut(s, ":")
	return host, port
}

// setting reads a line of a virtual service.
func (l *ldirectord) setting(s *ldService, c ldSetting) {
	six := s.id.Family == kernel.IPv6
	switch c.key {
	case "protocol": // read already
	case "real", "real6", "fallback", "fallback6":
		if strings.HasSuffix(c.key, "6") != six {
			l.fault(c.place, "%s has no place in %s", c.key, s.key)
			return
		}
		if strings.HasPrefix(c.key, "real") {
			s.real = append(s.real, c)
		} else {
			s.fall = &c
		}
	case "scheduler":
		if s.Scheduler = c.value; strings.Trim(c.value, "abcdefghijklmnopqrstuvwxyz") != "" || c.value == "" || len(c.value) > kernel.MaxName {
			l.fault(c.place, "scheduler %q: it is a name of small letters", c.value)
		}
	case "schedflags":
		s.flags = &c // which may stand before the scheduler
	case "persistent":
		seconds := l.number(c, 1, int(kernel.MaxPersistence/time.Second))
		s.Persistence = time.Duration(seconds) * time.Second
	case "netmask":
		m, err := kernel.ParseNetmask(s.id.Family, c.value)
		if err != nil {
			l.fault(c.place, "%v", err)
		}
		s.Netmask = m
	case "ops":
		if s.OnePacket = l.yesNo(c) == "yes" && s.id.Protocol == kernel.UDP; !s.OnePacket && c.value == "yes" {
			l.note(c.place, "ops is for UDP alone; ldirectord ignores it here")
		}
	case "servicename":
		s.Name = c.value
	case "comment":
		s.Comments = append(s.Comments, c.value)
	case "quiescent":
		s.quiet = l.yesNo(c)
	case "login", "passwd", "database", "secret":
		l.note(c.place, "%s is not carried: no check logs in, and a cluster file holds no secrets", c.key)
	default:
		if why := ldirectordReason(c.key); why != "" {
			l.note(c.place, "%s is not carried: %s", c.key, why)
			return
		}
		l.checkSetting(&s.check, c)
	}
}

func (l *ldirectord) number(c ldSetting, low, high int) int {
	n, err := strconv.Atoi(c.value)
	if err != nil || n < low || n > high {
		l.fault(c.place, "%s %q: it is a number from %d to %d", c.key, c.value, low, high)
		return low
	}
	return n
}

func (l *ldirectord) yesNo(c ldSetting) string {
	if c.value != "yes" && c.value != "no" {
		l.fault(c.place, "%s %q is neither yes nor no", c.key, c.value)
	}
	return c.value
}

// quoted takes the quotes away that some values must have.
func (l *ldirectord) quoted(c ldSetting) string {
	inside, ok := strings.CutPrefix(c.value, `"`)
	end := strings.LastIndexByte(inside, '"')
	if !ok || end < 0 {
		l.fault(c.place, "%s %s: the value stands in quotes", c.key, c.value)
		return ""
	}
	return inside[:end]
}
