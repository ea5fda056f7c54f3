package importer

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// Ldirectord turns a ldirectord.cf(5) into a cluster file. If the manual and ldirectord
// 4.12 differ, it does what the program does.
func Ldirectord(src Text, names Names) (*cluster.File, []Note, error) {
	l := &ldirectord{importer: &importer{names: names}, global: map[string]ldSetting{}}
	virtuals := l.read(src)
	if !l.count(virtuals) {
		return l.result(src.Name)
	}
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
	s := &ldService{FileService: &l.file.Services[len(l.file.Services)-1], ldSetting: v.ldSetting,
		check: l.checkDefaults(), index: map[string]int{}}
	l.service = s.FileService
	defer func() { l.service = nil }()
	if g, ok := l.global["quiescent"]; ok {
		s.quiet = l.yesNo(g)
	}
	s.Scheduler = "wrr"
	protocol := ldSetting{}
	for _, c := range v.settings {
		if c.key == "protocol" {
			protocol = c // needed to look up ports
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
		l.note(s.place, "netmask is not converted: it has no effect without persistent")
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
			l.fault(s.place, "invalid firewall mark \"%d\": want a number from 1 to 2147483647", mark)
			return false
		}
		if protocol.value != "" && protocol.value != "fwm" {
			l.fault(protocol.place, "invalid protocol %q: want fwm for a firewall mark", protocol.value)
		}
		s.id = kernel.MarkID(uint32(mark), family)
	} else {
		host, port := cutPort(s.value)
		if port == "" {
			l.fault(s.place, "invalid %s %q: want ADDRESS:PORT or a firewall mark", s.key, s.value)
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
			l.fault(protocol.place, "invalid protocol %q: want tcp or udp", protocol.value)
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

// cutPort splits HOST:PORT and [ADDRESS]:PORT. The port is empty if there is none.
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
			l.fault(c.place, "unexpected %s in %s", c.key, s.key)
			return
		}
		if strings.HasPrefix(c.key, "real") {
			s.real = append(s.real, c)
		} else {
			s.fall = &c
		}
	case "scheduler":
		l.scheduler(s, c)
	case "schedflags":
		s.flags = &c // the scheduler may follow
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
			l.note(c.place, "ops is not converted: it works for UDP only, and ldirectord ignores it here")
		}
	case "servicename":
		s.Name = c.value
	case "comment":
		s.Comments = append(s.Comments, c.value)
	case "quiescent":
		s.quiet = l.yesNo(c)
	case "login":
		s.check.login = &c // the service may follow
	case "database":
		s.check.database = &c
	case "passwd", "secret":
		l.note(c.place, "%s is not converted: a cluster file has no secrets", c.key)
	default:
		if why := ldirectordReason(c.key); why != "" {
			l.note(c.place, "%s is not converted: %s", c.key, why)
			return
		}
		l.checkSetting(&s.check, c)
	}
}

// scheduler reads the name of a scheduler: the first lower-case letters, as ldirectord.
func (l *ldirectord) scheduler(s *ldService, c ldSetting) {
	isLetter := func(r rune) bool { return 'a' <= r && r <= 'z' }
	start := strings.IndexFunc(c.value, isLetter)
	if start < 0 {
		l.fault(c.place, "invalid scheduler %q: want a name in lower-case letters", c.value)
		return
	}
	name := c.value[start:]
	name = name[:len(name)-len(strings.TrimLeftFunc(name, isLetter))]
	if name != c.value && strings.Trim(c.value, `"'`) != name {
		l.note(c.place, "scheduler %q became %s, as in ldirectord", c.value, name)
	}
	if len(name) > kernel.MaxName {
		l.fault(c.place, "invalid scheduler %q: want at most %d letters", name, kernel.MaxName)
		return
	}
	if !slices.Contains(linuxSchedulers, name) {
		l.note(c.place, "Linux has no scheduler %s: ldirectord cannot add this service unless the kernel has a module "+
			"ip_vs_%s", name, name)
	}
	s.Scheduler = name
}

func (l *ldirectord) number(c ldSetting, low, high int) int {
	n, err := strconv.Atoi(c.value)
	if err != nil || n < low || n > high {
		l.fault(c.place, "invalid %s %q: want a number from %d to %d", c.key, c.value, low, high)
		return low
	}
	return n
}

func (l *ldirectord) yesNo(c ldSetting) string {
	if c.value != "yes" && c.value != "no" {
		l.fault(c.place, "invalid %s %q: want yes or no", c.key, c.value)
	}
	return c.value
}

// quoted removes the quotes that some values must have.
func (l *ldirectord) quoted(c ldSetting) string {
	inside, ok := strings.CutPrefix(c.value, `"`)
	end := strings.LastIndexByte(inside, '"')
	if !ok || end < 0 {
		l.fault(c.place, "invalid %s %q: want a value in double quotes", c.key, c.value)
		return ""
	}
	return inside[:end]
}

// ldirectordSetting reports whether a virtual service may have a setting, and whether
// the setting is allowed outside of services too.
func ldirectordSetting(key string) (ofFile, known bool) {
	switch key {
	case "checktimeout", "negotiatetimeout", "checkcount", "failurecount", "checkinterval", "fallback", "fallback6",
		"fallbackcommand", "quiescent", "emailalert", "emailalertfreq", "emailalertstatus", "cleanstop", "smtp":
		return true, true
	case "real", "real6", "request", "receive", "checktype", "checkcommand", "checkport", "login", "passwd",
		"database", "secret", "load", "scheduler", "persistent", "schedflags", "netmask", "protocol", "ops",
		"service", "httpmethod", "virtualhost", "monitorfile", "servicename", "comment":
		return false, true
	}
	return false, false
}

// ldirectordOwn are settings of the whole file that concern ldirectord itself.
var ldirectordOwn = []string{"autoreload", "callback", "logfile", "execute", "fork", "supervised", "readdquiescent",
	"emailalertfrom", "maintenancedir"}

// read splits the text into services. A line that is indented by four spaces or a tab
// belongs to the service above it; any other line ends that.
func (l *ldirectord) read(src Text) []*ldVirtual {
	var out []*ldVirtual
	var current *ldVirtual
	number := 0
	for line := range strings.Lines(src.Text) {
		number++
		at := place{src.Name, number}
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		text, _, _ := strings.Cut(strings.ReplaceAll(line, "\t", "    "), "#")
		text = strings.TrimRight(text, " \r\n")
		if text == "" {
			current = nil
			continue
		}
		key, value, ok := strings.Cut(strings.TrimSpace(text), "=")
		s := ldSetting{at, strings.TrimSpace(key), strings.TrimSpace(value)}
		inside := strings.HasPrefix(text, "    ")
		switch {
		case !ok && s.key == "supervised" && !inside:
			l.global[s.key] = s
		case !ok:
			l.fault(at, "invalid line %q: want KEY = VALUE", s.key)
		case inside && current == nil:
			l.fault(at, "%s is indented, but no virtual service is directly above it", s.key)
		case inside:
			if _, known := ldirectordSetting(s.key); !known {
				l.fault(at, "unknown setting %s in a virtual service", s.key)
				continue
			}
			current.settings = append(current.settings, s)
		case s.key == "virtual" || s.key == "virtual6":
			current = &ldVirtual{ldSetting: s}
			out = append(out, current)
		case strings.HasPrefix(text, " "):
			l.fault(at, "%s is indented by less than four spaces", s.key)
		default:
			current = nil
			if ofFile, _ := ldirectordSetting(s.key); !ofFile && !slices.Contains(ldirectordOwn, s.key) {
				l.fault(at, "unknown setting %s outside of a virtual service", s.key)
				continue
			}
			l.globalSetting(s)
		}
	}
	return out
}

func (l *ldirectord) globalSetting(s ldSetting) {
	l.global[s.key] = s
	switch why := ldirectordReason(s.key); {
	case why != "":
		l.note(s.place, "%s is not converted: %s", s.key, why)
	case slices.Contains(ldirectordOwn, s.key):
		l.note(s.place, "%s is not converted: it concerns ldirectord itself", s.key)
	}
}

// ldirectordReason returns why a setting is not converted, or nothing if it is.
func ldirectordReason(key string) string {
	switch key {
	case "emailalert", "emailalertfreq", "emailalertstatus", "emailalertfrom", "smtp":
		return "lvs sends no mail"
	case "maintenancedir":
		return "use a check of type file, which takes a server out of use while a file exists"
	case "fallbackcommand", "callback":
		return "use director.hook, a program that is run for each event"
	case "cleanstop":
		return "use director.onStop, which is for all services"
	case "monitorfile":
		return "checks have no log file of their own"
	case "load":
		return "it has no effect in ldirectord either"
	}
	return ""
}
