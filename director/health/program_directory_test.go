package health

import (
	"testing"

	"lvs/lab"
)

func TestProgramSlapd(t *testing.T) {
	lab.Need(t)
	spec := Spec{Kind: LDAP}
	t.Run("answers and hangs", func(t *testing.T) {
		r := start(t, lab.Slapd(lab.SlapdTLS))
		mustPass(t, "root DSE", check(t, spec, enough))
		mustPass(t, "an entry", check(t, Spec{Kind: LDAP, BaseDN: "dc=lab"}, enough))
		mustPass(t, "TLS", check(t, Spec{Kind: LDAP, StartTLS: true}, enough))
		want(t, "no such entry", check(t, Spec{Kind: LDAP, BaseDN: "dc=other"}, enough), Fail, BadStatus, "result 32")
		logs(t, r, spec, 8) // ACCEPT, BIND, RESULT, SRCH, SRCH attr, SEARCH RESULT, UNBIND, closed
		hangs(t, r, spec, 389)
	})
	t.Run("without TLS", func(t *testing.T) {
		start(t, lab.Slapd(""))
		want(t, "TLS", check(t, Spec{Kind: LDAP, StartTLS: true}, enough), Fail, BadTLS, "not configured: result 2")
	})
	t.Run("no anonymous bind", func(t *testing.T) {
		start(t, lab.Slapd("disallow bind_anon\n"))
		mustPass(t, "refused bind", check(t, spec, enough))
	})
}
