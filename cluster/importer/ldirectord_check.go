package importer

import (
	"cmp"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"lvs/cluster"
	"lvs/kernel"
)

// ldCheck is the check of a service's servers. Zero is not given.
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
	// login and database are nil if they are not given.
	login, database *ldSetting
}

// ldirectordServices are the services that ldirectord can check, with their usual port.
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

// checkSetting reads a setting of checks.
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
			l.note(s.place, "checkinterval is not converted: in a service it has no effect without fork=yes")
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
			l.fault(s.place, "invalid service %q: ldirectord has no check for it", s.value)
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
			l.fault(s.place, "invalid httpmethod %q: want GET or HEAD", s.value)
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
		l.fault(s.place, "invalid checktype %q: want a type or a number", s.value)
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

// health imports the checks and what to do with failed servers.
func (l *ldirectord) health(s *ldService) {
	c := &s.check
	// Each of the two timeouts is the default of the other one; the service's own come
	// first.
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
	l.loginSettings(s)
	if s.quiet == "yes" {
		s.Health.OnDown.Then = "keep"
	}
	if c.kind == "off" {
		l.note(s.place, "checktype=off: the servers have weight 0, and there is no fallback; ldirectord adds neither")
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

// checks returns the checks of a server; none if it always counts as healthy.
func (l *ldirectord) checks(s *ldService, r *ldReal) []cluster.Check {
	made, ok := l.check(s, r)
	if !ok {
		return nil
	}
	c := &s.check
	if (made.Type == "tcp" || made.Type == "udp") && made.Port == 0 && l.portOf(s, r) == 0 {
		l.note(r.place, "the check is not converted: it has no port to probe, because there is no checkport, and neither "+
			"the server nor the service has one")
		return nil
	}
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
			l.noteOnce(s.place, "checkcount is not converted: use the key fall, the number of failed pings in a row")
		}
		return cluster.Check{Type: "icmp"}, true
	case "connect":
		if s.id.Protocol == kernel.UDP {
			return cluster.Check{Type: "icmp"}, true // UDP has no connections
		}
		return cluster.Check{Type: "tcp", Port: l.checkPort(s, r)}, true
	case "external", "external-perl":
		return l.external(s, r), true
	}
	if c.combined > 0 {
		l.note(s.place, "checktype=%d is not converted: every check is a full one (negotiate)", c.combined)
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

// checkPort returns the port to probe, or zero if it is the server's in the kernel.
func (l *ldirectord) checkPort(s *ldService, r *ldReal) uint16 {
	port := cmp.Or(s.check.port, r.port)
	if port == 0 {
		for _, usual := range ldirectordServices {
			if usual.name == s.check.service {
				port = usual.port
			}
		}
	}
	if port == l.portOf(s, r) {
		return 0
	}
	return port
}

// portOf returns the port of a server in the kernel.
func (l *ldirectord) portOf(s *ldService, r *ldReal) uint16 {
	if r.port != 0 && (s.id.FWMark != 0 || r.forward == kernel.NAT) {
		return r.port
	}
	return s.id.Port
}

// negotiate returns the check that speaks the service's protocol.
func (l *ldirectord) negotiate(s *ldService, r *ldReal) (cluster.Check, bool) {
	c := &s.check
	request, receive := "", c.receive
	if c.request != nil {
		request = *c.request
	}
	if r.request != nil {
		request, receive = *r.request, r.receive
	}
	made := cluster.Check{Port: l.checkPort(s, r)}
	switch c.service {
	case "", "none":
		return cluster.Check{}, false
	case "http", "https":
		return l.web(s, made, request, receive), true
	case "http_proxy":
		return l.proxy(s, made, request, receive), true
	case "simpletcp":
		made.Type, made.Send = "tcp", strings.ReplaceAll(strings.TrimPrefix(request, "/"), `\n`, "\n")
		made.Expect = l.regex(s, receive)
		return made, true
	case "smtp", "submission":
		made.Type = "smtp"
	case "pop", "imap":
		made.Type = map[string]string{"pop": "pop3", "imap": "imap"}[c.service]
	case "nntp":
		made.Type, made.Expect = "tcp", "^2"
	case "ftp":
		made.Type, made.Expect = "tcp", "^220"
		l.note(s.place, "service=ftp: the check reads the greeting only, it does not log in or fetch a file")
		return made, true
	case "pops", "imaps", "ldaps":
		made.Type = "tls"
		l.note(s.place, "service=%s: the check ends with the TLS handshake", c.service)
		return made, true
	case "ldap":
		made.Type, made.BaseDN = "ldap", strings.TrimPrefix(request, "/")
	case "dns":
		made.Type, made.Name, made.Query = "dns", strings.TrimPrefix(request, "/"), "A"
		if made.Name == "" {
			made.Name = "."
			l.note(s.place, "the check asks for the root domain, because there is no request")
		}
		if isAddress(made.Name) {
			made.Query = "PTR"
		}
	case "mysql", "pgsql":
		return l.login(s, made, request), true
	default: // oracle, radius, sip
		made.Type = "tcp"
		if s.id.Protocol == kernel.UDP {
			made = cluster.Check{Type: "icmp"}
		}
		l.note(s.place, "service=%s became a %s check: a cluster file has no such check", c.service, made.Type)
		return made, true
	}
	if receive != "" {
		l.note(s.place, "receive is not converted: a check of type %s does not compare the answer", made.Type)
	}
	return made, true
}

// login returns the check that logs in to a database. ldirectord has a password, and queries.
func (l *ldirectord) login(s *ldService, made cluster.Check, request string) cluster.Check {
	c := &s.check
	made.Type = c.service
	if c.login != nil {
		made.User = strings.Trim(c.login.value, `"`)
	}
	if c.database != nil && made.Type == "pgsql" {
		made.Database = strings.Trim(c.database.value, `"`)
	}
	what := "sends no password"
	if request != "" {
		what += " and no query"
	}
	l.noteOnce(s.place, "service=%s: the check %s; a server that refuses the login is healthy", c.service, what)
	return made
}

// loginSettings notes the settings of a login that the check does not have.
func (l *ldirectord) loginSettings(s *ldService) {
	c := &s.check
	database := c.kind == "negotiate" && (c.service == "mysql" || c.service == "pgsql")
	if c.login != nil && !database {
		l.note(c.login.place, "login is not converted: a check of this type does not log in")
	}
	if c.database != nil && (!database || c.service == "mysql") {
		l.note(c.database.place, "database is not converted: a check of this type selects none")
	}
}

func isAddress(s string) bool {
	return strings.Trim(s, "0123456789.") == "" && s != "" || strings.Contains(s, ":")
}

// web returns the check of a page.
func (l *ldirectord) web(s *ldService, made cluster.Check, request, receive string) cluster.Check {
	c := &s.check
	made.Type, made.Path, made.Host = c.service, "/"+strings.TrimLeft(request, "/"), c.host
	made.Body = l.regex(s, receive)
	if c.head {
		made.Method = "HEAD"
		if made.Body != "" {
			made.Body = ""
			l.note(s.place, "receive is not converted: an answer to HEAD has no body")
		}
	}
	if strings.Contains(request, "://") {
		u, err := url.Parse(strings.TrimPrefix(request, "/"))
		if err != nil {
			l.fault(s.place, "invalid request %q: want a URL", request)
			return made
		}
		made.Path = u.RequestURI()
		l.note(s.place, "request %s: the check asks the server itself for the path, not %s", request, u.Host)
	}
	l.noteOnce(s.place, "ldirectord follows redirects; for a page that redirects, add its status to the check")
	return made
}

// proxy returns the check of another host's page through the server.
func (l *ldirectord) proxy(s *ldService, made cluster.Check, request, receive string) cluster.Check {
	u, err := url.Parse(strings.TrimPrefix(request, "/"))
	if err != nil || u.Scheme != "http" || u.Host == "" {
		l.fault(s.place, "invalid request %q: want a whole URL, http://…, for a proxy", request)
		return made
	}
	made.Type, made.Proxy, made.Path = "http", true, u.String()
	made.Body = l.regex(s, receive)
	return made
}

func (l *ldirectord) regex(s *ldService, text string) string {
	if _, err := regexp.Compile(text); err != nil {
		l.note(s.place, "receive is not converted: invalid regular expression: %s", regexFault(err))
		return ""
	}
	return text
}
