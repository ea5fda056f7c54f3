package cluster

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"lvs/plan"
)

// checkTypes are all types of checks, in the order of the manual.
var checkTypes = []string{"tcp", "tls", "http", "https", "dns", "udp", "smtp", "pop3", "imap", "ldap", "mysql", "pgsql",
	"redis", "icmp", "exec", "file", "agent", "all", "any"}

// Groups of types that share keys.
const (
	ofProbes   = ofSockets + " exec file"
	ofSockets  = ofServices + " icmp agent"
	ofServices = ofTCP + " dns udp"
	ofTCP      = "tcp tls http https smtp pop3 imap ldap mysql pgsql redis"
	ofTLS      = "tls https " + ofStarts
	ofStarts   = "smtp pop3 imap ldap pgsql"
	ofGreeting = "smtp pop3 imap mysql"
)

// usualPorts are the ports of the protocols that checks speak (IANA).
var usualPorts = map[string]uint16{"tls": 443, "http": 80, "https": 443, "dns": 53, "smtp": 25, "pop3": 110,
	"imap": 143, "ldap": 389, "mysql": 3306, "pgsql": 5432, "redis": 6379}

// UsualPort returns the port that a type of check probes if neither the check nor the
// server nor the service has one. It returns 0 for types without such a port.
func UsualPort(kind string) uint16 { return usualPorts[kind] }

// excepted reports whether most types of check have a key, so that a list of the
// others is shorter.
func excepted(of string) bool { return len(strings.Fields(of)) > len(checkTypes)/2 }

// typesOf returns words for the types of check that have a key.
func typesOf(of, and string) string {
	types := strings.Fields(of)
	if !excepted(of) {
		return "type " + enumerate(types, and)
	}
	var others []string
	for _, t := range checkTypes {
		if !slices.Contains(types, t) {
			others = append(others, t)
		}
	}
	return "all types except " + enumerate(others, "and")
}

func (t *tables) checkRecord() record[Check] {
	return record[Check]{id: "Check", title: "Checks", words: "an object with a type",
		doc: "A health check of a server. The director (lvs director run) makes the probes, and masks a server that " +
			"fails them.",
		after: checkCheck,
		keys: slices.Concat([]key[Check]{
			at("type", oneOf(checkTypes...), func(c *Check) *string { return &c.Type }, about{
				doc: "The kind of check. every, fastEvery, timeout, rise and fall are for all kinds of probes, the other keys " +
					"for some types.", example: "http", needed: true}),
			at("of", listOf("a list of checks", t.oneCheck()), func(c *Check) *[]Check { return &c.Of }, about{
				doc:     "The checks that must all pass (all), or of which one must pass (any).",
				example: "[{type: smtp}, {type: tcp, port: 993}]", of: "all any"}),
			at("degrade", part(), func(c *Check) *Share { return &c.Degrade }, about{
				doc:   "The percentage of its weight that a server keeps while this check fails. It is not masked then.",
				value: "the server is masked", example: "50%"}),
		}, timingKeys(), wayKeys(), httpKeys(), tlsKeys(), databaseKeys(), otherCheckKeys())}
}

// oneCheck is a check, or the name of one.
func (t *tables) oneCheck() form[Check] {
	s := shape{words: "the name of a check, or an object with a type", either: []shape{{kind: "string"}, {ref: "Check"}}}
	return form[Check]{s, func(d *decoder, v *tree) (c Check, ok bool) {
		switch v.kind {
		case isText:
			c.Ref, ok = d.text(v, "the name of a check")
		case isObject:
			ok = t.check.read(d, v, &c)
		default:
			d.refuse(v, s)
		}
		return c, ok
	}}
}

func (t *tables) checksForm() form[[]Check] {
	return oneOrMore("a check, the name of a check, or a list of these", t.oneCheck())
}

func timingKeys() []key[Check] {
	const ms = time.Millisecond
	return []key[Check]{
		at("every", period(100*ms, maxInterval, ms), func(c *Check) *time.Duration { return &c.Every }, about{
			doc: "The time between two probes.", value: "2s", example: "5s", of: ofProbes}),
		at("fastEvery", period(100*ms, maxInterval, ms), func(c *Check) *time.Duration { return &c.FastEvery }, about{
			doc: "The time between two probes after a result that differs from the server's present state, healthy or " +
				"unhealthy, until rise or fall decides.", value: "500ms", example: "1s",
			of: ofProbes}),
		at("timeout", period(10*ms, maxInterval, ms), func(c *Check) *time.Duration { return &c.Timeout }, about{
			doc: "How long an answer may take.", value: "1s", example: "3s", of: ofProbes}),
		at("greeting", period(10*ms, maxInterval, ms), func(c *Check) *time.Duration { return &c.Greeting }, about{
			doc: "How long the server's greeting, and all that follows, may take after the connection; timeout is for the " +
				"connection alone then. Such servers look up the name of their client first, and wait for their name server.",
			value: "all of it has to be done within timeout", example: "15s", of: ofGreeting}),
		at("rise", number[int](1, 100), func(c *Check) *int { return &c.Rise }, about{
			doc: "The number of successful probes in a row that make a server healthy.", value: "2", example: "1",
			of: ofProbes}),
		at("fall", number[int](1, 100), func(c *Check) *int { return &c.Fall }, about{
			doc: "The number of failed probes in a row that make a server unhealthy.", value: "3", example: "2", of: ofProbes}),
	}
}

// wayKeys are how a probe reaches the server.
func wayKeys() []key[Check] {
	return []key[Check]{
		at("port", number[uint16](1, 65535), func(c *Check) *uint16 { return &c.Port }, about{
			doc: "The port to probe. A check of type agent needs it, and so do types without a usual port (tcp, udp) if " +
				"neither the server nor the service has one.",
			value: "the server's port, or else the protocol's", example: "8080", of: ofServices + " agent"}),
		at("via", oneOf("path"), func(c *Check) *string { return &c.Via }, about{
			doc: "path sends probes to the service's address, the way the traffic goes, with its forwarding method. It finds " +
				"a server that lacks this address, or its way back. Not for firewall marks. The director marks these " +
				"connections (0x4c560000 to 0x4c56ffff), and keeps a service of each mark while it runs. Over IPv4, direct " +
				"and tunnel need net.ipv4.conf.INTERFACE.accept_local if the director has the service's address itself.",
			value: "directly to the server", example: "path", of: ofServices}),
		at("source", sources(), func(c *Check) *[]netip.Addr { return &c.Source }, about{
			doc: "The local address of probes, or one for each family.", value: "the director's source, or the kernel chooses",
			example: "192.0.2.9", of: ofSockets}),
		at("netns", parsed("the name or the path of a network namespace", parseNetns),
			func(c *Check) *string { return &c.Netns }, about{
				doc:   "The network namespace to probe from: a name as in ip netns, or an absolute path. Not together with via.",
				value: "netns under director, or else the director's own", example: "dmz", of: ofSockets}),
		at("proxyProtocol", number[int](1, 2), func(c *Check) *int { return &c.ProxyProtocol }, about{
			doc:   "Sends a PROXY protocol header of this version first, without addresses (UNKNOWN, LOCAL).",
			value: "no header", example: "2", of: ofTCP}),
		at("reset", truth(), func(c *Check) *bool { return &c.Reset }, about{
			doc: "Ends the connection of a probe with a reset, which leaves no TIME_WAIT on either side.", value: "false",
			example: "true", of: "tcp"}),
	}
}

// sources is an address, or one of each family.
func sources() form[[]netip.Addr] {
	many := oneOrMore("an address, or a list of an IPv4 and an IPv6 address",
		parsed("an IP address of the director", parseUnicast))
	return form[[]netip.Addr]{many.shape, func(d *decoder, t *tree) ([]netip.Addr, bool) {
		list, ok := many.read(d, t)
		if ok && (len(list) > 2 || len(list) == 2 && list[0].Is4() == list[1].Is4()) {
			d.fault(t, "source has several addresses of one family", "leave one for each family")
			return nil, false
		}
		return list, ok
	}}
}

// parseNetns reads a name as in ip netns, or a path.
func parseNetns(s string) (string, error) {
	if strings.Contains(s, "/") && !strings.HasPrefix(s, "/") || s == "." || s == ".." {
		return s, wantError("a name as in ip netns, or an absolute path")
	}
	return s, nil
}

func httpKeys() []key[Check] {
	const of = "http https"
	return []key[Check]{
		at("method", oneOf("GET", "HEAD", "OPTIONS", "POST"), func(c *Check) *string { return &c.Method }, about{
			doc: "The method of the request.", value: "GET", example: "HEAD", of: of}),
		at("path", parsed("a path such as /ready", parsePath), func(c *Check) *string { return &c.Path }, about{
			doc: "The path of the request; with proxy a whole URL.", value: "/", example: "/ready", of: of}),
		at("host", parsed("the name of a host", parseHost), func(c *Check) *string { return &c.Host }, about{
			doc: "The host name in the request.", value: "the server's address", example: "www.example.com", of: of}),
		at("status", oneOrMore("a status, or a list of statuses and ranges such as [200-399, 404]", statusCodes()),
			func(c *Check) *[]StatusRange { return &c.Status }, about{
				doc: "The status codes of a successful answer.", value: "200-299", example: "[200-399]", of: of}),
		at("body", parsed("a regular expression", parsePattern), func(c *Check) *string { return &c.Body }, about{
			doc: "A regular expression (RE2) that the body of the answer must match.", example: "'^ok'", of: of}),
		at("proxy", truth(), func(c *Check) *bool { return &c.Proxy }, about{
			doc: "Sends the request that a proxy gets; for caches.", value: "false", example: "true", of: of}),
	}
}

func tlsKeys() []key[Check] {
	return []key[Check]{
		at("startTLS", truth(), func(c *Check) *bool { return &c.StartTLS }, about{
			doc: "Starts in plain text and switches to TLS.", value: "false", example: "true", of: ofStarts}),
		at("serverName", parsed("the name of a host", parseHost), func(c *Check) *string { return &c.ServerName }, about{
			doc: "The name that is sent in TLS, and that the certificate must have.", value: "host, or none",
			example: "mail.example.com", of: ofTLS}),
		at("verify", truth(), func(c *Check) *bool { return &c.Verify }, about{
			doc: "The certificate must be trusted.", value: "false", example: "true", of: ofTLS}),
		at("expiry", period(time.Hour, 3650*24*time.Hour, time.Second), func(c *Check) *time.Duration { return &c.Expiry },
			about{
				doc: "The certificate must be valid for at least this long.", value: "not checked", example: "7d", of: ofTLS}),
	}
}

func databaseKeys() []key[Check] {
	return []key[Check]{
		at("user", text("the name of a user"), func(c *Check) *string { return &c.User }, about{
			doc:   "The user to log in as. No password is sent: a server that refuses the user is healthy.",
			value: "lvs", example: "monitor", of: "mysql pgsql"}),
		at("database", text("the name of a database"), func(c *Check) *string { return &c.Database }, about{
			doc: "The database to log in to.", value: "the user's", example: "postgres", of: "pgsql"}),
	}
}

func otherCheckKeys() []key[Check] {
	return []key[Check]{
		at("name", text("a name to look up"), func(c *Check) *string { return &c.Name }, about{
			doc: "The name to look up; required.", example: "example.com", of: "dns"}),
		at("query", oneOf("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"),
			func(c *Check) *string { return &c.Query }, about{
				doc: "The type of record to look up.", value: "A", example: "SOA", of: "dns"}),
		at("send", text("a text"), func(c *Check) *string { return &c.Send }, about{
			doc: "The text to send. In double quotes it may have escapes.", value: "nothing", example: `"PING\r\n"`,
			of: "tcp udp agent"}),
		at("expect", parsed("a regular expression", parsePattern), func(c *Check) *string { return &c.Expect }, about{
			doc: "A regular expression (RE2) that the answer must match; with dns the code of the answer: NOERROR, NXDOMAIN, " +
				"SERVFAIL, REFUSED.",
			value:   "any answer; with udp no answer; with redis PONG, NOAUTH or NOPERM",
			example: "'^PONG'", of: "tcp dns udp redis"}),
		at("command", listOf("a list of a program and its arguments", text("a text")),
			func(c *Check) *[]string { return &c.Command }, about{
				doc: "A program with its arguments, run without a shell; required. {address} and {port} in arguments are " +
					"those of the server. Exit status 0 is success. At the timeout, the program is killed with all that it " +
					"started. A relative path with a slash starts at the cluster file's directory.",
				example: "[/usr/local/bin/check, fast]", of: "exec"}),
		at("dynamic", truth(), func(c *Check) *bool { return &c.Dynamic }, about{
			doc: "Reads the exit status as keepalived's misc_dynamic does: 0 keeps the declared weight, 1 is a failure, and " +
				"2 to 255 set the weight 0 to 253.", value: "false", example: "true", of: "exec"}),
		at("file", text("the path of a file"), func(c *Check) *string { return &c.File }, about{
			doc: "A file about the server; required. The server is in maintenance while it exists and is empty. Else its " +
				"first line has words as of HAProxy's agents, such as 50%, drain, maint, up or down, or 0 for down and 1 for " +
				"up. A relative path starts at the cluster file's directory.", example: "/run/lvs/maintenance", of: "file"}),
		at("baseDN", text("a distinguished name"), func(c *Check) *string { return &c.BaseDN }, about{
			doc: "The base of the search.", value: "the root", example: `"dc=example,dc=com"`, of: "ldap"}),
	}
}

func parsePath(s string) (string, error) {
	if !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return s, wantError("a path that starts with a slash")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return s, wantError("a path with %20 in place of spaces")
	}
	return s, nil
}

func parseHost(s string) (string, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '/' }) {
		return s, wantError("the name of a host")
	}
	return s, nil
}

func parsePattern(s string) (string, error) {
	if _, err := regexp.Compile(s); err != nil {
		return s, wantError("a regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return s, nil
}

// checkCheck checks the keys against each other.
func checkCheck(d *decoder, v *tree, c *Check) {
	if c.Type == "" {
		return // a fault already
	}
	for i := 0; i < len(v.items); i += 2 {
		name := v.items[i].text
		if n := d.tables.check.find(name); n >= 0 {
			if of := d.tables.check.keys[n].of; of != "" && !slices.Contains(strings.Fields(of), c.Type) {
				d.fault(&v.items[i], fmt.Sprintf("%s has no %s", article(c.Type), name),
					"leave out "+name+", or use type "+enumerate(strings.Fields(of), "or"))
			}
		}
	}
	needs := func(key string, missing bool) {
		if missing && v.member(key) == nil {
			d.fault(v, fmt.Sprintf("%s needs the key %s", article(c.Type), key), "")
		} else if missing && v.member(key).kind == isList {
			d.fault(v.member(key), key+" is empty", "")
		}
	}
	switch c.Type {
	case "all", "any":
		needs("of", len(c.Of) == 0)
	case "dns":
		needs("name", c.Name == "")
	case "exec":
		needs("command", len(c.Command) == 0)
	case "file":
		needs("file", c.File == "")
	case "agent":
		needs("port", c.Port == 0)
	}
	every := c.Every
	if every == 0 {
		every = defaultEvery
	}
	starts := slices.Contains(strings.Fields(ofStarts), c.Type)
	switch {
	case c.FastEvery > every:
		d.fault(v.find("fastEvery"), fmt.Sprintf("fastEvery is longer than every (%s)", plan.DurationText(every)), "")
	case c.Method == "HEAD" && c.Body != "":
		d.fault(v.find("body"), "an answer to HEAD has no body", "leave out method, or body")
	case strings.HasPrefix(c.Path, "http") && !c.Proxy:
		d.fault(v.find("path"), "a path that is a whole URL needs proxy", "add proxy: true, or start with a slash")
	case c.Via != "" && c.Netns != "":
		d.fault(v.find("netns"), "a probe with via: path starts in the director's network namespace",
			"leave out via, or netns")
	case starts && !c.StartTLS && (c.ServerName != "" || c.Verify || c.Expiry != 0):
		d.fault(v, "serverName, verify and expiry need startTLS", "add startTLS: true")
	}
}

// defaultEvery is the default of every.
const defaultEvery = 2 * time.Second

// article returns the name of a type of check, with its article.
func article(kind string) string {
	switch kind {
	case "all", "any":
		return "a check of type " + kind
	case "http", "https", "ldap", "smtp", "imap", "icmp", "exec", "agent":
		return "an " + kind + " check"
	}
	return "a " + kind + " check"
}
