package health

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"
)

// serve runs a server on loopback until the test ends. It gets each connection in a goroutine
// of its own, and the connection is closed when it returns.
func serve(t testing.TB, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// closedPort returns an address where nobody listens.
func closedPort(t testing.TB) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// says returns a server that sends a text to everyone, and waits for the other side to close.
func says(text string) func(net.Conn) {
	return func(c net.Conn) {
		c.Write([]byte(text))
		untilClosed(c)
	}
}

// untilClosed reads until the other side closes.
func untilClosed(c net.Conn) {
	buf := make([]byte, 4096)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// eachWay asks a probe in a goroutine, as most kinds are asked, and by the engine, which has
// its own way for some, and compares the results without their times.
func eachWay(t *testing.T, p Probe, want Result) {
	t.Helper()
	for way, ask := range map[string]func(testing.TB, Probe) Result{"goroutine": askOnce, "engine": askByEngine} {
		got := ask(t, p)
		got.At, got.Took = time.Time{}, 0
		if got != want {
			t.Errorf("%s: got %+v, want %+v", way, got, want)
		}
	}
}

// patience returns a short timeout if that is what is tested, and otherwise one that no busy
// machine exceeds.
func patience(want Result) Timing {
	if want.Reason == Silent || want.Reason == Timeout {
		return Timing{Timeout: 300 * time.Millisecond}
	}
	return Timing{Timeout: 20 * time.Second}
}

// askOnce asks a probe once in a goroutine.
func askOnce(t testing.TB, p Probe) Result {
	t.Helper()
	q := prepare(p)
	ctx, cancel := context.WithTimeout(context.Background(), q.limit())
	defer cancel()
	began := time.Now()
	r := ask(ctx, q)
	checkTime(t, q, time.Since(began))
	return r
}

// askByEngine lets an engine ask a probe.
func askByEngine(t testing.TB, p Probe) Result {
	t.Helper()
	e, reports := running(t)
	e.Set([]Probe{p}, nil)
	r := (<-reports).State.Last
	checkTime(t, prepare(p), r.Took)
	return r
}

// checkTime fails if a question took much longer than its timeout.
func checkTime(t testing.TB, q *question, took time.Duration) {
	t.Helper()
	if took > q.limit()+2*time.Second {
		t.Errorf("it took %v, with a limit of %v", took, q.limit())
	}
}
