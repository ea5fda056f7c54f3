package lab_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lvs/commands"
	"lvs/lab"
)

// These tests drain servers under live traffic: no request may fail.

func TestDrainNAT(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	drainTest(t, lab.NAT, "--nat")
}

func TestDrainDirect(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	drainTest(t, lab.Direct, "--direct")
}

// drainTest drains a busy server of two services to the end, undrains it, and drains and
// deletes it.
func drainTest(t *testing.T, forward lab.Forward, option string) {
	c := lab.NewCluster(t, lab.Options{Clients: 2, Servers: 2, Forward: forward})
	state := t.TempDir()
	first := c.Servers[0].Addr4.String()
	for port, weight := range map[uint16]int{80: 3, 8080: 7} {
		for _, s := range c.Servers {
			if err := s.ServeHTTP(port); err != nil {
				t.Fatal(err)
			}
		}
		vip := netip.AddrPortFrom(c.VIP4, port).String()
		drainLVS(t, c.Director, state, 0, "service", "add", vip, "-s", "wrr")
		for _, s := range c.Servers {
			drainLVS(t, c.Director, state, 0, "server", "add", vip, s.Addr4.String(), option, "-w", fmt.Sprint(weight))
		}
	}
	traffic := startSessions(t, c, 80, 8080)
	defer traffic.stop()
	traffic.untilAnswers(t, c.Servers[0].Name)

	out := drainLVS(t, c.Director, state, 0, "drain", first, "--wait", "--timeout", "60s", "-o", "json")
	rows := drainRows(t, out)
	if len(rows) != 2 {
		t.Fatalf("drained %+v", rows)
	}
	for _, r := range rows {
		before := 3
		if strings.HasSuffix(r.Server, ":8080") {
			before = 7
		}
		if r.State != "drained" || r.Active != 0 || r.Weight != 0 || *r.WeightBefore != before {
			t.Errorf("drained %+v", r)
		}
	}
	quiet := c.Servers[0].Requests()
	before := c.Servers[1].Requests()
	lab.Eventually(t, 10*time.Second, func() error {
		if n := c.Servers[1].Requests() - before; n < 20 {
			return fmt.Errorf("the other server answered %d requests since", n)
		}
		return nil
	})
	if n := c.Servers[0].Requests() - quiet; n != 0 {
		t.Errorf("the drained server answered %d requests", n)
	}

	drainLVS(t, c.Director, state, 0, "undrain", first)
	traffic.untilAnswers(t, c.Servers[0].Name)
	var table struct {
		Items []struct {
			Port    int
			Servers []struct{ Weight int }
		}
	}
	if err := json.Unmarshal([]byte(drainLVS(t, c.Director, state, 0, "list", "-o", "json")), &table); err != nil {
		t.Fatal(err)
	}
	for _, s := range table.Items {
		for _, srv := range s.Servers {
			if want := map[int]int{80: 3, 8080: 7}[s.Port]; srv.Weight != want {
				t.Errorf("port %d: weight %d after undrain, want %d", s.Port, srv.Weight, want)
			}
		}
	}

	drainLVS(t, c.Director, state, 0, "drain", first, "--delete", "--timeout", "60s")
	drainLVS(t, c.Director, state, 0, "wait", first, "--for", "gone", "--timeout", "5s")
	before = c.Servers[1].Requests()
	lab.Eventually(t, 10*time.Second, func() error {
		if n := c.Servers[1].Requests() - before; n < 20 {
			return fmt.Errorf("the other server answered %d requests since", n)
		}
		return nil
	})
	traffic.stop()
	if traffic.failed.Load() > 0 || traffic.requests.Load() < 100 {
		t.Errorf("%d of %d requests failed: %v", traffic.failed.Load(), traffic.requests.Load(), traffic.fault.Load())
	}
	t.Logf("%d requests in %d sessions", traffic.requests.Load(), traffic.sessions.Load())
}

// Persistence binds a client to a drained server until its templates expire.
func TestDrainPersistent(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Servers: 2})
	state := t.TempDir()
	vip := netip.AddrPortFrom(c.VIP4, 80).String()
	drainLVS(t, c.Director, state, 0, "service", "add", vip, "-s", "rr", "--persistent=300")
	for _, s := range c.Servers {
		if err := s.ServeHTTP(80); err != nil {
			t.Fatal(err)
		}
		drainLVS(t, c.Director, state, 0, "server", "add", vip, s.Addr4.String(), "--nat")
	}
	ask := func() *lab.Server {
		t.Helper()
		name, err := c.Clients[0].Get("http://" + vip + "/")
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Servers {
			if s.Name == name {
				return s
			}
		}
		t.Fatalf("there is no server %q", name)
		return nil
	}
	bound := ask()
	addr := bound.Addr4.String()
	errs := drainLVSErrors(t, c.Director, state, 8, "drain", addr, "--wait", "--timeout", "2s")
	for _, want := range []string{
		"lvs: net.ipv4.vs.expire_quiescent_template is 0: clients bound by persistence keep coming to " + addr,
		"--expire-templates sets it, for all services of the table",
		"1 client bound by persistence",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("it does not say %q:\n%s", want, errs)
		}
	}
	for range 5 {
		if s := ask(); s != bound {
			t.Fatalf("without expire_quiescent_template the client came to %s: what lvs says is wrong", s.Name)
		}
	}
	errs = drainLVSErrors(t, c.Director, state, 0, "drain", addr, "--expire-templates", "--wait", "--timeout", "20s")
	if !strings.Contains(errs, "setting net.ipv4.vs.expire_quiescent_template to 1") {
		t.Error(errs)
	}
	for range 5 {
		if s := ask(); s == bound {
			t.Fatal("the client still comes to the drained server")
		}
	}
}

// A UDP flow has no end: it is over when there are no more datagrams.
func TestDrainUDP(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	c := lab.NewCluster(t, lab.Options{Servers: 2})
	state := t.TempDir()
	vip := netip.AddrPortFrom(c.VIP4, 53)
	service := "udp://" + vip.String()
	drainLVS(t, c.Director, state, 0, "service", "add", service, "-s", "rr")
	for _, s := range c.Servers {
		if err := s.ServeUDP(53); err != nil {
			t.Fatal(err)
		}
		drainLVS(t, c.Director, state, 0, "server", "add", service, s.Addr4.String(), "--nat")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	names := make(chan string, 1)
	var done sync.WaitGroup
	done.Go(func() { flow(ctx, t, c.Clients[0], vip, names) })
	name := <-names
	var addr string
	for _, s := range c.Servers {
		if s.Name == name {
			addr = s.Addr4.String()
		}
	}
	errs := drainLVSErrors(t, c.Director, state, 8, "drain", addr, "--wait", "--timeout", "8s")
	if !strings.Contains(errs, "1 UDP connection, the last packet less than 5s ago") {
		t.Errorf("while datagrams come it says:\n%s", errs)
	}
	cancel()
	done.Wait()
	drainLVS(t, c.Director, state, 0, "wait", addr, "--for", "drained", "--timeout", "20s")
	errs = drainLVSErrors(t, c.Director, state, 0, "drain", addr, "--wait", "--timeout", "20s")
	if !strings.Contains(errs, "1 UDP connection left, no packet for 5s: a client that sends again comes back") {
		t.Errorf("when no datagram comes it says:\n%s", errs)
	}
}

// A client is silent while its server is drained and deleted. What it sends after that
// is dropped or goes to another server, as lvs reports.
func TestDrainUDPDelete(t *testing.T) {
	t.Parallel()
	lab.Need(t)
	for _, release := range []string{"0", "1"} {
		t.Run("expire_nodest_conn="+release, func(t *testing.T) {
			lab.Need(t)
			c := lab.NewCluster(t, lab.Options{Servers: 2})
			state := t.TempDir()
			vip := netip.AddrPortFrom(c.VIP4, 53)
			service := "udp://" + vip.String()
			drainLVS(t, c.Director, state, 0, "service", "add", service, "-s", "rr")
			for _, s := range c.Servers {
				if err := s.ServeUDP(53); err != nil {
					t.Fatal(err)
				}
				drainLVS(t, c.Director, state, 0, "server", "add", service, s.Addr4.String(), "--nat")
			}
			if err := c.Director.Sysctl("net.ipv4.vs.expire_nodest_conn", release); err != nil {
				t.Fatal(err)
			}
			conn, err := c.Clients[0].Dial(t.Context(), "udp", vip.String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			name, err := echoed(conn)
			if err != nil {
				t.Fatal(err)
			}
			addr := c.Servers[0].Addr4.String()
			if name == c.Servers[1].Name {
				addr = c.Servers[1].Addr4.String()
			}
			errs := drainLVSErrors(t, c.Director, state, 0, "drain", addr, "--delete", "--timeout", "30s")
			if warned := strings.Contains(errs, "net.ipv4.vs.expire_nodest_conn is 0: "); warned != (release == "0") {
				t.Errorf("it says %q", errs)
			}
			answered := false
			for range 3 { // the first may be dropped while the old entry expires
				if other, err := echoed(conn); err == nil {
					answered = other != name
				}
			}
			if answered != (release == "1") {
				t.Errorf("answered after the deletion: %v", answered)
			}
		})
	}
}

// echoed sends a datagram and returns the name of the server that echoed it.
func echoed(conn net.Conn) (string, error) {
	conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("hello")); err != nil {
		return "", err
	}
	buf := make([]byte, 100)
	n, err := conn.Read(buf)
	name, _, _ := strings.Cut(string(buf[:n]), " ")
	return name, err
}

// flow sends datagrams from one port and returns the server that answered first.
func flow(ctx context.Context, t *testing.T, client *lab.Node, to netip.AddrPort, names chan<- string) {
	conn, err := client.Dial(ctx, "udp", to.String())
	if err != nil {
		t.Error(err)
		names <- ""
		return
	}
	defer conn.Close()
	buf := make([]byte, 100)
	for told := false; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := conn.Write([]byte("hello")); err != nil {
			t.Error(err)
		}
		n, err := conn.Read(buf)
		if err != nil {
			t.Error(err)
		}
		if !told {
			name, _, _ := strings.Cut(string(buf[:n]), " ")
			names <- name
			told = true
		}
	}
}

// sessions are clients that make some requests over a connection and then open
// another, repeatedly.
type sessions struct {
	requests, sessions, failed atomic.Int64
	fault                      atomic.Value
	mu                         sync.Mutex
	answers                    map[string]int

	cancel context.CancelFunc
	done   sync.WaitGroup
}

func startSessions(t *testing.T, c *lab.Cluster, ports ...uint16) *sessions {
	ctx, cancel := context.WithCancel(t.Context())
	s := &sessions{answers: map[string]int{}, cancel: cancel}
	for _, client := range c.Clients {
		for _, port := range ports {
			for range 4 {
				s.done.Go(func() {
					for ctx.Err() == nil {
						s.session(client, "http://"+netip.AddrPortFrom(c.VIP4, port).String()+"/")
					}
				})
			}
		}
	}
	return s
}

// session makes ten requests over one connection, within half a second.
func (s *sessions) session(client *lab.Node, url string) {
	transport := &http.Transport{DialContext: client.Dial}
	defer transport.CloseIdleConnections()
	web := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	s.sessions.Add(1)
	for range 10 {
		s.requests.Add(1)
		answer, err := web.Get(url)
		if err != nil {
			s.failed.Add(1)
			s.fault.Store(err.Error())
			return
		}
		name, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			s.failed.Add(1)
			s.fault.Store(err.Error())
		}
		s.mu.Lock()
		s.answers[string(name)]++
		s.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
	}
}

// untilAnswers waits until a server answers from now on.
func (s *sessions) untilAnswers(t *testing.T, name string) {
	t.Helper()
	count := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.answers[name]
	}
	before := count()
	lab.Eventually(t, 10*time.Second, func() error {
		if n := count() - before; n < 20 {
			return fmt.Errorf("%s answered %d requests", name, n)
		}
		return nil
	})
}

func (s *sessions) stop() {
	s.cancel()
	s.done.Wait()
}

type drainRow struct {
	Server, State string
	Weight        int
	WeightBefore  *int
	Active        int
}

func drainRows(t *testing.T, text string) []drainRow {
	t.Helper()
	var doc struct{ Items []drainRow }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return doc.Items
}

// drainLVS runs lvs with a state folder of the test.
func drainLVS(t *testing.T, n *lab.Node, state string, status int, args ...string) string {
	t.Helper()
	out, _ := drainRun(t, n, state, status, args...)
	return out
}

// drainLVSErrors runs lvs and returns its standard error.
func drainLVSErrors(t *testing.T, n *lab.Node, state string, status int, args ...string) string {
	t.Helper()
	_, errs := drainRun(t, n, state, status, args...)
	return errs
}

func drainRun(t *testing.T, n *lab.Node, state string, status int, args ...string) (string, string) {
	t.Helper()
	var out, errs bytes.Buffer
	app := commands.System()
	app.Name = "lvs"
	app.In, app.Out, app.Err = new(bytes.Buffer), &out, &errs
	app.InTerminal, app.OutTerminal, app.ErrTerminal = commands.Terminal{}, commands.Terminal{}, commands.Terminal{}
	env := app.Env
	app.Env = func(name string) string {
		if name == "LVS_STATE_DIR" {
			return state
		}
		return env(name)
	}
	if got := app.Run(t.Context(), append(args, "--netns", n.NetNS)); got != status {
		t.Fatalf("lvs %q on %s: exit status %d, not %d: %s%s", args, n.Name, got, status, out.String(), errs.String())
	}
	return out.String(), errs.String()
}
