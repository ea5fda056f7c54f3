package cluster

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"lvs/plan"
)

// checkTypes are all types of check, in the order of the manual.
var checkTypes = []string{"tcp", "tls", "http", "https", "dns", "udp", "smtp", "pop3", "imap", "ldap", "icmp", "exec", "file", "all", "any"}

// Groups of types that have keys in common.
const (
	ofProbes = "tcp tls http https dns udp smtp pop3 imap ldap icmp exec file"
	ofPorts  = "tcp tls http https dns udp smtp pop3 imap ldap"
	ofPaths  = "tcp tls http https dns udp smtp pop3 imap ldap icmp"
	ofTLS    = "tls https smtp pop3 imap ldap"
	ofStarts = "smtp pop3 imap ldap"
)

func (t *tables) checkRecord() record[Check] {
	return record[Check]{id: "Check", title: "Checks", words: "an object with a type",
		doc:   "How a server is examined.",
		after: checkCheck,
		keys: slices.Concat([]key[Check]{
			at("type", oneOf(checkTypes...), func(c *Check) *string { return &c.Type }, about{
				doc: "What is asked. All other keys but every, fastEvery, timeout, rise and fall belong to some types.", example: "http", needed: true}),
			at("of", listOf("a list of checks", t.oneCheck()), func(c *Check) *[]Check { return &c.Of }, about{
				doc: "The checks of which all, or any, must pass.", example: "[{type: smtp}, {type: tcp, port: 993}]", of: "all any"}),
		}, timingKeys(), httpKeys(), tlsKeys(), otherCheckKeys())}
}

// oneCheck is a check in place, or the name of one.
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
	return oneOrMore("a check, the name of one, or a list of such", t.oneCheck())
}

func timingKeys() []key[Check] {
	const ms = time.Millisecond
	return []key[Check]{
		at("every", period(100*ms, maxInterval, ms), func(c *Check) *time.Duration { return &c.Every }, about{
			doc: "The time between two probes.", value: "2s", example: "5s", of: ofProbes}),
		at("fastEvery", period(100*ms, maxInterval, ms), func(c *Check) *time.Duration { return &c.FastEvery }, about{
			doc: "The same while a verdict is turning.", value: "500ms", example: "1s", of: ofProbes}),
		at("timeout", period(10*ms, maxInterval, ms), func(c *Check) *time.Duration { return &c.Timeout }, about{
			doc: "How long an answer may take.", value: "1s", example: "3s", of: ofProbes}),
		at("rise", number[int](1, 100), func(c *Check) *int { return &c.Rise }, about{
			doc: "So many good results in a row make a server healthy.", value: "2", example: "1", of: ofProbes}),
		at("fall", number[int](1, 100), func(c *Check) *int { return &c.Fall }, about{
			doc: "So many bad results in a row make it unhealthy.", value: "3", example: "2", of: ofProbes}),
		at("port", number[uint16](1, 65535), func(c *Check) *uint16 { return &c.Port }, about{
			doc: "Where to ask.", value: "the server's; without one that of the protocol", example: "8080", of: ofPorts}),
		at("via", oneOf("path"), func(c *Check) *string { return &c.Via }, about{
			doc: "path asks the way that the traffic takes, by the forwarding of the service, and so finds a server that lacks the service's address.", value: "straight to the server", example: "path", of: ofPaths}),
	}
}

func httpKeys() []key[Check] {
	const of = "http https"
	return []key[Check]{
		at("method", oneOf("GET", "HEAD", "OPTIONS", "POST"), func(c *Check) *string { return &c.Method }, about{
			doc: "The method of the request.", value: "GET", example: "HEAD", of: of}),
		at("path", parsed("a path such as /ready", parsePath), func(c *Check) *string { return &c.Path }, about{
			doc: "What is asked for; with proxy a whole address.", value: "/", example: "/ready", of: of}),
		at("host", parsed("the name of a host", parseHost), func(c *Check) *string { return &c.Host }, about{
			doc: "The host that is asked for.", value: "the server's address", example: "www.example.com", of: of}),
		at("status", oneOrMore("a status, or a list of statuses and ranges such as [200-399, 404]", statusCodes()), func(c *Check) *[]StatusRange { return &c.Status }, about{
			doc: "The status that the answer must have.", value: "200-299", example: "[200-399]", of: of}),
		at("body", parsed("a regular expression", parsePattern), func(c *Check) *string { return &c.Body }, about{
			doc: "A regular expression (RE2) that the answer's body must match.", example: "'^ok'", of: of}),
		at("proxy", truth(), func(c *Check) *bool { return &c.Proxy }, about{
			doc: "Asks the server as one asks a proxy; for caches.", value: "false", example: "true", of: of}),
	}
}

func tlsKeys() []key[Check] {
	return []key[Check]{
		at("startTLS", truth(), func(c *Check) *bool { return &c.StartTLS }, about{
			doc: "Begins in plain text and turns to TLS.", value: "false", example: "true", of: ofStarts}),
		at("serverName", parsed("the name of a host", parseHost), func(c *Check) *string { return &c.ServerName }, about{
			doc: "The name that TLS asks for, and that the certificate must have.", value: "host, or none", example: "mail.example.com", of: ofTLS}),
		at("verify", truth(), func(c *Check) *bool { return &c.Verify }, about{
			doc: "The certificate must be trusted.", value: "false", example: "true", of: ofTLS}),
		at("expiry", period(time.Hour, 3650*24*time.Hour, time.Second), func(c *Check) *time.Duration { return &c.Expiry }, about{
			doc: "The certificate must be valid for at least that long.", value: "not looked at", example: "7d", of: ofTLS}),
	}
}

func otherCheckKeys() []key[Check] {
	return []key[Check]{
		at("name", text("a name to look up"), func(c *Check) *string { return &c.Name }, about{
			doc: "What is looked up; needed.", example: "example.com", of: "dns"}),
		at("query", oneOf("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"), func(c *Check) *string { return &c.Query }, about{
			doc: "The type of record that is asked for.", value: "A", example: "SOA", of: "dns"}),
		at("send", text("a text"), func(c *Check) *string { return &c.Send }, about{
			doc: "What is sent. In double quotes it may have escapes.", value: "nothing", example: `"PING\r\n"`, of: "tcp udp"}),
		at("expect", parsed("a regular expression", parsePattern), func(c *Check) *string { return &c.Expect }, about{
			doc: "A regular expression (RE2) that the answer must match.", value: "any answer; for udp none is good too", example: "'^PONG'", of: "tcp udp"}),
		at("command", listOf("a list of a program and its arguments", text("a text")), func(c *Check) *[]string { return &c.Command }, about{
			doc: "A program with its arguments; needed. No shell is between: exit status 0 is good. A relative path with a slash begins at the file.", example: "[/usr/local/bin/check, fast]", of: "exec"}),
		at("file", text("the path of a file"), func(c *Check) *string { return &c.File }, about{
			doc: "The server is in maintenance while this file is there; needed. A relative path begins at the cluster file.", example: "/run/lvs/maintenance", of: "file"}),
		at("baseDN", text("a distinguished name"), func(c *Check) *string { return &c.BaseDN }, about{
			doc: "Where the search begins.", value: "the root", example: `"dc=example,dc=com"`, of: "ldap"}),
	}
}

func parsePath(s string) (string, error) {
	if !strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return s, errors.New("the path " + plan.Quote(s) + " does not begin with a slash")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return s, errors.New("the path " + plan.Quote(s) + " has a blank, which is %20 there")
	}
	return s, nil
}

func parseHost(s string) (string, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '/' }) {
		return s, errors.New(plan.Quote(s) + " is no name of a host")
	}
	return s, nil
}

func parsePattern(s string) (string, error) {
	if _, err := regexp.Compile(s); err != nil {
		return s, fmt.Errorf("%s is no regular expression: %s", plan.Quote(s), strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return s, nil
}

// checkCheck looks at what keys say together.
func checkCheck(d *decoder, v *tree, c *Check) {
	if c.Type == "" {
		return // refused already
	}
	for i := 0; i < len(v.items); i += 2 {
		name := v.items[i].text
		if n := d.tables.check.find(name); n >= 0 {
			if of := d.tables.check.keys[n].of; of != "" && !slices.Contains(strings.Fields(of), c.Type) {
				d.fault(&v.items[i], fmt.Sprintf("%s has no meaning for %s", name, article(c.Type)),
					"it belongs to "+enumerate(strings.Fields(of), "and"))
			}
		}
	}
	needs := func(key string, missing bool) {
		if missing && v.member(key) == nil {
			d.fault(v, fmt.Sprintf("%s needs %s", article(c.Type), key), "")
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
	}
	every := c.Every
	if every == 0 {
		every = defaultEvery
	}
	starts := slices.Contains(strings.Fields(ofStarts), c.Type)
	switch {
	case c.FastEvery > every:
		d.fault(v.find("fastEvery"), fmt.Sprintf("fastEvery is longer than every, which is %s", plan.DurationText(every)), "")
	case c.Method == "HEAD" && c.Body != "":
		d.fault(v.find("body"), "an answer to HEAD has no body", "leave out method, or body")
	case strings.HasPrefix(c.Path, "http") && !c.Proxy:
		d.fault(v.find("path"), "a whole address is asked of a proxy only", "add proxy: true, or begin with a slash")
	case starts && !c.StartTLS && (c.ServerName != "" || c.Verify || c.Expiry != 0):
		d.fault(v, "serverName, verify and expiry need startTLS", "add startTLS: true")
	}
}

// defaultEvery is the time between probes where a check does not say it.
const defaultEvery = 2 * time.Second

// article names a type of check.
func article(kind string) string {
	switch kind {
	case "all", "any":
		return kind
	case "http", "https", "ldap", "smtp", "imap", "icmp", "exec":
		return "an " + kind + " check"
	}
	return "a " + kind + " check"
}
