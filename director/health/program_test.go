package health

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"lvs/lab"
)

// The tests named TestProgram… ask real servers. Each has a namespace of its own, with this
// address, so that a server does not take the check for a client of its own machine.
var programAddr = netip.MustParseAddr("10.9.9.9")

// enough is the time of a check of a server that answers: the lab's kernel is slow.
const enough = 20 * time.Second

// short is the time of a check of a server that does not.
const short = 500 * time.Millisecond

// start runs a program in a new namespace.
func start(t *testing.T, p lab.Program) *lab.Running {
	t.Helper()
	return startIn(t, newNamespace(t), p)
}

func startIn(t *testing.T, ns *lab.Namespace, p lab.Program) *lab.Running {
	t.Helper()
	return lab.NewProgram(t, ns, p)
}

func newNamespace(t *testing.T) *lab.Namespace {
	t.Helper()
	ns := lab.Need(t)
	out, err := exec.Command("ip", "addr", "add", programAddr.String()+"/32", "dev", "lo").CombinedOutput()
	if err != nil {
		t.Fatalf("ip addr add: %v: %s", err, out)
	}
	return ns
}

// check asks once, on the usual port of the kind.
func check(t *testing.T, spec Spec, timeout time.Duration) Result {
	t.Helper()
	return checkPort(t, spec, 0, timeout)
}

func checkPort(t *testing.T, spec Spec, port uint16, timeout time.Duration) Result {
	t.Helper()
	p := Probe{Spec: spec, Timing: Timing{Timeout: timeout}}
	p.Addr = netip.AddrPortFrom(programAddr, port)
	return askOnce(t, p)
}

// want fails if a result is not of an outcome and a reason, with a part of the detail.
func want(t *testing.T, what string, r Result, outcome Outcome, why Reason, detail string) {
	t.Helper()
	if r.Outcome != outcome || r.Reason != why || !strings.Contains(r.Detail, detail) {
		t.Errorf("%s: got outcome %d, reason %q, detail %q; want %d, %q, %q",
			what, r.Outcome, r.Reason, r.Detail, outcome, why, detail)
	}
}

// expected returns an error if a result is not of an outcome and a reason.
func expected(r Result, outcome Outcome, why Reason) error {
	if r.Outcome != outcome || r.Reason != why {
		return fmt.Errorf("outcome %d, reason %q, detail %q", r.Outcome, r.Reason, r.Detail)
	}
	return nil
}

// mustPass fails if a check does not pass.
func mustPass(t *testing.T, what string, r Result) {
	t.Helper()
	want(t, what, r, Pass, "", "")
}

// hangs stops a program: the check of its protocol fails, while a connection alone still
// succeeds, because the kernel makes it. Afterwards the check passes again, and when the
// program is gone it is refused.
func hangs(t *testing.T, r *lab.Running, spec Spec, port uint16) {
	t.Helper()
	if err := r.Hang(); err != nil {
		t.Fatal(err)
	}
	want(t, "hung", check(t, spec, short), Fail, Silent, "")
	mustPass(t, "a tcp check of a hung program", checkPort(t, Spec{Kind: TCP}, port, short))
	if err := r.Resume(); err != nil {
		t.Fatal(err)
	}
	mustPass(t, "resumed", check(t, spec, enough))
	if err := r.Kill(); err != nil {
		t.Fatal(err)
	}
	want(t, "killed", check(t, spec, short), Fail, Refused, "")
}

// logged returns the lines that a program logs while something is done once, after it has
// been done before. It waits until there are as many as expected, and some time for more.
func logged(t *testing.T, r *lab.Running, expected int, do func()) []string {
	t.Helper()
	before := r.Log()
	do()
	lines := func() []string {
		text := strings.TrimSpace(strings.TrimPrefix(r.Log(), before))
		if text == "" {
			return nil
		}
		return strings.Split(text, "\n")
	}
	lab.Eventually(t, enough, func() error {
		if got := lines(); len(got) < expected {
			return fmt.Errorf("%d lines of %d: %q", len(got), expected, got)
		}
		return nil
	})
	const more = 300 * time.Millisecond
	time.Sleep(more) // nothing tells that no more lines come
	return lines()
}

// logs fails if a check costs another number of lines of the log.
func logs(t *testing.T, r *lab.Running, spec Spec, expected int) {
	t.Helper()
	logsPort(t, r, spec, 0, expected)
}

func logsPort(t *testing.T, r *lab.Running, spec Spec, port uint16, expected int) {
	t.Helper()
	mustPass(t, "before counting lines", checkPort(t, spec, port, enough))
	time.Sleep(short) // the lines of that check
	got := logged(t, r, expected, func() { mustPass(t, "counting lines", checkPort(t, spec, port, enough)) })
	if len(got) != expected {
		t.Errorf("%s: %d lines are logged for a check, want %d:\n%s",
			spec.Kind, len(got), expected, strings.Join(got, "\n"))
	}
}

// hold opens connections and keeps them until the test ends. With hear it waits for the
// beginning of what the server says on each.
func hold(t *testing.T, n int, port uint16, say []byte, hear bool) {
	t.Helper()
	for i := range n {
		p := Probe{Timing: Timing{Timeout: time.Hour}}
		p.Addr = netip.AddrPortFrom(programAddr, port)
		c, r := dial(context.Background(), &p, port)
		if r != nil {
			t.Fatalf("connection %d: %+v", i, r)
		}
		t.Cleanup(func() { c.Close() })
		if say != nil {
			c.Write(say)
		}
		if hear {
			c.SetReadDeadline(time.Now().Add(enough))
			c.Read(make([]byte, 4096))
		}
	}
}

// silentNames is a name server that answers nothing, and the file that names it.
func silentNames(t *testing.T) map[string]string {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.53:53")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return map[string]string{"etc/resolv.conf": "nameserver 127.0.0.53\n"}
}
