package health

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"lvs/lab"
)

// script is a server of a protocol in lines. "> text" is sent, "< text" is what the client has
// to say next, "tls" begins TLS, "close" closes, "hang" says no more. At its end the client has
// to close without another word.
func script(t *testing.T, steps ...string) func(net.Conn) {
	config := serverTLS(t)
	return func(c net.Conn) {
		in := bufio.NewReader(c)
		for _, step := range steps {
			what, text, _ := strings.Cut(step, " ")
			switch what {
			case ">":
				c.Write([]byte(text + "\r\n"))
			case "<":
				line, err := in.ReadString('\n')
				if err != nil || line != text+"\r\n" {
					t.Errorf("the client said %q (%v), want %q", line, err, text)
					return
				}
			case "tls":
				c = tls.Server(c, config)
				in = bufio.NewReader(c)
			case "close":
				return
			case "hang":
				untilClosed(c)
				return
			default:
				t.Errorf("step %q", step)
			}
		}
		if line, err := in.ReadString('\n'); err == nil {
			t.Errorf("the client said %q, want the end", line)
		}
	}
}

// serverTLS returns what a server needs for TLS.
func serverTLS(t *testing.T) *tls.Config {
	t.Helper()
	certificate, key, err := lab.Certificate(24 * time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}}
}

// dialogueTest is one conversation with a scripted server.
type dialogueTest struct {
	name  string
	spec  Spec
	steps []string
	want  Result
}

func runDialogues(t *testing.T, kind Kind, tests []dialogueTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := Probe{Spec: test.spec, Timing: Timing{Timeout: 2 * time.Second}}
			if test.want.Reason == Silent {
				p.Timeout = 300 * time.Millisecond
			}
			p.Kind = kind
			p.Addr = serve(t, script(t, test.steps...))
			got := askOnce(t, p)
			if p.StartTLS && got.Outcome == Pass && got.Expires.Before(time.Now()) {
				t.Errorf("the certificate expires at %s", got.Expires)
			}
			got.Expires = time.Time{}
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestSMTP(t *testing.T) {
	tls := Spec{StartTLS: true}
	runDialogues(t, SMTP, []dialogueTest{
		{"good", Spec{}, []string{"> 220 mx ESMTP", "< QUIT", "> 221 bye", "close"}, pass()},
		{"greeting of several lines", Spec{}, []string{"> 220-mx", "> 220 ready", "< QUIT", "> 221 bye", "close"}, pass()},
		{"no answer to QUIT", Spec{}, []string{"> 220 mx", "< QUIT", "close"}, pass()},
		{"busy", Spec{}, []string{"> 421 4.7.0 too many connections", "close"}, busy("421 4.7.0 too many connections")},
		{"no service", Spec{}, []string{"> 554 no service", "< QUIT", "> 221 bye", "close"},
			fail(BadStatus, "554 no service")},
		{"silent", Spec{}, []string{"hang"}, fail(Silent, "")},
		{"half a greeting", Spec{}, []string{"> 220-mx", "hang"}, fail(Silent, "")},
		{"closes", Spec{}, []string{"close"}, fail(Closed, "")},
		{"another protocol", Spec{}, []string{"> SSH-2.0-OpenSSH", "hang"}, fail(BadAnswer, "SSH-2.0-OpenSSH")},
		{"another code in the middle", Spec{}, []string{"> 220-mx", "> 250 ok"}, fail(BadAnswer, "250 ok")},
		{"endless line", Spec{}, []string{"> 220 " + strings.Repeat("x", maxLine)}, fail(BadAnswer, errTooLong.Error())},
		{"endless lines", Spec{}, []string{"> 220-" + strings.Repeat("x\r\n220-", maxText/7)},
			fail(BadAnswer, errTooLong.Error())},
		{"TLS", tls, []string{
			"> 220 mx", "< EHLO [127.0.0.1]", "> 250-mx", "> 250-SIZE 10", "> 250 STARTTLS",
			"< STARTTLS", "> 220 go on", "tls", "< QUIT", "> 221 bye", "close",
		}, pass()},
		{"TLS not offered", tls, []string{
			"> 220 mx", "< EHLO [127.0.0.1]", "> 250-mx", "> 250 XSTARTTLS", "< QUIT", "> 221 bye", "close",
		}, fail(BadTLS, "STARTTLS is not offered")},
		{"TLS refused", tls, []string{
			"> 220 mx", "< EHLO [127.0.0.1]", "> 250 STARTTLS", "< STARTTLS", "> 454 not now", "< QUIT", "close",
		}, fail(BadTLS, "454 not now")},
		{"text before TLS", tls, []string{
			"> 220 mx", "< EHLO [127.0.0.1]", "> 250 STARTTLS", "< STARTTLS", "> 220 go on\r\n250 injected",
		}, fail(BadAnswer, "text after the agreement to TLS")},
		{"busy after EHLO", tls, []string{
			"> 220 mx", "< EHLO [127.0.0.1]", "> 421 load", "close",
		}, busy("421 load")},
	})
}

// TestSMTPGreeting lets a server greet later than Timeout.
func TestSMTPGreeting(t *testing.T) {
	p := Probe{Timing: Timing{Timeout: 100 * time.Millisecond}}
	p.Kind = SMTP
	late := func(c net.Conn) {
		time.Sleep(300 * time.Millisecond) // as long as a lookup of our name lasts
		io.WriteString(c, "220 mx\r\n")
		untilClosed(c)
	}
	p.Addr = serve(t, late)
	if got, want := askOnce(t, p), fail(Silent, ""); got != want {
		t.Errorf("without time for the greeting: got %+v, want %+v", got, want)
	}
	p.Greeting = time.Second
	if got := askOnce(t, p); got != pass() {
		t.Errorf("with it: got %+v", got)
	}
}

func TestPOP3(t *testing.T) {
	tls := Spec{StartTLS: true}
	runDialogues(t, POP3, []dialogueTest{
		{"good", Spec{}, []string{"> +OK ready", "< QUIT", "> +OK bye", "close"}, pass()},
		{"refuses", Spec{}, []string{"> -ERR [SYS/TEMP] no", "< QUIT", "close"}, fail(BadStatus, "-ERR [SYS/TEMP] no")},
		{"silent", Spec{}, []string{"hang"}, fail(Silent, "")},
		{"another protocol", Spec{}, []string{"> * OK IMAP"}, fail(BadAnswer, "* OK IMAP")},
		{"TLS", tls, []string{"> +OK", "< STLS", "> +OK go on", "tls", "< QUIT", "> +OK bye", "close"}, pass()},
		{"TLS refused", tls, []string{"> +OK", "< STLS", "> -ERR no", "< QUIT", "close"}, fail(BadTLS, "-ERR no")},
	})
}

func TestIMAP(t *testing.T) {
	tls := Spec{StartTLS: true}
	runDialogues(t, IMAP, []dialogueTest{
		{"good", Spec{}, []string{
			"> * OK [CAPABILITY IMAP4rev1 STARTTLS] ready", "< a LOGOUT", "> * BYE", "> a OK", "close",
		}, pass()},
		{"capabilities asked for", Spec{}, []string{
			"> * OK ready", "< a CAPABILITY", "> * CAPABILITY IMAP4rev1", "> a OK done", "< a LOGOUT", "> * BYE", "close",
		}, pass()},
		{"no capabilities", Spec{}, []string{
			"> * OK ready", "< a CAPABILITY", "> a BAD what", "close",
		}, fail(BadStatus, "a BAD what")},
		{"none in their answer", Spec{}, []string{
			"> * OK ready", "< a CAPABILITY", "> * CAPABILITY XYZ", "> a OK", "close",
		}, fail(BadStatus, "a OK")},
		{"silent after the greeting", Spec{}, []string{"> * OK ready", "< a CAPABILITY", "hang"}, fail(Silent, "")},
		{"leaves", Spec{}, []string{"> * BYE too many", "close"}, fail(BadStatus, "* BYE too many")},
		{"another protocol", Spec{}, []string{"> +OK POP3"}, fail(BadAnswer, "+OK POP3")},
		{"closes", Spec{}, []string{"close"}, fail(Closed, "")},
		{"TLS", tls, []string{
			"> * OK [CAPABILITY IMAP4rev1 STARTTLS] ready", "< b STARTTLS", "> * 1 note", "> b OK begin", "tls",
			"< c LOGOUT", "> * BYE", "close",
		}, pass()},
		{"TLS not offered", tls, []string{
			"> * OK [CAPABILITY IMAP4rev1] ready", "< a LOGOUT", "> * BYE", "close",
		}, fail(BadTLS, "STARTTLS is not offered")},
		{"TLS refused", tls, []string{
			"> * OK [CAPABILITY IMAP4rev1 STARTTLS]", "< b STARTTLS", "> b NO sorry",
		}, fail(BadTLS, "b NO sorry")},
	})
}

func TestRedis(t *testing.T) {
	runDialogues(t, Redis, []dialogueTest{
		{"good", Spec{}, []string{"< PING", "> +PONG"}, pass()},
		{"wants a login", Spec{}, []string{"< PING", "> -NOAUTH Authentication required."}, pass()},
		{"forbids PING", Spec{}, []string{"< PING", "> -NOPERM this user"}, pass()},
		{"protected", Spec{}, []string{"> -DENIED Redis is running", "close"}, fail(BadStatus, "-DENIED Redis is running")},
		{"loads", Spec{}, []string{"< PING", "> -LOADING Redis is"}, fail(Loading, "-LOADING Redis is")},
		{"has no master", Spec{}, []string{"< PING", "> -MASTERDOWN Link"}, fail(Loading, "-MASTERDOWN Link")},
		{"is full", Spec{}, []string{"> -ERR max number of clients reached", "close"},
			busy("-ERR max number of clients reached")},
		{"runs a script", Spec{}, []string{"< PING", "> -BUSY Redis"}, busy("-BUSY Redis")},
		{"cannot save", Spec{}, []string{"< PING", "> -MISCONF Redis"}, fail(BadStatus, "-MISCONF Redis")},
		{"expected login", Spec{Expect: "^-NOAUTH"}, []string{"< PING", "> -NOAUTH x"}, pass()},
		{"unexpected answer", Spec{Expect: "^-NOAUTH"}, []string{"< PING", "> +PONG"}, fail(BadAnswer, "+PONG")},
		{"another protocol", Spec{}, []string{"< PING", "> HTTP/1.1 400"}, fail(BadAnswer, "HTTP/1.1 400")},
		{"silent", Spec{}, []string{"< PING", "hang"}, fail(Silent, "")},
	})
}

func TestAgent(t *testing.T) {
	for _, test := range []struct {
		name  string
		spec  Spec
		steps []string
		want  Result
		words AgentWords
	}{
		{"percent", Spec{}, []string{"> 75%", "close"}, pass(), AgentWords{75, -1, "", "75%"}},
		{"up alone lifts nothing", Spec{}, []string{"> up"}, pass(), AgentWords{-1, -1, "", "up"}},
		{"ready and up", Spec{}, []string{"> ready up 100%"}, pass(), AgentWords{100, -1, "ready", "ready up 100%"}},
		{"drain", Spec{}, []string{"> drain\t# upgrade"}, pass(), AgentWords{-1, -1, "drain", "drain\t# upgrade"}},
		{"maxconn", Spec{}, []string{"> 50%,maxconn:30"}, pass(), AgentWords{50, -1, "", "50%,maxconn:30"}},
		{"down", Spec{}, []string{"> down # disk"}, fail(BadStatus, "down # disk"), AgentWords{-1, -1, "", "down # disk"}},
		{"stopped", Spec{}, []string{"> stopped"}, fail(BadStatus, "stopped"), AgentWords{-1, -1, "", "stopped"}},
		{"asked", Spec{Send: "state\r\n"}, []string{"< state", "> 10%"}, pass(), AgentWords{10, -1, "", "10%"}},
		{"nothing", Spec{}, []string{"> "}, unsaid(BadAnswer, ""), AgentWords{}},
		{"unknown word", Spec{}, []string{"> up healthy"}, unsaid(BadAnswer, "up healthy"), AgentWords{}},
		{"too much", Spec{}, []string{"> 1001%"}, unsaid(BadAnswer, "1001%"), AgentWords{}},
		{"silent", Spec{}, []string{"hang"}, unsaid(Silent, ""), AgentWords{}},
		{"closes", Spec{}, []string{"close"}, unsaid(Closed, ""), AgentWords{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := Probe{Spec: test.spec, Timing: Timing{Timeout: time.Second}}
			p.Kind = Agent
			p.Addr = serve(t, script(t, test.steps...))
			got := askOnce(t, p)
			var words AgentWords
			if got.Agent != nil {
				words, got.Agent = *got.Agent, nil
			}
			if got != test.want || words != test.words {
				t.Errorf("got %+v with %+v, want %+v with %+v", got, words, test.want, test.words)
			}
		})
	}
	t.Run("no end of the line", func(t *testing.T) {
		p := Probe{Timing: Timing{Timeout: 300 * time.Millisecond}}
		p.Kind = Agent
		p.Addr = serve(t, func(c net.Conn) { c.Write([]byte("75%")) })
		if got, want := askOnce(t, p), unsaid(BadAnswer, "no end of the line: 75%"); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
	t.Run("refused", func(t *testing.T) {
		p := Probe{Timing: Timing{Timeout: time.Second}}
		p.Kind, p.Addr = Agent, closedPort(t)
		if got := askOnce(t, p); got.Outcome != Busy || got.Reason != Refused {
			t.Errorf("got %+v, want no verdict", got)
		}
	})
}
