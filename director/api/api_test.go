package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/cluster"
	"lvs/director"
	"lvs/director/health"
	"lvs/kernel"
	"lvs/output"
)

// fake is a director with a fixed state, which notes what it is asked.
type fake struct {
	mu      sync.Mutex
	status  *director.Status
	events  []director.Event
	more    chan struct{}
	decided []director.Decision
	asked   []string
	err     error
}

func newFake() *fake { return &fake{status: sample(), more: make(chan struct{})} }

func (f *fake) Status() *director.Status { return f.status }

func (f *fake) Events(after uint64) ([]director.Event, uint64, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []director.Event
	for _, e := range f.events {
		if e.ID > after {
			out = append(out, e)
		}
	}
	return out, 0, f.more
}

func (f *fake) happen(e director.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	close(f.more)
	f.more = make(chan struct{})
}

func (f *fake) Decide(_ context.Context, d director.Decision) ([]director.ServerStatus, error) {
	f.decided = append(f.decided, d)
	return f.status.Services[0].Servers[:1], f.err
}

func (f *fake) Check(_ context.Context, servers []kernel.ServerKey) ([]director.ServerStatus, error) {
	f.asked = append(f.asked, "check "+servers[0].Server.String())
	return f.status.Services[0].Servers, f.err
}

func (f *fake) Reload(context.Context) error {
	f.asked = append(f.asked, "reload")
	return f.err
}

func (f *fake) RunLater(_ context.Context, id string) error {
	f.asked = append(f.asked, "later "+id)
	return f.err
}

func (f *fake) Leave(context.Context) error {
	f.asked = append(f.asked, "leave")
	return f.err
}

func now() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

func web() kernel.ServiceID {
	id, err := kernel.ParseServiceID("tcp://192.0.2.10:80")
	if err != nil {
		panic(err)
	}
	return id
}

func key(addr string) kernel.ServerKey {
	return kernel.ServerKey{Service: web(), Server: netip.MustParseAddrPort(addr)}
}

func sample() *director.Status {
	up := director.ServerStatus{
		Key: key("10.0.0.11:80"), Admin: director.AdminStatus{State: director.Ready, Weight: -1},
		Health: director.HealthStatus{Verdict: health.Up, Checked: true, Since: now(), Probes: []director.ProbeStatus{{
			Kind: health.TCP, Addr: "10.0.0.11:80", State: health.State{Verdict: health.Up, Since: now(), Pass: 7, Next: now(),
				Last: health.Result{At: now(), Took: time.Millisecond, Outcome: health.Pass}},
		}}},
		Declared: 1, Wanted: 1, InForce: 1, Why: director.ByFile,
	}
	gone := director.ServerStatus{
		Key: key("10.0.0.12:80"), Admin: director.AdminStatus{State: director.Ready, Weight: -1},
		Health:   director.HealthStatus{Verdict: health.Down, Checked: true, Since: now()},
		Declared: 1, Wanted: -1, InForce: -1, Why: director.ByQuiesced,
	}
	return &director.Status{
		At: now(), Started: now().Add(-time.Hour), Version: "1.0.0", PID: 42, Files: []string{"/etc/lvs/cluster.yaml"},
		Cluster: "shanghai", Loaded: now(),
		Addresses: []director.AddressStatus{{Addr: netip.MustParseAddr("192.0.2.10"), State: director.AddressDegraded, Up: 1,
			Down: 1}},
		Services: []director.ServiceStatus{{ID: web(), Name: "web", State: director.ServiceUp, Since: now(), Healthy: 1,
			All: 2, Weight: 1, Declared: 2, DownBelow: 1, UpFrom: 1, Servers: []director.ServerStatus{up, gone}}},
	}
}

// serve runs a server for a director, and returns a client of it.
func serve(t *testing.T, c director.Control) *Client {
	t.Helper()
	path := filepath.Join(shortFolder(t), "d.sock")
	l, err := Listen(path, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &Server{Control: c, UserName: func(uid int) string { return fmt.Sprintf("user%d", uid) }, Now: now}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &Client{Path: path}
}

// shortFolder returns a folder whose path leaves room for the name of a socket.
func shortFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lvs-api-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestStatus(t *testing.T) {
	c := serve(t, newFake())
	got, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Addresses) != 1 || got.Addresses[0].State != "degraded" {
		t.Errorf("addresses: %+v", got.Addresses)
	}
	if diff := cmp.Diff(StatusRow(sample()), got); diff != "" {
		t.Errorf("on the way it changed:\n%s", diff)
	}
	gone := got.Services[0].Servers[1]
	if gone.Weight != nil || gone.WeightWanted != nil || gone.AdminWeight != nil || gone.AdminUntil != nil {
		t.Errorf("what is not known is not null: %+v", gone)
	}
}

func TestDecide(t *testing.T) {
	f := newFake()
	c := serve(t, f)
	d := director.Decision{Action: director.DoDrain, Servers: []kernel.ServerKey{key("10.0.0.11:80")},
		For: 30 * time.Minute, User: "mallory", Reason: "new disk", Command: "lvs drain 10.0.0.11"}
	rows, err := c.Decide(t.Context(), &d)
	if err != nil || len(rows) != 1 || rows[0].Server != "10.0.0.11:80" {
		t.Fatal(rows, err)
	}
	want := d
	want.User = fmt.Sprintf("user%d", os.Getuid()) // the socket's, not the request's
	if diff := cmp.Diff([]director.Decision{want}, f.decided, cmp.Comparer(sameKey)); diff != "" {
		t.Error(diff)
	}
	c.SudoUser = "alice"
	if _, err := c.Decide(t.Context(), &d); err != nil {
		t.Fatal(err)
	}
	if got, want := f.decided[1].User, "alice as "+want.User; got != want {
		t.Errorf("the user is %q, want %q", got, want)
	}
}

func sameKey(a, b kernel.ServerKey) bool { return a == b }

func TestRefusals(t *testing.T) {
	d := director.Decision{Action: director.DoDrain, Servers: []kernel.ServerKey{key("10.0.0.11:80")}}
	wrong := cluster.Faults{{File: "a.yaml", Line: 3, Column: 2, Text: "x: y", Why: "unknown key x", Hint: "use z"},
		{Why: "no service"}}
	for _, test := range []struct {
		name   string
		err    error
		ask    func(*Client) error
		exit   int
		why    string
		faults int
	}{
		{"another server", fmt.Errorf("10.0.0.11:80: %w", director.ErrNotOwned), func(c *Client) error {
			_, err := c.Decide(t.Context(), &d)
			return err
		}, 4, "10.0.0.11:80: the director does not have this server", 0},
		{"bad files", wrong, func(c *Client) error { return c.Reload(t.Context()) }, 2,
			"the cluster files are not valid", 2},
		{"a slow check", context.DeadlineExceeded, func(c *Client) error {
			_, err := c.Check(t.Context(), d.Servers)
			return err
		}, 8, "context deadline exceeded", 0},
		{"no action", nil, func(c *Client) error {
			_, err := c.Decide(t.Context(), &director.Decision{Action: "explode", Servers: d.Servers})
			return err
		}, 2, `invalid action "explode": want drain, maintain, undrain or weight`, 0},
		{"no server", nil, func(c *Client) error {
			_, err := c.Decide(t.Context(), &director.Decision{Action: director.DoDrain})
			return err
		}, 2, "no server is named", 0},
		{"no job", nil, func(c *Client) error { return c.RunLater(t.Context(), "") }, 2, "no job is named", 0},
		{"full disk", fmt.Errorf("write: %w", syscall.ENOSPC), func(c *Client) error {
			_, err := c.Decide(t.Context(), &d)
			return err
		}, 3, "write: no space left on device", 0},
		{"anything else", errors.New("disk full"), func(c *Client) error { return c.Leave(t.Context()) }, 3, "disk full", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake()
			f.err = test.err
			var refused *Error
			if err := test.ask(serve(t, f)); !errors.As(err, &refused) {
				t.Fatalf("it returns %v", err)
			}
			if refused.ExitStatus != test.exit || refused.Why != test.why || len(refused.Faults) != test.faults {
				t.Errorf("it returns %+v", refused.ErrorRow)
			}
			if full := errors.Is(test.err, syscall.ENOSPC); full != (refused.Hint != nil) {
				t.Errorf("the hint is %v", refused.Hint)
			}
		})
	}
}

func TestEventsWait(t *testing.T) {
	f := newFake()
	c := serve(t, f)
	if rows, err := c.Events(t.Context(), 0, 0); err != nil || len(rows) != 0 {
		t.Fatal(rows, err)
	}
	got := make(chan []output.DirectorEventRow)
	go func() {
		rows, err := c.Events(t.Context(), 0, time.Minute)
		if err != nil {
			t.Error(err)
		}
		got <- rows
	}()
	f.happen(director.Event{ID: 1, At: now(), Kind: director.EventVerdict, Server: key("10.0.0.11:80"), From: "up",
		To: "down", Check: health.HTTP, Result: health.Result{At: now(), Outcome: health.Fail, Reason: health.BadStatus,
			Detail: "503\x1b[2J"}})
	rows := <-got
	if len(rows) != 1 || rows[0].Text != `down: http answer: 503\x1b[2J` || *rows[0].Service != "tcp://192.0.2.10:80" {
		t.Errorf("%+v", rows)
	}
	if rows, err := c.Events(t.Context(), 1, 0); err != nil || len(rows) != 0 {
		t.Errorf("after the last event: %v %v", rows, err)
	}
}

// An end of the director ends those who wait.
func TestServeEnds(t *testing.T) {
	path := filepath.Join(shortFolder(t), "d.sock")
	l, err := Listen(path, "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &Server{Control: newFake(), UserName: func(int) string { return "" }, Now: now}
	done, waited := make(chan error, 1), make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	c := &Client{Path: path}
	if _, err := c.Status(t.Context()); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := c.Events(t.Context(), 0, time.Minute)
		waited <- err
	}()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	<-waited
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
	var absent *AbsentError
	if _, err := c.Status(t.Context()); !errors.As(err, &absent) {
		t.Errorf("it returns %v", err)
	}
}

func TestProbes(t *testing.T) {
	f := newFake()
	c := serve(t, f)
	get := func(path string) (int, string) {
		t.Helper()
		web := http.Client{Transport: &http.Transport{DialContext: c.dial, DisableKeepAlives: true}}
		resp, err := web.Get("http://x" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	st := *f.status
	for _, test := range []struct {
		name           string
		change         func(*director.Status)
		healthz, ready int
	}{
		{"good", func(*director.Status) {}, 200, 200},
		{"stale", func(s *director.Status) { s.At = now().Add(-Stale - time.Second) }, 503, 503},
		{"not judged", func(s *director.Status) {
			s.Services = []director.ServiceStatus{{ID: web(), State: director.ServiceUnknown}}
		}, 200, 503},
	} {
		t.Run(test.name, func(t *testing.T) {
			changed := st
			test.change(&changed)
			f.status = &changed
			if got, text := get("/healthz"); got != test.healthz {
				t.Errorf("healthz %d %s", got, text)
			}
			if got, text := get("/readyz"); got != test.ready {
				t.Errorf("readyz %d %s", got, text)
			}
		})
	}
	f.status = nil
	if got, text := get("/healthz"); got != 503 || text != errStarting.Error()+"\n" {
		t.Errorf("without a state: %d %q", got, text)
	}
	if got, _ := get("/v1/nothing"); got != 404 {
		t.Errorf("an unknown path: %d", got)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	c := serve(t, newFake())
	web := http.Client{Transport: &http.Transport{DialContext: c.dial, DisableKeepAlives: true}}
	for _, body := range []string{strings.Repeat(" ", maxBody+1) + "{}", `{"actoin":"drain"}`, `{"for":1e300}`, "[]"} {
		resp, err := web.Post("http://x/v1/decide", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%.20q: status %d", body, resp.StatusCode)
		}
	}
}

func TestListen(t *testing.T) {
	dir := shortFolder(t)
	path, link := filepath.Join(dir, "lvs", "director-7.sock"), filepath.Join(dir, "lvs", Link)
	l, err := Listen(path, link)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v %v", info, err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the folder: %v %v", info, err)
	}
	if to, err := os.Readlink(link); err != nil || to != "director-7.sock" {
		t.Errorf("the link: %q %v", to, err)
	}
	var running *RunningError
	if _, err := Listen(path, link); !errors.As(err, &running) {
		t.Errorf("a second director: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{path, link} {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
}

func TestListenReplacesOnlyTheDead(t *testing.T) {
	path := filepath.Join(shortFolder(t), "d.sock")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	var running *RunningError
	if _, err := Listen(path, ""); !errors.As(err, &running) {
		t.Errorf("a living socket of another program: %v", err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	l, err := Listen(path, "")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path, ""); err == nil {
		t.Error("a file was replaced")
	}
}

func TestListenRefuses(t *testing.T) {
	long := filepath.Join(shortFolder(t), strings.Repeat("x", maxPath))
	var tooLong *PathError
	if _, err := Listen(long, ""); !errors.As(err, &tooLong) {
		t.Errorf("a long path: %v", err)
	}
	if _, err := (&Client{Path: long}).Status(t.Context()); !errors.As(err, &tooLong) {
		t.Errorf("a long path of a client: %v", err)
	}
	open := shortFolder(t)
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	var folder *FolderError
	if _, err := Listen(filepath.Join(open, "d.sock"), ""); !errors.As(err, &folder) {
		t.Errorf("a folder that everybody may write to: %v", err)
	}
}

func TestConnectionsAreLimited(t *testing.T) {
	path := filepath.Join(shortFolder(t), "d.sock")
	l, err := Listen(path, "")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 2*maxConns)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	var held []net.Conn
	for range maxConns {
		defer dial().Close()
		held = append(held, <-accepted)
	}
	over := dial()
	defer over.Close()
	if _, err := over.Read(make([]byte, 1)); err == nil || errors.Is(err, syscall.ETIMEDOUT) {
		t.Errorf("one too many: %v", err)
	}
	held[0].Close()
	held[0].Close() // once is enough
	defer dial().Close()
	<-accepted
}

func TestFolder(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	for _, test := range []struct {
		env  func(string) string
		uid  int
		want string
	}{
		{env(), 0, "/run/lvs"},
		{env("XDG_RUNTIME_DIR", "/run/user/0"), 0, "/run/lvs"},
		{env("XDG_RUNTIME_DIR", "/run/user/7"), 7, "/run/user/7/lvs"},
		{env("XDG_RUNTIME_DIR", "rel"), 7, "/run/lvs"},
		{env(Variable, "/tmp/x", "XDG_RUNTIME_DIR", "/run/user/7"), 7, "/tmp/x"},
	} {
		if got := Folder(test.env, test.uid); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
	if got := Path("/run/lvs", "boot/n17"); got != "/run/lvs/director-n17.sock" {
		t.Error(got)
	}
}

// A director that was stopped by a signal still has its socket: the kernel takes connections.
func TestSilentDirector(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c := &Client{Path: path, patience: 20 * time.Millisecond}
	for name, test := range map[string]struct {
		ask    func() error
		change bool
	}{
		"status": {func() error { _, err := c.Status(t.Context()); return err }, false},
		"events": {func() error { _, err := c.Events(t.Context(), 0, time.Minute); return err }, false},
		"reload": {func() error { return c.Reload(t.Context()) }, true},
		"leave":  {func() error { return c.Leave(t.Context()) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			var silent *SilentError
			if err := test.ask(); !errors.As(err, &silent) || silent.Change != test.change {
				t.Errorf("error is %v, want that it does not answer", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want that of the caller's context", err)
	}
}
