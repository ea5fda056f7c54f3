package health

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"lvs/lab"
)

func TestProgramNameServers(t *testing.T) {
	lab.Need(t)
	for _, test := range []struct {
		program lab.Program
		lines   int // logged for a query
	}{
		{lab.Bind("allow-query { any; };"), 1},
		{lab.Unbound("access-control: 10.0.0.0/8 allow"), 1},
	} {
		t.Run(test.program.Name, func(t *testing.T) {
			r := start(t, test.program)
			spec := Spec{Kind: DNS, Name: "www.example"}
			mustPass(t, "good", check(t, spec, enough))
			logs(t, r, spec, test.lines)
			if err := r.Hang(); err != nil {
				t.Fatal(err)
			}
			want(t, "hung", check(t, spec, short), Fail, Silent, "")
			mustPass(t, "a udp check of a hung program", checkPort(t, Spec{Kind: UDP}, 53, short))
			if err := r.Kill(); err != nil {
				t.Fatal(err)
			}
			want(t, "killed", check(t, spec, short), Fail, Refused, "")
			want(t, "a udp check after that", checkPort(t, Spec{Kind: UDP}, 53, short), Fail, Refused, "")
		})
	}
	t.Run("named refuses", func(t *testing.T) {
		logs(t, start(t, lab.Bind("querylog no;")), Spec{Kind: DNS, Name: "www.example"}, 0)
		other := Spec{Kind: DNS, Name: "other.test"}
		mustPass(t, "another zone", check(t, other, enough))
		other.Expect = "^(NOERROR|NXDOMAIN)$"
		want(t, "another zone, with expect", check(t, other, enough), Fail, BadStatus, "REFUSED")
		mustPass(t, "no such name", check(t, Spec{Kind: DNS, Name: "nobody.example", Expect: other.Expect}, enough))
	})
	t.Run("unbound refuses", func(t *testing.T) { // with twelve bytes, without the question
		start(t, lab.Unbound("access-control: 10.0.0.0/8 refuse"))
		began := time.Now()
		mustPass(t, "a stranger", check(t, Spec{Kind: DNS, Name: "www.example"}, enough))
		if took := time.Since(began); took > enough/4 {
			t.Errorf("the refusal was seen after %s", took)
		}
	})
}

// TestClosedUDPPort asks a machine on which nobody listens. It refuses the first questions,
// then one a second: silence is no sign of life, and a refusal is proof.
func TestClosedUDPPort(t *testing.T) {
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Servers: 1})
	p := Probe{Spec: Spec{Kind: UDP, Send: "x"}, Timing: Timing{Timeout: 100 * time.Millisecond}}
	p.Addr = netip.AddrPortFrom(c.Servers[0].Addr4, 4000)
	p.Netns = c.Director.Path()
	refused, passed := 0, 0
	for range 12 {
		switch r := askOnce(t, p); r.Reason {
		case Refused:
			refused++
		case "":
			passed++
		default:
			t.Fatalf("got %+v", r)
		}
	}
	if refused < 6 || passed == 0 {
		t.Errorf("%d refusals and %d times silence, want both", refused, passed)
	}
	p.Expect = "."
	if r := askOnce(t, p); r.Outcome != Fail {
		t.Errorf("silence although an answer is expected: %+v", r)
	}
}

// TestOtherNamespace asks from another namespace, and runs a program there.
func TestOtherNamespace(t *testing.T) {
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Servers: 1})
	s := c.Servers[0]
	if err := s.ServeSMTP(25); err != nil {
		t.Fatal(err)
	}
	smtp := Probe{Spec: Spec{Kind: SMTP}, Timing: Timing{Timeout: enough}}
	smtp.Addr = netip.AddrPortFrom(s.Addr4, 0)
	if r := askOnce(t, smtp); r.Outcome == Pass {
		t.Errorf("smtp from here: %+v", r)
	}
	smtp.Netns = c.Director.Path()
	mustPass(t, "smtp from the director", askOnce(t, smtp))
	ping := smtp
	ping.Kind = ICMP
	mustPass(t, "icmp from the director", askOnce(t, ping))
	command := smtp
	command.Kind = Exec
	command.Command = []string{"/bin/sh", "-c", `ip -o -4 addr | grep -q " $0/"`, "{address}"}
	want(t, "exec in the director", askOnce(t, command), Fail, ExitStatus, fmt.Sprint(1))
	command.Netns = s.Path()
	mustPass(t, "exec in the server", askOnce(t, command))
}
