package importer

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// ldCheck is how the servers of a service are examined. Zero is not said.
type ldCheck struct {
	kind      string // checktype
	combined  int    // connects for one negotiation
	service   string
	command   string
	request   *string
	receive   string
	host      string
	head      bool
	port      uint16
	timeout   time.Duration // for connects, programs and pings
	negotiate time.Duration
	interval  time.Duration
	failures  int
	pings     int
}

// ldirectordServices are the services that can be examined, by their usual port.
var ldirectordServices = []struct {
	port uint16
	name string
}{
	{21, "ftp"}, {25, "smtp"}, {53, "dns"}, {80, "http"}, {110, "pop"}, {119, "nntp"}, {143, "imap"}, {389, "ldap"},
	{443, "https"}, {587, "submission"}, {636, "ldaps"}, {993, "imaps"}, {995, "pops"}, {1521, "oracle"},
	{1812, "radius"}, {3128, "http_proxy"}, {3306, "mysql"}, {5060, "sip"}, {5432, "pgsql"},
}

func (l *ldirectord) checkDefaults() ldCheck {
	c := ldCheck{kind: "negotiate", command: "/bin/true", interval: 10 * time.Second, failures: 1, pings: 1}
	for _, key := range []string{"checkinterval", "failurecount", "checkcount"} {
		if s, ok := l.global[key]; ok {
			l.checkSetting(&c, s)
		}
	}
	return c
}

// checkSetting reads what is said of checks.
func (l *ldirectord) checkSetting(c *ldCheck, s ldSetting) {
	seconds := func() time.Duration { return time.Duration(l.number(s, 1, 86400)) * time.Second }
	switch s.key {
	case "checktimeout":
		c.timeout = seconds()
	case "negotiatetimeout":
		c.negotiate = seconds()
	case "checkinterval":
		d := seconds()
		if s == l.global[s.key] || l.global["fork"].value == "yes" {
			c.interval = d
		} else {
			l.note(s.place, "checkinterval has no effect here without fork=yes")
		}
	case "failurecount":
		c.failures = l.number(s, 1, mostResults)
	case "checkcount":
		c.pings = l.number(s, 1, mostResults)
	case "checkport":
		c.port = uint16(l.number(s, 1, 65535))
	case "checktype":
		l.checkType(c, s)
	case "service":
		if c.service = s.value; !isLdService(s.value) {
			l.fault(s.place, "service %q cannot be examined", s.value)
		}
	case "checkcommand":
		c.command = strings.Trim(s.value, `"`)
	case "request":
		text := l.quoted(s)
		c.request = &text
	case "receive":
		c.receive = l.quoted(s)
	case "virtualhost":
		c.host = strings.Trim(s.value, `"`)
	case "httpmethod":
		if c.head = strings.EqualFold(s.value, "HEAD"); !c.head && !strings.EqualFold(s.value, "GET") {
			l.fault(s.place, "httpmethod %q is neither GET nor HEAD", s.value)
		}
	}
}

func (l *ldirectord) checkType(c *ldCheck, s ldSetting) {
	switch c.kind = s.value; c.kind {
	case "connect", "external", "external-perl", "negotiate", "off", "on", "ping":
		return
	}
	n, err := strconv.Atoi(s.value)
	if err != nil || n < 0 {
		l.fault(s.place, "checktype %q is none, and no number", s.value)
	}
	c.kind, c.combined = "negotiate", n
}

func isLdService(s string) bool {
	if s == "none" || s == "simpletcp" {
		return true
	}
	for _, known := range ldirectordServices {
		if s == known.name {
			return true
		}
	}
	return false
}

// health carries what is done about servers that fail.
func (l *ldirectord) health(s *ldService) {
	c := &s.check
	// The two timeouts stand in for one another, and the service's own come first.
	own, ownNegotiate := c.timeout, c.negotiate
	var global ldCheck
	for _, key := range []string{"checktimeout", "negotiatetimeout"} {
		if g, ok := l.global[key]; ok {
			l.checkSetting(&global, g)
		}
	}
	c.timeout = cmp.Or(own, ownNegotiate, global.timeout, global.negotiate, 5*time.Second)
	c.negotiate = cmp.Or(ownNegotiate, own, global.negotiate, global.timeout, 30*time.Second)
	if c.service == "" && s.id.FWMark == 0 {
		for _, usual := range ldirectordServices {
			if usual.port == s.id.Port {
				c.service = usual.name
			}
		}
	}
	if s.quiet == "yes" {
		s.Health.OnDown.Then = "keep"
	}
	if c.kind == "off" {
		l.note(s.place, "checktype=off: ldirectord adds no server and no fallback; the servers are here with weight 0")
		s.Health.Fallback = ""
		for i := range s.Servers {
			s.Servers[i].Weight = new(int)
		}
		return
	}
	checks := make([][]cluster.Check, len(s.servers))
	for i := range s.servers {
		checks[i] = l.checks(s, &s.servers[i])
	}
	cluster.SpreadChecks(s.FileService, checks)
	if s.quiet != "yes" {
		removeAtOnce(&s.Health, checks)
	}
}

// checks gives what examines a server; none where it always counts as well.
func (l *ldirectord) checks(s *ldService, r *ldReal) []cluster.Check {
	made, ok := l.check(s, r)
	if !ok {
		return nil
	}
	c := &s.check
	made.Every = l.within(s.place, "checkinterval", c.interval, time.Second, time.Hour)
	made.Timeout = l.within(s.place, "the timeout", cmp.Or(made.Timeout, c.timeout), time.Second, time.Hour)
	made.Rise, made.Fall = 1, c.failures
	if c.failures > 1 {
		made.FastEvery = made.Every // ldirectord has one interval
	}
	return []cluster.Check{made}
}

func (l *ldirectord) check(s *ldService, r *ldReal) (cluster.Check, bool) {
	c := &s.check
	switch c.kind {
	case "on":
		return cluster.Check{}, false
	case "ping":
		if c.pings > 1 {
			l.noteOnce(s.place, "checkcount is not carried: one ping is one result, and fall says how many must fail")
		}
		return cluster.Check{Type: "icmp"}, true
	case "connect":
		if s.id.Protocol == kernel.UDP {
			return cluster.Check{Type: "icmp"}, true // a UDP port cannot be connected to
		}
		return cluster.Check{Type: "tcp", Port: l.checkPort(s, r)}, true
	case "external", "external-perl":
		return l.external(s, r), true
	}
	if c.combined > 0 {
		l.note(s.place, "checktype=%d is not carried: each check negotiates", c.combined)
	}
	made, ok := l.negotiate(s, r)
	if made.Timeout = c.negotiate; made.Type == "icmp" {
		made.Timeout = c.timeout
	}
	return made, ok
}

// external runs a program with both addresses and ports, as ldirectord does.
func (l *ldirectord) external(s *ldService, r *ldReal) cluster.Check {
	address := func(a string, six bool) string {
		if six {
			return "[" + a + "]"
		}
		return a
	}
	six := s.id.Family == kernel.IPv6
	service, port := address(s.id.Addr.String(), six), s.id.Port
	if s.id.FWMark != 0 {
		service, port = strconv.Itoa(int(s.id.FWMark)), 0
	}
	var command []string
	if s.check.kind == "external-perl" {
		command = append(command, "perl")
	}
	return cluster.Check{Type: "exec", Command: append(command, s.check.command, service, strconv.Itoa(int(port)),
		address(r.addr.String(), six), strconv.Itoa(int(r.port)))}
}

// checkPort is what is asked, if it is not the server's port in the kernel.
func (l *ldirectord) checkPort(s *ldService, r *ldReal) uint16 {
	port := cmp.Or(s.check.port, r.port)
	if port == 0 {
		for _, usual := range ldirectordServices {
			if usual.name == s.check.service {
				port = usual.port
			}
		}
	}
	inKernel := s.id.Port
	if r.port != 0 && (s.id.FWMark != 0 || r.forward == kernel.NAT) {
		inKernel = r.port
	}
	if port == 0 && inKernel == 0 {
		l.note(r.place, "there is no port to ask: neither checkport, the server nor the service has one")
	}
	if port == inKernel {
		return 0
	}
	return port
}
