package health

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"
)

// canned is a connection to a server that sends what it is given, and closes.
type canned struct {
	net.Conn
	in io.Reader
}

func (c canned) Read(b []byte) (int, error)      { return c.in.Read(b) }
func (c canned) Write(b []byte) (int, error)     { return len(b), nil }
func (c canned) SetReadDeadline(time.Time) error { return nil }
func (c canned) LocalAddr() net.Addr             { return &net.UnixAddr{} }

// FuzzAnswers gives any bytes to every kind of check that talks: it ends, with a result that
// can be shown, and passes only with a proper answer in the bytes.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		"220 mx\r\n", "220-mx\r\n220 mx\r\n250 STARTTLS\r\n220 go\r\n", "421 busy\r\n", "+OK\r\n+OK\r\n",
		"* OK [CAPABILITY IMAP4rev1 STARTTLS] x\r\n", "* OK x\r\n* CAPABILITY IMAP4rev1\r\na OK\r\n",
		"+PONG\r\n", "-LOADING x\r\n",
		"R\x00\x00\x00\x08\x00\x00\x00\x03", "R\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I",
		"\x02\x00\x00\x00\x0a\x00\x07\x00\x00\x02\xff\x15\x04#28000",
		"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00\x30\x0c\x02\x01\x02\x65\x07\x0a\x01\x00\x04\x00\x04\x00",
	} {
		f.Add([]byte(seed))
	}
	kinds := map[Kind]func(*question, net.Conn) Result{
		SMTP: func(q *question, c net.Conn) Result {
			d := newDialogue(c, q)
			code, text, err := d.reply()
			if err != nil {
				return d.bad(err)
			}
			if code == "220" {
				return pass()
			}
			return d.refused(code, text)
		},
		POP3: func(q *question, c net.Conn) Result {
			if r := newDialogue(c, q).positive(BadStatus); r != nil {
				return *r
			}
			return pass()
		},
		IMAP: func(q *question, c net.Conn) Result {
			d := newDialogue(c, q)
			line, err := d.line()
			if err != nil {
				return d.bad(err)
			}
			list, r := imapGreeting(line)
			if r == nil && list == "" {
				_, r = d.capabilities()
			}
			if r != nil {
				return *r
			}
			return pass()
		},
		Redis: func(q *question, c net.Conn) Result {
			d := newDialogue(c, q)
			line, err := d.line()
			if err != nil {
				return d.bad(err)
			}
			return q.redisAnswer(line)
		},
		MySQL: func(q *question, c net.Conn) Result {
			m := mysql{newPackets(c, q)}
			_, b, err := m.packet()
			if err != nil {
				return m.bad(err)
			}
			if r := mysqlGreeting(b); r != nil {
				return *r
			}
			return m.admission()
		},
		PostgreSQL: func(q *question, c net.Conn) Result { return postgres{newPackets(c, q)}.start() },
		LDAP: func(q *question, c net.Conn) Result {
			return (&directory{packets: newPackets(c, q)}).question()
		},
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		for kind, talk := range kinds {
			r := talk(prepare(Probe{Spec: Spec{Kind: kind}}), canned{in: bytes.NewReader(answer)})
			checkResult(t, kind, r)
			if len(answer) < 3 && r.Outcome == Pass {
				t.Errorf("%s: passes with %q", kind, answer)
			}
		}
	})
}

func checkResult(t *testing.T, kind Kind, r Result) {
	t.Helper()
	if r.Outcome == 0 || r.Outcome == Local || (r.Outcome == Pass) != (r.Reason == "") || len(r.Detail) > maxDetail {
		t.Errorf("%s: the result is %+v", kind, r)
	}
}

// FuzzWords reads any line of an agent.
func FuzzWords(f *testing.F) {
	for _, seed := range []string{"75%", "up ready 100%", "down # x", "drain,maxconn:3", "1001%", "", "-1%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		w, _, ok := parseWords(line)
		if w.Percent < -1 || w.Percent > maxPercent || w.Weight != -1 || len(w.Words) > maxDetail {
			t.Errorf("%q: %+v", line, w)
		}
		if utf8.ValidString(line) && !utf8.ValidString(w.Words) {
			t.Errorf("%q: half a character in %q", line, w.Words)
		}
		switch w.Admin {
		case "", "ready", "drain", "maint":
		default:
			t.Errorf("%q: %+v", line, w)
		}
		if r := wordsResult(line); ok != (r.Agent != nil) {
			t.Errorf("%q: %+v", line, r)
		}
	})
}

// FuzzFile reads any file.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{"0\n", "1", "50%\nmore", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		r := askFile(t.Context(), &question{Probe: Probe{Spec: Spec{File: path}}})
		if r.Outcome == Local && r.Agent != nil || len(r.Detail) > maxDetail {
			t.Errorf("%q: %+v", content, r)
		}
	})
}
