package lab_test

import (
	"strings"
	"syscall"
	"testing"

	"lvs/lab"
)

// TestProgramStarts starts every server program that the lab has, reaches it, crashes it and
// starts it again.
func TestProgramStarts(t *testing.T) {
	lab.Need(t)
	for _, p := range []lab.Program{
		lab.Nginx("listen 80; return 200 nginx;", 80),
		lab.HAProxy("frontend web\n\tbind :80\n\thttp-request return status 200", 80),
		lab.Squid(""),
		lab.Postfix(""),
		lab.Dovecot(""),
		lab.Slapd(lab.SlapdTLS),
		lab.Bind(""),
		lab.Unbound(""),
		lab.MariaDB(""),
		lab.PostgreSQL(""),
		lab.Redis(""),
	} {
		t.Run(p.Name, func(t *testing.T) {
			ns := lab.Need(t)
			r := lab.NewProgram(t, ns, p)
			if err := r.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := r.Start(); err != nil {
				t.Fatal(err)
			}
			if err := r.Stop(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if p.LogFile == "" && strings.TrimSpace(r.Log()) == "" {
				t.Error("it logged nothing")
			}
		})
	}
}
