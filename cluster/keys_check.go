package cluster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"lvs/plan"
)

// checkTypes are all types of checks, in the order of the manual.
var checkTypes = []string{"tcp", "tls", "http", "https", "dns", "udp", "smtp", "pop3", "imap", "ldap", "icmp", "exec",
	"file", "all", "any"}

// Groups of types that share keys.
const (
	ofProbes = "tcp tls http https dns udp smtp pop3 imap ldap icmp exec file"
	ofPorts  = "tcp tls http https dns udp smtp pop3 imap ldap"
	ofPaths  = "tcp tls http https dns udp smtp pop3 imap ldap icmp"
	ofTLS    = "tls https smtp pop3 imap ldap"
	ofStarts = "smtp pop3 imap ldap"
)

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
		doc:   "A health check of a server. Not used yet: lvs checks no servers.",
		after: checkCheck,
		keys: slices.Concat([]key[Check]{
			at("type", oneOf(checkTypes...), func(c *Check) *string { return &c.Type }, about{
				doc: "The kind of check. every, fastEvery, timeout, rise and fall are for all kinds of probes, the other keys " +
					"for some types.", example: "http", needed: true}),
			at("of", listOf("a list of checks", t.oneCheck()), func(c *Check) *[]Check { return &c.Of }, about{
				doc:     "The checks that must all pass (all), or of which one must pass (any).",
				example: "[{type: smtp}, {type: tcp, port: 993}]", of: "all any"}),
		}, timingKeys(), httpKeys(), tlsKeys(), otherCheckKeys())}
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
		at("rise", number[int](1, 100), func(c *Check) *int { return &c.Rise }, about{
			doc: "The number of successful probes in a row that make a server healthy.", value: "2", example: "1",
			of: ofProbes}),
		at("fall", number[int](1, 100), func(c *Check) *int { return &c.Fall }, about{
			doc: "The number of failed probes in a row that make a server unhealthy.", value: "3", example: "2", of: ofProbes}),
		at("port", number[uint16](1, 65535), func(c *Check) *uint16 { return &c.Port }, about{
			doc: "The port to probe.", value: "the server's port, or else the protocol's", example: "8080", of: ofPorts}),
		at("via", oneOf("path"), func(c *Check) *string { return &c.Via }, about{
			doc: "path sends probes the way the traffic goes, with the service's forwarding method. It finds a server that " +
				"lacks the service's address.", value: "directly to the server", example: "path", of: ofPaths}),
	}
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

func otherCheckKeys() []key[Check] {
	return []key[Check]{
		at("name", text("a name to look up"), func(c *Check) *string { return &c.Name }, about{
			doc: "The name to look up; required.", example: "example.com", of: "dns"}),
		at("query", oneOf("A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"),
			func(c *Check) *string { return &c.Query }, about{
				doc: "The type of record to look up.", value: "A", example: "SOA", of: "dns"}),
		at("send", text("a text"), func(c *Check) *string { return &c.Send }, about{
			doc: "The text to send. In double quotes it may have escapes.", value: "nothing", example: `"PING\r\n"`,
			of: "tcp udp"}),
		at("expect", parsed("a regular expression", parsePattern), func(c *Check) *string { return &c.Expect }, about{
			doc: "A regular expression (RE2) that the answer must match.", value: "any answer, or with udp no answer",
			example: "'^PONG'", of: "tcp udp"}),
		at("command", listOf("a list of a program and its arguments", text("a text")),
			func(c *Check) *[]string { return &c.Command }, about{
				doc: "A program with its arguments, run without a shell; required. Exit status 0 is success. A relative path " +
					"with a slash starts at the cluster file's directory.",
				example: "[/usr/local/bin/check, fast]", of: "exec"}),
		at("file", text("the path of a file"), func(c *Check) *string { return &c.File }, about{
			doc: "The server is in maintenance while this file exists; required. A relative path starts at the cluster " +
				"file's directory.", example: "/run/lvs/maintenance", of: "file"}),
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
	case "http", "https", "ldap", "smtp", "imap", "icmp", "exec":
		return "an " + kind + " check"
	}
	return "a " + kind + " check"
}

// Bounds of durations.
const (
	maxInterval = time.Hour
	maxDelay    = 24 * time.Hour
)

// healthKeys are the keys of a service that no command uses yet.
func (t *tables) healthKeys() []key[FileService] {
	return []key[FileService]{
		at("check", t.checksForm(), func(s *FileService) *[]Check { return &s.Health.Check }, about{
			doc:   "The health checks of the servers; all must pass.",
			value: "the file's default", example: "web", director: true}),
		{name: "minHealthy", about: about{doc: "The quorum: how many servers, or what percentage of them, must be " +
			"healthy.",
			value:   "one server",
			example: "{down: 30%, up: 50%}", director: true},
			shape: t.quorum.shape(), read: func(d *decoder, v *tree, s *FileService) {
				q, _ := t.quorum.form().read(d, v)
				s.Health.Down, s.Health.Up = q.down, q.up
			}},
		at("fallback", parsed("an address such as 10.0.0.99:80", parseServer),
			func(s *FileService) *string { return &s.Health.Fallback }, about{
				doc:   "A server that gets the traffic while the service is down. Without a port it has the service's.",
				value: "none", example: "10.0.0.99", director: true}),
		at("onAllDown", oneOf("withdraw", "open", "fallback"), func(s *FileService) *string { return &s.Health.OnAllDown },
			about{
				doc: "What to do without a healthy server: withdraw stops announcing the address, open sends traffic to all " +
					"servers, fallback sends it to the fallback server.",
				value: "fallback if there is one, otherwise withdraw", example: "open", director: true}),
		at("onDown", t.onDown.form(), func(s *FileService) *OnDown { return &s.Health.OnDown }, about{
			doc: "What to do with a failed server.", example: "{quiesce: 20s, then: reset}", director: true}),
		at("maxMasked", share(), func(s *FileService) *Share { return &s.Health.MaxMasked }, about{
			doc: "How many servers may be out of use at the same time because of failed checks. Further servers that fail " +
				"stay in use.", value: "no limit",
			example: "50%", director: true}),
		at("slowStart", period(0, maxDelay, time.Second),
			func(s *FileService) *time.Duration { return &s.Health.SlowStart }, about{
				doc: "How long a recovered server takes to reach its full weight.", value: "0s", example: "1m", director: true}),
		at("announce", truth(), func(s *FileService) *bool { return &s.Health.Announce }, about{
			doc: "Announces the address while the service is up; needs bgp.", value: "false", example: "true", director: true}),
	}
}

// quorum is minHealthy as it is written.
type quorum struct{ down, up Share }

func quorumRecord() record[quorum] {
	return record[quorum]{id: "MinHealthy", title: "Quorum", words: "an object with down and up",
		doc: "The quorum of a service, as a number or a percentage of its servers. Not used yet.",
		after: func(d *decoder, v *tree, q *quorum) {
			none := Share{}
			if q.down != none && q.up != none && q.down.Percent == q.up.Percent && q.up.N < q.down.N {
				d.fault(v.find("up"), "up is lower than down: the service would be up and down at the same time", "")
			}
		},
		keys: []key[quorum]{
			at("down", share(), func(q *quorum) *Share { return &q.down }, about{
				doc: "With fewer healthy servers the service is down.", example: "30%"}),
			at("up", share(), func(q *quorum) *Share { return &q.up }, about{
				doc: "With this many healthy servers it is up again.", value: "the same as down", example: "50%"}),
		}}
}

func onDownRecord() record[OnDown] {
	return record[OnDown]{id: "OnDown", title: "Failed servers", words: "an object with quiesce and then",
		doc: "What to do with a failed server. It gets weight 0 immediately. Not used yet.",
		keys: []key[OnDown]{
			at("quiesce", pointer(period(0, maxDelay, time.Millisecond)),
				func(o *OnDown) **time.Duration { return &o.Quiesce }, about{
					doc: "How long the server keeps weight 0, which lets its connections go on, before the action of then; 0s " +
						"means not at all.", value: "20s", example: "1m"}),
			at("then", oneOf("keep", "reset"), func(o *OnDown) *string { return &o.Then }, about{
				doc:   "The action after quiesce: keep lets the connections end, reset removes the server and resets its clients.",
				value: "reset", example: "keep"}),
		}}
}

// parseServer reads the address of one server.
func parseServer(s string) (string, error) {
	r, err := parseServers(s)
	if err == nil && r.count > 1 {
		err = wantError("one server, not a range")
	}
	return s, err
}
