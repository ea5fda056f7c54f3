package importer

import (
	"net/url"
	"regexp"
	"strings"

	"lvs/cluster"
	"lvs/kernel"
)

// negotiate is the check that speaks the service's own language.
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
		l.note(s.place, "service=ftp: the check reads the greeting, and neither logs in nor fetches a file")
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
			l.note(s.place, "there is no request: the check asks for the root")
		}
		if isAddress(made.Name) {
			made.Query = "PTR"
		}
	default: // mysql, pgsql, oracle, radius, sip
		made.Type = "tcp"
		if s.id.Protocol == kernel.UDP {
			made = cluster.Check{Type: "icmp"}
		}
		l.note(s.place, "service=%s: there is no such check; it is examined by %s alone", c.service, made.Type)
		return made, true
	}
	if receive != "" {
		l.note(s.place, "receive is not carried: a check of %s has no answer to compare", made.Type)
	}
	return made, true
}

func isAddress(s string) bool {
	return strings.Trim(s, "0123456789.") == "" && s != "" || strings.Contains(s, ":")
}

// web asks for a page.
func (l *ldirectord) web(s *ldService, made cluster.Check, request, receive string) cluster.Check {
	c := &s.check
	made.Type, made.Path, made.Host = c.service, "/"+strings.TrimLeft(request, "/"), c.host
	made.Body = l.regex(s, receive)
	if c.head {
		made.Method = "HEAD"
		if made.Body != "" {
			made.Body = ""
			l.note(s.place, "receive is not carried: an answer to HEAD has no body")
		}
	}
	if strings.Contains(request, "://") {
		u, err := url.Parse(strings.TrimPrefix(request, "/"))
		if err != nil {
			l.fault(s.place, "request %q is no URL", request)
			return made
		}
		made.Path = u.RequestURI()
		l.note(s.place, "request %s: the path is asked of the server itself, not of %s", request, u.Host)
	}
	l.noteOnce(s.place, "ldirectord follows redirections; a page that redirects needs its status in the check here")
	return made
}

// proxy asks for a page of another host through the server.
func (l *ldirectord) proxy(s *ldService, made cluster.Check, request, receive string) cluster.Check {
	u, err := url.Parse(strings.TrimPrefix(request, "/"))
	if err != nil || u.Scheme != "http" || u.Host == "" {
		l.fault(s.place, "request %q: a proxy is asked for a whole URL, http://…", request)
		return made
	}
	made.Type, made.Proxy, made.Path = "http", true, u.String()
	made.Body = l.regex(s, receive)
	return made
}

func (l *ldirectord) regex(s *ldService, text string) string {
	if _, err := regexp.Compile(text); err != nil {
		l.note(s.place, "receive is not carried: %v", err)
		return ""
	}
	return text
}
