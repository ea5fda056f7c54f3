package health

import (
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/lab"
)

func TestProgramNginx(t *testing.T) {
	lab.Need(t)
	site := "listen 80; server_name www.example;\n" +
		"location = /ready { return 200 'ready\\n'; }\nlocation = /busy { return 503; }\nlocation / { return 404; }"
	spec := Spec{Kind: HTTP, Path: "/ready", Host: "www.example"}
	t.Run("answers and hangs", func(t *testing.T) {
		r := start(t, lab.Nginx(site, 80))
		mustPass(t, "ready", check(t, spec, enough))
		mustPass(t, "body", check(t, Spec{Kind: HTTP, Path: "/ready", Body: "^ready\n$"}, enough))
		want(t, "another body", check(t, Spec{Kind: HTTP, Path: "/ready", Body: "^well$"}, enough), Fail, BadAnswer, "")
		want(t, "status", check(t, Spec{Kind: HTTP, Path: "/busy"}, enough), Fail, BadStatus, "503")
		mustPass(t, "allowed status", check(t, Spec{Kind: HTTP, Path: "/", Status: []StatusRange{{404, 404}}}, enough))
		logs(t, r, spec, 1)
		mustPass(t, "tcp", checkPort(t, Spec{Kind: TCP}, 80, enough))
		before := r.Log()
		mustPass(t, "tcp", checkPort(t, Spec{Kind: TCP}, 80, enough))
		mustPass(t, "after tcp", check(t, spec, enough))
		if got := strings.Count(strings.TrimPrefix(r.Log(), before), "\n"); got > 1 {
			t.Errorf("a tcp check is logged: %d lines", got)
		}
		hangs(t, r, spec, 80)
	})
	t.Run("quits", func(t *testing.T) {
		r := start(t, lab.Nginx(site, 80))
		hold(t, 1, 80, []byte("GET /ready HTTP/1.1\r\nHost: www.example\r\n\r\n"), true)
		if err := r.Stop(syscall.SIGQUIT); err != nil { // nginx -s quit
			t.Fatal(err)
		}
		want(t, "after quit", check(t, spec, short), Fail, Refused, "")
	})
	t.Run("is full", func(t *testing.T) {
		start(t, lab.Nginx(site, 80)) // of 64 connections
		hold(t, 80, 80, nil, false)
		mustPass(t, "one more", check(t, spec, enough))
	})
	t.Run("PROXY protocol", func(t *testing.T) {
		start(t, lab.Nginx(strings.Replace(site, "listen 80;", "listen 80 proxy_protocol;", 1), 80))
		for _, version := range []int{1, 2} {
			with := spec
			with.ProxyProtocol = version
			mustPass(t, "with the header", check(t, with, enough))
		}
		if r := check(t, spec, enough); r.Outcome != Fail {
			t.Errorf("without the header: %+v", r)
		}
	})
	t.Run("TLS", func(t *testing.T) {
		certificate, key, err := lab.Certificate(1e12)
		if err != nil {
			t.Fatal(err)
		}
		start(t, lab.Nginx("listen 443 ssl; ssl_certificate /etc/c; ssl_certificate_key /etc/k; return 200;", 443).
			With(map[string]string{"etc/c": certificate, "etc/k": key}))
		r := check(t, Spec{Kind: TLS, Expiry: 1e12 * 2}, enough)
		mustPass(t, "tls", r)
		if r.Expires.IsZero() || !r.Soon {
			t.Errorf("the end of the certificate: %+v", r)
		}
		mustPass(t, "https", check(t, Spec{Kind: HTTPS}, enough))
		want(t, "unknown authority", check(t, Spec{Kind: HTTPS, Verify: true}, enough), Fail, BadTLS, "certificate")
	})
}

func TestProgramHAProxy(t *testing.T) {
	ns := newNamespace(t)
	r := startIn(t, ns, lab.HAProxy(`
frontend web
	bind :80
	monitor-uri /ready
	monitor fail if { nbsrv(pages) lt 1 }
	default_backend pages
backend pages
	server one 10.9.9.9:8080 check inter 100ms fall 1 rise 1
`, 80))
	ready := Spec{Kind: HTTP, Path: "/ready"}
	lab.Eventually(t, enough, func() error { return expected(check(t, ready, enough), Fail, BadStatus) })
	pages := startIn(t, ns, lab.Nginx("listen 8080; return 200;", 8080))
	lab.Eventually(t, enough, func() error { return expected(check(t, ready, enough), Pass, "") })
	mustPass(t, "a page", check(t, Spec{Kind: HTTP}, enough))
	logs(t, r, ready, 0) // a monitor-uri
	logs(t, r, Spec{Kind: HTTP}, 1)
	if err := pages.Kill(); err != nil {
		t.Fatal(err)
	}
	lab.Eventually(t, enough, func() error { return expected(check(t, ready, enough), Fail, BadStatus) })
	mustPass(t, "a tcp check without pages", checkPort(t, Spec{Kind: TCP}, 80, enough))
	if err := pages.Start(); err != nil {
		t.Fatal(err)
	}
	lab.Eventually(t, enough, func() error { return expected(check(t, ready, enough), Pass, "") })
	hangs(t, r, ready, 80)
}

func TestProgramSquid(t *testing.T) {
	ns := newNamespace(t)
	r := startIn(t, ns, lab.Squid(""))
	startIn(t, ns, lab.Nginx("listen 8080; return 200;", 8080))
	page := "http://" + netip.AddrPortFrom(programAddr, 8080).String() + "/"
	proxied := Spec{Kind: HTTP, Proxy: true, Path: page, Host: "10.9.9.9:8080"}
	refused := proxied
	refused.Status = []StatusRange{{200, 299}, {403, 403}}
	want(t, "nobody is allowed", checkPort(t, proxied, 3128, enough), Fail, BadStatus, "403")
	mustPass(t, "403 is a sign of life", checkPort(t, refused, 3128, enough))
	logsPort(t, r, refused, 3128, 1)
	mustPass(t, "so is 400", checkPort(t, Spec{Kind: HTTP, Status: []StatusRange{{400, 403}}}, 3128, enough))
	if err := r.Kill(); err != nil {
		t.Fatal(err)
	}
	want(t, "killed", checkPort(t, proxied, 3128, short), Fail, Refused, "")

	startIn(t, ns, lab.Squid("http_access allow all"))
	mustPass(t, "a page by the proxy", checkPort(t, proxied, 3128, enough))
}

// TestProgramLies asks every server for every protocol: only its own passes.
func TestProgramLies(t *testing.T) {
	ns := newNamespace(t)
	for _, p := range []lab.Program{
		lab.Nginx("listen 80; return 200;", 80), lab.Postfix(""), lab.Dovecot(""), lab.Slapd(""),
		mariaFrom("skip_name_resolve\n"), postgresFor(""), lab.Redis("protected-mode no\n"),
	} {
		startIn(t, ns, p)
	}
	ports := map[Kind]uint16{
		HTTP: 80, SMTP: 25, IMAP: 143, POP3: 110, LDAP: 389, MySQL: 3306, PostgreSQL: 5432, Redis: 6379,
	}
	for kind := range ports {
		lab.Eventually(t, enough, func() error { return expected(check(t, Spec{Kind: kind}, enough), Pass, "") })
	}
	for kind := range ports {
		for other, port := range ports {
			if r := checkPort(t, Spec{Kind: kind}, port, 200*time.Millisecond); other != kind && r.Outcome != Fail {
				t.Errorf("a check of %s passes at a server of %s: %+v", kind, other, r)
			}
		}
	}
}
