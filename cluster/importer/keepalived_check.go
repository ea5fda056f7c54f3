package importer

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lvs/cluster"
	"lvs/kernel"
)

func isChecker(word string) bool {
	switch word {
	case "HTTP_GET", "SSL_GET", "TCP_CHECK", "SMTP_CHECK", "DNS_CHECK", "MISC_CHECK", "BFD_CHECK", "UDP_CHECK",
		"PING_CHECK", "FILE_CHECK":
		return true
	}
	return false
}

// keepalivedCheck is a checker while it is read.
type keepalivedCheck struct {
	cluster.Check
	timing keepalivedTiming
	port   uint16 // the port to probe; zero is the server's
	urls   []*confNode
	hosts  []*confNode // of SMTP_CHECK, each a separate check
	sni    bool
	host   string
	// timeout of a program. Zero is not given.
	timeout time.Duration
}

// checks returns the checks of a server; all must pass.
func (k *keepalived) checks(v *keepalivedService, s *keepalivedServer) []cluster.Check {
	var out []cluster.Check
	for _, n := range s.checks {
		c := &keepalivedCheck{timing: s.timing, host: s.host}
		for _, line := range n.block {
			k.checkSetting(c, s, n.words[0], line)
		}
		for _, made := range k.check(c, n) {
			if !k.ask(v, s, c, &made, n) {
				continue
			}
			if !slices.ContainsFunc(out, func(other cluster.Check) bool { return reflect.DeepEqual(other, made) }) {
				out = append(out, made)
			}
		}
	}
	return out
}

// checkSetting reads a line of a checker.
func (k *keepalived) checkSetting(c *keepalivedCheck, s *keepalivedServer, kind string, n *confNode) {
	switch name := n.words[0]; {
	case name == "connect_port":
		c.port = k.checkPort(n)
	case name == "connect_ip":
		if a, _, ok := confAddress(n.word(1)); !ok {
			k.ignored(n, 1, "want an IP address")
		} else if a != s.addr {
			k.note(n.place, "connect_ip %s is not converted: a check connects to the server itself", a)
		}
	case name == "url":
		c.urls = append(c.urls, n)
	case name == "host" && kind == "SMTP_CHECK":
		c.hosts = append(c.hosts, n)
	case name == "virtualhost":
		c.host = k.hostName(n, c.host)
	case name == "enable_sni":
		c.sni = k.boolean(n, c.sni)
	case name == "misc_path":
		c.Command = escapedWords(strings.Join(n.escaped(), " "))
	case name == "misc_dynamic":
		c.Dynamic = true
	case name == "bindto":
		k.source(c, n)
	case name == "misc_timeout":
		c.timeout = k.timer(n, false, c.timeout)
	case name == "type" && kind == "DNS_CHECK":
		if c.Query = strings.ToUpper(n.word(1)); !slices.Contains(dnsQueries, c.Query) {
			k.note(n.place, "type %s is not converted: want one of %s", n.word(1), strings.Join(dnsQueries, ", "))
			c.Query = ""
		}
	case name == "name" && kind == "DNS_CHECK":
		c.Name = n.word(1)
	case name == "payload" && kind == "UDP_CHECK":
		if c.Send = hexText(n.rest()); c.Send == "" {
			k.note(n.place, "payload is not converted: it is not text")
		}
	case name == "require_reply" && kind == "UDP_CHECK":
		k.reply(c, n)
	case k.timing(&c.timing, n):
	case kind == "BFD_CHECK", kind == "FILE_CHECK": // noted as a whole
	default:
		k.leftOut(n, kind)
	}
}

// source reads the local address of a checker.
func (k *keepalived) source(c *keepalivedCheck, n *confNode) {
	a, _, ok := confAddress(n.word(1))
	if !ok {
		k.ignored(n, 1, "want an IP address")
	} else if refusedServer(a) {
		k.note(n.place, "bindto %s is not converted: it is not the address of one host", a)
	} else {
		c.Source = []netip.Addr{a}
	}
}

// reply reads the start of the expected reply; without it any reply is expected.
func (k *keepalived) reply(c *keepalivedCheck, n *confNode) {
	c.Expect = "(?s).*"
	if len(n.words) == 1 {
		return
	}
	if text := hexText(n.rest()); text != "" {
		c.Expect = "^" + regexp.QuoteMeta(text)
	} else {
		k.note(n.place, "the bytes of require_reply are not converted, because they are not text: any answer passes")
	}
}

// check returns the checks of a checker: one for each URL or host.
func (k *keepalived) check(c *keepalivedCheck, n *confNode) []cluster.Check {
	one := func(kind string) []cluster.Check {
		c.Type = kind
		return []cluster.Check{c.Check}
	}
	switch kind := n.words[0]; kind {
	case "TCP_CHECK":
		return one("tcp")
	case "PING_CHECK":
		return one("icmp")
	case "UDP_CHECK":
		return one("udp")
	case "SMTP_CHECK":
		if len(c.hosts) > 0 {
			return k.smtpHosts(c)
		}
		return one("smtp")
	case "DNS_CHECK":
		if c.Name == "" {
			c.Name = "."
		}
		if c.Query == "" {
			c.Query = "SOA"
		}
		c.Expect = "^NOERROR$" // every other code is a failure for keepalived
		return one("dns")
	case "MISC_CHECK":
		if len(c.Command) == 0 {
			k.note(n.place, "MISC_CHECK is ignored, as in keepalived: it has no misc_path")
			return nil
		}
		return one("exec")
	case "HTTP_GET", "SSL_GET":
		if len(c.urls) == 0 {
			k.note(n.place, "%s is ignored, as in keepalived: it has no url", kind)
		}
		var out []cluster.Check
		for _, url := range c.urls {
			if made := k.url(c, url, kind == "SSL_GET"); made.Path != "" {
				out = append(out, made)
				continue
			}
			k.note(url.place, "url is ignored, as in keepalived: it has no path")
		}
		return out
	case "FILE_CHECK":
		k.note(n.place, "FILE_CHECK is not converted: it reads a weight from a file; use a check of type file, which takes "+
			"a server out of use while a file exists, or exec with dynamic, which sets a weight")
		return nil
	default: // BFD_CHECK
		k.note(n.place, "%s is not converted: a cluster file has no such check", kind)
		return nil
	}
}

// smtpHosts reads the older form, in which a check has several hosts.
func (k *keepalived) smtpHosts(c *keepalivedCheck) []cluster.Check {
	var out []cluster.Check
	for _, h := range c.hosts {
		made := cluster.Check{Type: "smtp", Source: c.Source}
		for _, n := range h.block {
			switch n.words[0] {
			case "connect_port":
				made.Port = k.checkPort(n)
			case "connect_ip":
				k.note(n.place, "connect_ip %s is not converted: a check connects to the server itself", n.word(1))
			default:
				k.leftOut(n, "host")
			}
		}
		out = append(out, made)
	}
	return out
}

// ask sets the interval, timeout and port of a check. It returns false if there is no port to
// probe.
func (k *keepalived) ask(v *keepalivedService, s *keepalivedServer, c *keepalivedCheck, made *cluster.Check,
	n *confNode) bool {
	t := c.timing
	retry, before := 1, time.Second
	switch made.Type {
	case "dns":
		retry, before = 3, t.delay
	case "http", "https":
		before = 3 * time.Second
	case "exec":
		retry = 0
		if t.connect = c.timeout; c.timeout == 0 {
			t.connect = t.delay
		}
	}
	if t.retry >= 0 {
		retry = t.retry
	}
	if t.beforeRetry >= 0 {
		before = t.beforeRetry
	}
	const shortest, longest = 100 * time.Millisecond, time.Hour
	made.Every = k.within(n.place, "delay_loop", t.delay, shortest, longest)
	made.Timeout = k.within(n.place, "the timeout", t.connect, 10*time.Millisecond, longest)
	made.Rise, made.Fall = 1, retry+1
	if made.Fall > mostResults {
		k.note(n.place, "retry %d is out of range; fall was set to %d", retry, mostResults)
		made.Fall = mostResults
	}
	if retry > 0 {
		made.FastEvery = k.within(n.place, "delay_before_retry", before, shortest, made.Every)
	}
	if made.Type == "exec" || made.Type == "icmp" {
		return true
	}
	if made.Port == 0 {
		made.Port = c.port
	}
	if made.Port == 0 {
		made.Port = s.port
	}
	if made.Port == 0 && s.forward.Forward == kernel.NAT || made.Port == k.portOf(v, s) {
		made.Port = 0
	}
	if made.Port == 0 && k.portOf(v, s) == 0 {
		return k.usualPort(n, made.Type)
	}
	return true
}

// usualPort notes the port of a check that has none in keepalived, and reports whether
// there is one.
func (k *keepalived) usualPort(n *confNode, kind string) bool {
	port := cluster.UsualPort(kind)
	if port == 0 {
		k.note(n.place, "%s is not converted: it has no port to probe, neither the server nor the service has one",
			n.words[0])
		return false
	}
	k.note(n.place, "%s has no port to probe, neither the server nor the service has one; the check probes port %d",
		n.words[0], port)
	return true
}

// portOf returns the port of a server in the kernel, if it is the same in all services.
func (k *keepalived) portOf(v *keepalivedService, s *keepalivedServer) uint16 {
	if s.forward.Forward == kernel.NAT && s.port != 0 {
		return s.port
	}
	port := v.Addresses[0].Port
	for _, id := range v.Addresses {
		if id.Port != port {
			return 0
		}
	}
	return port
}

// hexText reads bytes in hexadecimal, each of one or two digits. It returns nothing if
// they are not text, or if some are wildcards.
func hexText(words []string) string {
	var out []byte
	for _, w := range strings.Fields(strings.Join(words, " ")) {
		for len(w) > 0 {
			n := min(2, len(w))
			b, err := hex.DecodeString(fmt.Sprintf("%02s", w[:n]))
			if err != nil {
				return ""
			}
			out, w = append(out, b...), w[n:]
		}
	}
	if !utf8.Valid(out) {
		return ""
	}
	return string(out)
}

// url returns the check of one page.
func (k *keepalived) url(c *keepalivedCheck, n *confNode, tls bool) cluster.Check {
	made := cluster.Check{Type: "http", Host: c.host, Source: c.Source}
	inverse := false
	for _, l := range n.block {
		switch l.words[0] {
		case "path":
			made.Path = k.urlPath(l)
		case "digest":
			k.note(l.place, "digest %s is not converted: use the key body of the check, a regular expression", l.word(1))
		case "status_code":
			made.Status = append(made.Status, k.statusCodes(l)...)
		case "virtualhost":
			made.Host = k.hostName(l, made.Host)
		case "regex":
			made.Body = k.regex(l)
		case "regex_no_match":
			inverse = true
			k.note(l.place, "regex_no_match is not converted: a check cannot exclude a text")
		default:
			k.leftOut(l, "url")
		}
	}
	if inverse {
		made.Body = ""
	}
	if tls {
		made.Type = "https"
		if c.sni {
			made.ServerName = made.Host
		}
	}
	return made
}

// dnsQueries are the types of records that a check can look up.
var dnsQueries = []string{"A", "AAAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"}

// urlPath reads a path, which in a cluster file has a slash first and no spaces.
func (k *keepalived) urlPath(n *confNode) string {
	var b strings.Builder
	if !strings.HasPrefix(n.word(1), "/") {
		b.WriteByte('/')
	}
	for _, c := range []byte(n.word(1)) {
		if c <= ' ' || c == 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	if b.String() != n.word(1) {
		k.note(n.place, "path %q became %s", n.word(1), &b)
	}
	return b.String()
}

// hostName reads the name of a host. It returns the old one if a cluster file cannot have
// the new one.
func (k *keepalived) hostName(n *confNode, old string) string {
	if strings.ContainsFunc(n.word(1), func(r rune) bool { return r <= ' ' || r == 0x7f || r == '/' }) {
		k.note(n.place, "virtualhost %q is not converted: want the name of a host", n.word(1))
		return old
	}
	return n.word(1)
}

func (k *keepalived) regex(n *confNode) string {
	text := n.escaped()[0]
	if _, err := regexp.Compile(text); err != nil {
		k.note(n.place, "regex is not converted: invalid regular expression: %s", regexFault(err))
		return ""
	}
	return text
}

// statusCodes reads 200 and 200-299.
func (k *keepalived) statusCodes(n *confNode) []cluster.StatusRange {
	var out []cluster.StatusRange
	for _, w := range n.rest() {
		from, to, isRange := strings.Cut(w, "-")
		low, err := strconv.Atoi(from)
		high := low
		if isRange && err == nil {
			high, err = strconv.Atoi(to)
		}
		if err != nil || low < 100 || high > 599 || high < low {
			k.note(n.place, "status_code %q is ignored, as in keepalived: want a code such as 200, or a range such as "+
				"200-299", w)
			continue
		}
		out = append(out, cluster.StatusRange{Low: low, High: high})
	}
	return out
}

// checkPort reads the port that a check connects to.
func (k *keepalived) checkPort(n *confNode) uint16 {
	port, ok := k.number(n, 1, 1, 65535)
	if !ok {
		return 0
	}
	return uint16(port)
}
