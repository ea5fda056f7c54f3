package health

import (
	"testing"
	"time"

	"lvs/lab"
)

func TestProgramPostfix(t *testing.T) {
	lab.Need(t)
	spec := Spec{Kind: SMTP}
	t.Run("answers and hangs", func(t *testing.T) {
		r := start(t, lab.Postfix(""))
		mustPass(t, "good", check(t, spec, enough))
		tls := check(t, Spec{Kind: SMTP, StartTLS: true, Expiry: 40 * 24 * time.Hour}, enough)
		mustPass(t, "TLS", tls)
		if !tls.Soon || time.Until(tls.Expires) < 29*24*time.Hour {
			t.Errorf("the certificate expires at %s, soon: %v", tls.Expires, tls.Soon)
		}
		want(t, "TLS of an unknown authority", check(t, Spec{Kind: SMTP, StartTLS: true, Verify: true}, enough),
			Fail, BadTLS, "certificate")
		logs(t, r, spec, 2) // connect and disconnect; without QUIT it is one more
		hangs(t, r, spec, 25)
	})
	t.Run("is busy", func(t *testing.T) {
		start(t, lab.Postfix("smtpd_client_connection_count_limit = 2\nsmtpd_client_event_limit_exceptions =\n"))
		hold(t, 2, 25, nil, true)
		want(t, "one too many", check(t, spec, enough), Busy, TooBusy, "421 ")
	})
	t.Run("looks up names", func(t *testing.T) {
		ns := newNamespace(t)
		startIn(t, ns, lab.Postfix("").With(silentNames(t)))
		want(t, "within the timeout", check(t, spec, 2*time.Second), Fail, Silent, "")
		slow := spec
		slow.Greeting = time.Minute
		began := time.Now()
		mustPass(t, "with time for the greeting", check(t, slow, 2*time.Second))
		t.Logf("the greeting took %s", time.Since(began))
	})
	t.Run("offers no TLS", func(t *testing.T) {
		start(t, lab.Postfix("smtpd_tls_security_level = none\n"))
		want(t, "TLS", check(t, Spec{Kind: SMTP, StartTLS: true}, enough), Fail, BadTLS, "not offered")
	})
}

func TestProgramDovecot(t *testing.T) {
	lab.Need(t)
	t.Run("answers and hangs", func(t *testing.T) {
		r := start(t, lab.Dovecot(""))
		for _, spec := range []Spec{
			{Kind: IMAP}, {Kind: IMAP, StartTLS: true}, {Kind: POP3}, {Kind: POP3, StartTLS: true},
		} {
			mustPass(t, string(spec.Kind), check(t, spec, enough))
		}
		logs(t, r, Spec{Kind: IMAP}, 1)
		logs(t, r, Spec{Kind: POP3}, 1)
		hangs(t, r, Spec{Kind: IMAP}, 143)
	})
	t.Run("nobody can log in", func(t *testing.T) {
		r := start(t, lab.Dovecot(""))
		mustPass(t, "imap", check(t, Spec{Kind: IMAP}, enough))
		if err := r.Hang("auth"); err != nil {
			t.Fatal(err)
		}
		want(t, "pop3", check(t, Spec{Kind: POP3}, 2*time.Second), Fail, Silent, "")
		// After 10 s it greets with OK, and after 30 s it says goodbye.
		slow := Spec{Kind: IMAP, Greeting: 15 * time.Second}
		want(t, "imap, after the greeting", check(t, slow, 2*time.Second), Fail, Silent, "")
	})
	t.Run("logins wait", func(t *testing.T) {
		start(t, lab.Dovecot("service imap-login {\n process_limit = 3\n}\n"))
		hold(t, 4, 143, nil, true)
		mustPass(t, "one more", check(t, Spec{Kind: IMAP}, enough))
	})
}
