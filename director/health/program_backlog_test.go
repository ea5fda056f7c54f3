package health

import (
	"context"
	"net/netip"
	"testing"

	"lvs/lab"
)

// TestProgramBacklogs counts the connections that the kernel makes for a program that hangs:
// so many tcp checks pass, also if each of them closes its connection at once.
func TestProgramBacklogs(t *testing.T) {
	lab.Need(t)
	for _, test := range []struct {
		program lab.Program
		least   int // Debian's defaults
	}{
		{lab.Nginx("listen 80; return 200;", 80), 512},
		{lab.HAProxy("frontend web\n\tbind :80\n\thttp-request return status 200", 80), 100},
		{lab.Squid(""), 100},
		{lab.Postfix(""), 100},
		{lab.Dovecot(""), 100},
		{lab.Slapd(""), 100},
		{lab.MariaDB(""), 80},
		{lab.PostgreSQL(""), 100},
		{lab.Redis("protected-mode no\n"), 100},
	} {
		t.Run(test.program.Name, func(t *testing.T) {
			r := start(t, test.program)
			if err := r.Hang(); err != nil {
				t.Fatal(err)
			}
			got := connections(t, test.program.Ports[0])
			t.Logf("%d connections to a hung %s", got, test.program.Name)
			if got < test.least {
				t.Errorf("%d connections, want %d", got, test.least)
			}
		})
	}
}

// connections opens and closes connections until one is not made. Each stays in the backlog.
func connections(t *testing.T, port uint16) int {
	t.Helper()
	const most = 5000
	for n := range most {
		p := Probe{Timing: Timing{Timeout: short}}
		p.Addr = netip.AddrPortFrom(programAddr, port)
		ctx, cancel := context.WithTimeout(context.Background(), short)
		c, r := dial(ctx, &p, port)
		if r == nil {
			c.Close()
		}
		cancel()
		if r != nil {
			return n
		}
	}
	return most
}
