package commands

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lvs/cluster"
	"lvs/director"
	"lvs/director/api"
	"lvs/director/health"
	"lvs/kernel"
)

// fakeDirector is a director with a fixed state, which notes what it is asked.
type fakeDirector struct {
	status *director.Status
	events []director.Event
	asked  []string
	err    error
}

func (f *fakeDirector) Status() *director.Status { return f.status }

func (f *fakeDirector) Events(after uint64) ([]director.Event, uint64, <-chan struct{}) {
	var out []director.Event
	for _, e := range f.events {
		if e.ID > after {
			out = append(out, e)
		}
	}
	return out, 1, make(chan struct{})
}

func (f *fakeDirector) Decide(_ context.Context, d director.Decision) ([]director.ServerStatus, error) {
	text := string(d.Action)
	for _, k := range d.Servers {
		text += " " + k.Service.String() + " " + k.Server.String()
	}
	f.asked = append(f.asked, fmt.Sprintf("%s weight=%d over=%v for=%v reason=%q command=%q", text, d.Weight, d.Over,
		d.For, d.Reason, d.Command))
	return f.of(d.Servers), f.err
}

func (f *fakeDirector) Check(_ context.Context, servers []kernel.ServerKey) ([]director.ServerStatus, error) {
	f.asked = append(f.asked, fmt.Sprintf("check %d servers", len(servers)))
	return f.of(servers), f.err
}

func (f *fakeDirector) of(keys []kernel.ServerKey) (out []director.ServerStatus) {
	for _, s := range f.status.Services {
		for _, r := range s.Servers {
			for _, k := range keys {
				if r.Key == k {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

func (f *fakeDirector) Reload(context.Context) error {
	f.asked = append(f.asked, "reload")
	return f.err
}

func (f *fakeDirector) RunLater(_ context.Context, id string) error {
	f.asked = append(f.asked, "later "+id)
	return f.err
}

func (f *fakeDirector) Leave(context.Context) error {
	f.asked = append(f.asked, "leave")
	return f.err
}

// start is the time of testApp's clock.
func start() time.Time { return time.Unix(0, 0) }

// directedBy returns a director of tcp://192.0.2.10:80 with a good server, a failed and a
// drained one, and of tcp://192.0.2.11:25, which is down.
func directedBy() *fakeDirector {
	web, mail := serviceID("tcp://192.0.2.10:80"), serviceID("tcp://192.0.2.11:25")
	server := func(id kernel.ServiceID, addr string, v health.Verdict, weight int, why director.Why,
		last health.Result) director.ServerStatus {
		return director.ServerStatus{
			Key:      kernel.ServerKey{Service: id, Server: netip.MustParseAddrPort(addr)},
			Admin:    director.AdminStatus{State: director.Ready, Weight: -1},
			Declared: 5, Wanted: weight, InForce: weight, Why: why,
			Health: director.HealthStatus{Verdict: v, Checked: true, Since: start(), Probes: []director.ProbeStatus{{
				Kind: health.HTTP, Addr: addr, State: health.State{Verdict: v, Last: last, Next: start().Add(time.Second)},
			}}},
		}
	}
	pass := health.Result{At: start(), Took: time.Millisecond, Outcome: health.Pass}
	fail := health.Result{At: start(), Outcome: health.Fail, Reason: health.BadStatus, Detail: "503 \x1b[2J"}
	drained := server(web, "10.0.0.13:80", health.Up, 0, director.ByDrain, pass)
	drained.Admin = director.AdminStatus{State: director.Drained, Since: start(), User: "root", Reason: "new disk",
		Weight: -1}
	return &fakeDirector{status: &director.Status{
		At: start(), Started: start(), Loaded: start(), PID: 42, Version: "1", Files: []string{"/etc/lvs/cluster.yaml"},
		Services: []director.ServiceStatus{
			{ID: web, State: director.ServiceUp, Healthy: 2, All: 3, Weight: 5, Declared: 15, DownBelow: 1, UpFrom: 1,
				Servers: []director.ServerStatus{server(web, "10.0.0.11:80", health.Up, 5, director.ByFile, pass),
					server(web, "10.0.0.12:80", health.Down, 0, director.ByCheck, fail), drained}},
			{ID: mail, State: director.ServiceDown, All: 1, Declared: 5, DownBelow: 1, UpFrom: 1,
				Servers: []director.ServerStatus{server(mail, "10.0.0.11:25", health.Down, -1, director.ByQuiesced, fail)}},
		},
	}}
}

func serviceID(s string) kernel.ServiceID {
	id, err := kernel.ParseServiceID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// beside returns an App beside a running director. A nil director does not run.
func beside(t *testing.T, d director.Control, k kernel.Kernel) (app *App, out, errs *bytes.Buffer) {
	t.Helper()
	dir, err := os.MkdirTemp("", "lvs-run-") // a short path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	app, out, errs = testApp(k)
	env := app.Env
	app.Env = func(name string) string {
		if name == api.Variable {
			return dir
		}
		return env(name)
	}
	app.Identity = func(string) (string, error) { return "boot/" + filepath.Base(dir), nil }
	if d == nil {
		return app, out, errs
	}
	table, _ := app.Identity("")
	l, err := api.Listen(api.Path(dir, table), "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	server := &api.Server{Control: d, UserName: userName, Now: app.Now}
	go func() { done <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return app, out, errs
}

// statusTable is what lvs director status prints of directedBy.
const statusTable = `
SERVER        ADMIN  HEALTH  WEIGHT  WANTED  WHY                                LAST
-             -      up           5       -  2 of 3 servers healthy             -
10.0.0.11:80  ready  up           5       5  as in the file                     http: passed in 1ms
10.0.0.12:80  ready  down         0       0  its checks fail                    http: answer: 503 \x1b[2J
10.0.0.13:80  drain  up           0       0  drained by root: new disk          http: passed in 1ms
-             -      down         0       -  0 of 1 servers healthy, up from 1  -
10.0.0.11:25  ready  down         -       -  its checks fail; removed           http: answer: 503 \x1b[2J
`

func TestDirectorVerbs(t *testing.T) {
	const columns = "--columns server,admin,health,weight,weightWanted,why,last"
	for _, test := range []struct {
		name, line string
		change     func(*fakeDirector)
		status     int
		out, errs  string
		asked      []string
	}{
		{name: "status", line: "director status " + columns, out: statusTable[1:]},
		{name: "bare", line: "director -o name", out: "tcp://192.0.2.10:80\ntcp://192.0.2.10:80 10.0.0.11:80\n" +
			"tcp://192.0.2.10:80 10.0.0.12:80\ntcp://192.0.2.10:80 10.0.0.13:80\ntcp://192.0.2.11:25\n" +
			"tcp://192.0.2.11:25 10.0.0.11:25\n"},
		{name: "a server", line: "director status 10.0.0.11 -o name", out: "tcp://192.0.2.10:80\n" +
			"tcp://192.0.2.10:80 10.0.0.11:80\ntcp://192.0.2.11:25\ntcp://192.0.2.11:25 10.0.0.11:25\n"},
		{name: "a service", line: "director status 192.0.2.11:25 -o name",
			out: "tcp://192.0.2.11:25\ntcp://192.0.2.11:25 10.0.0.11:25\n"},
		{name: "unknown", line: "director status 192.0.2.99:80 10.0.0.99 nonsense", status: exitUsage, errs: "" +
			`lvs: invalid server "nonsense": want an IP address such as 10.0.0.11, or with a port: 10.0.0.11:80` + "\n"},
		{name: "not there", line: "director status 192.0.2.99:80 10.0.0.99", status: exitNotFound, errs: "" +
			"lvs: 192.0.2.99:80: the director has no such service or server\n" +
			"lvs: 10.0.0.99: the director has no such service or server\nhint: list what it has: lvs director status\n"},
		{name: "trouble", line: "director status 10.0.0.99:80 --columns server", change: func(f *fakeDirector) {
			f.status.Frozen = &director.Frozen{Since: start(), Why: "most checks fail"}
			f.status.Alarms = []director.Alarm{{Since: start(), Code: "x", What: "the disk\nis full", Fix: "df /var"}}
			f.status.Services[0].Servers[0].Key.Server = netip.MustParseAddrPort("10.0.0.99:80")
			f.status.Drift = []director.Drift{{Since: start(), Service: serviceID("tcp://192.0.2.10:80"),
				What: director.Missing}}
		}, out: "SERVER\n-\n10.0.0.99:80\n", errs: "lvs: frozen since CLOCK, nothing is changed: most checks fail\n" +
			"lvs: alarm since CLOCK: the disk\\nis full\nhint: df /var\n" +
			"lvs: drift since CLOCK: tcp://192.0.2.10:80 is missing in the table\n"},
		{name: "check", line: "director check 10.0.0.12 --columns server,health,last", status: exitNo,
			asked: []string{"check 1 servers"}, out: "SERVER        HEALTH  LAST\n" +
				"10.0.0.12:80  down    http: answer: 503 \\x1b[2J\n"},
		{name: "check well", line: "director check 10.0.0.11:80 -o name", asked: []string{"check 1 servers"},
			out: "tcp://192.0.2.10:80 10.0.0.11:80\n"},
		{name: "drain", line: "director drain 10.0.0.12 --for 30m --reason why", asked: []string{
			`drain tcp://192.0.2.10:80 10.0.0.12:80 weight=0 over=0s for=30m0s reason="why" ` +
				`command="lvs director drain 10.0.0.12 --for 30m --reason why"`},
			errs: "lvs: it ends at CLOCK\n"},
		{name: "drain the last", line: "director drain 10.0.0.11:80 -y", asked: []string{
			`drain tcp://192.0.2.10:80 10.0.0.11:80 weight=0 over=0s for=0s reason="" ` +
				`command="lvs director drain 10.0.0.11:80 -y"`}},
		{name: "maintain in one service", line: "director maintain 10.0.0.11 -t 192.0.2.11:25 -v --columns server",
			asked: []string{`maintain tcp://192.0.2.11:25 10.0.0.11:25 weight=0 over=0s for=0s reason="" ` +
				`command="lvs director maintain 10.0.0.11 -t 192.0.2.11:25 -v --columns server"`},
			out: "SERVER\n10.0.0.11:25\n"},
		{name: "undrain", line: "director undrain 10.0.0.12", asked: []string{
			`undrain tcp://192.0.2.10:80 10.0.0.12:80 weight=0 over=0s for=0s reason="" ` +
				`command="lvs director undrain 10.0.0.12"`},
			errs: "lvs: server 10.0.0.12:80 of tcp://192.0.2.10:80 is not in use: its checks fail: " +
				"http: answer: 503 \\x1b[2J\n"},
		{name: "not owned", line: "director drain 10.9.9.9", status: exitNotFound,
			errs: "lvs: server 10.9.9.9: the director does not have it\n" +
				"hint: list its servers: lvs director status --columns service,server\n"},
		{name: "leave", line: "director drain --yes", asked: []string{"leave"}, errs: "lvs: the director has ended\n"},
		{name: "reload", line: "director reload", asked: []string{"reload"}, errs: "lvs: the files are in force\n"},
		{name: "bad files", line: "director reload", status: exitUsage, asked: []string{"reload"}, change: func(
			f *fakeDirector) {
			f.err = cluster.Faults{{File: "a.yaml", Line: 3, Column: 2, Text: " x: y", Why: "unknown key x", Hint: "use z"}}
		}, errs: "lvs: a.yaml:3:2: unknown key x\n   x: y\n   ^\nhint: use z\n"},
		{name: "events", line: "director events --columns event,server,text", change: func(f *fakeDirector) {
			f.events = []director.Event{{ID: 1, At: start(), Kind: director.EventStarted}, {ID: 2, At: start(),
				Kind: director.EventAdmin, Server: f.status.Services[0].Servers[0].Key, From: "ready", To: "drain", User: "root"}}
		}, out: "EVENT     SERVER          TEXT\nstarted   -               director started\n" +
			"admin     10.0.0.11:80    drained by root\n"},
		{name: "monitoring", line: "director status --check", status: nagiosCritical, out: "LVS CRITICAL - " +
			"1 of 2 services up, 2 of 4 servers healthy: tcp://192.0.2.11:25 is down; tcp://192.0.2.10:80 10.0.0.12:80 is down" +
			"|services=2 services_up=1 servers=4 servers_healthy=2 servers_out=1 alarms=0 drift=0\n"},
		{name: "monitoring a warning", line: "director status --check", status: nagiosWarning, change: func(f *fakeDirector) {
			f.status.Services = f.status.Services[:1]
		}, out: "LVS WARNING - 1 of 1 services up, 2 of 3 servers healthy: tcp://192.0.2.10:80 10.0.0.12:80 is down" +
			"|services=1 services_up=1 servers=3 servers_healthy=2 servers_out=1 alarms=0 drift=0\n"},
		{name: "monitoring a good one", line: "director status --check", change: func(f *fakeDirector) {
			f.status.Services = f.status.Services[:1]
			f.status.Services[0].Servers = f.status.Services[0].Servers[:1]
		}, out: "LVS OK - 1 of 1 services up, 2 of 3 servers healthy" +
			"|services=1 services_up=1 servers=3 servers_healthy=2 servers_out=0 alarms=0 drift=0\n"},
		{name: "monitoring one that hangs", line: "director status --check", status: nagiosCritical,
			change: func(f *fakeDirector) {
				f.status.Services, f.status.At = nil, start().Add(-time.Minute)
			}, out: "LVS CRITICAL - 0 of 0 services up, 0 of 0 servers healthy: " +
				"the director hangs: its newest state is 1m old|services=0 services_up=0 servers=0 servers_healthy=0 " +
				"servers_out=0 alarms=0 drift=0\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := directedBy()
			if test.change != nil {
				test.change(d)
			}
			app, out, errs := beside(t, d, nil)
			status := app.Run(t.Context(), strings.Fields(test.line))
			clock := start().Local().Format(time.TimeOnly)
			later := start().Add(30 * time.Minute).Local().Format(time.TimeOnly)
			told := strings.NewReplacer(clock, "CLOCK", later, "CLOCK").Replace(errs.String())
			if diff := cmp.Diff([]any{test.status, test.out, test.errs}, []any{status, out.String(), told}); diff != "" {
				t.Errorf("lvs %s:\n%s", test.line, diff)
			}
			if diff := cmp.Diff(test.asked, d.asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDirectorIsAbsent(t *testing.T) {
	for _, line := range []string{"director", "director status", "director check 10.0.0.11", "director drain 10.0.0.11",
		"director events", "director reload", "director drain --yes"} {
		app, out, errs := beside(t, nil, nil)
		if status := app.Run(t.Context(), strings.Fields(line)); status != exitNotFound || out.Len() > 0 ||
			!strings.HasPrefix(errs.String(), "lvs: no director runs for this table: ") ||
			!strings.HasSuffix(errs.String(), "\nhint: start one: lvs director run -f FILE\n") {
			t.Errorf("lvs %s: %d %s%s", line, status, out, errs)
		}
	}
	app, out, _ := beside(t, nil, nil)
	if status := app.Run(t.Context(), []string{"director", "status", "--check"}); status != nagiosUnknown ||
		!strings.HasPrefix(out.String(), "LVS UNKNOWN - no director runs for this table: ") {
		t.Errorf("%d %s", status, out)
	}
}

// A question without an answer changes nothing.
func TestDirectorAsks(t *testing.T) {
	for _, line := range []string{"director drain 10.0.0.11:80", "director maintain 10.0.0.11", "director drain"} {
		d := directedBy()
		app, _, errs := beside(t, d, nil)
		app.In, app.InTerminal = strings.NewReader(""), Terminal{}
		if status := app.Run(t.Context(), strings.Fields(line)); status != exitUsage || len(d.asked) > 0 ||
			!strings.Contains(errs.String(), "not confirmed\nhint: add --yes") {
			t.Errorf("lvs %s: %d %v %s", line, status, d.asked, errs)
		}
	}
}

func TestDirectorCompletes(t *testing.T) {
	app, out, errs := beside(t, directedBy(), nil)
	status := app.Run(t.Context(), []string{"__complete", "director", "status", "10.0.0.11:80", ""})
	if status != exitDone {
		t.Fatal(status, errs)
	}
	want := "tcp://192.0.2.10:80\n10.0.0.11\n10.0.0.12\n10.0.0.12:80\n10.0.0.13\n10.0.0.13:80\ntcp://192.0.2.11:25\n" +
		"10.0.0.11:25\n:4\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestMonitoringOfNoAnswer(t *testing.T) {
	app, _, _ := testApp(nil)
	for _, test := range []struct {
		err  error
		want int
	}{
		{&api.SilentError{Path: "/d.sock", After: time.Second}, nagiosCritical},
		{&api.AbsentError{Path: "/d.sock", Err: os.ErrNotExist}, nagiosUnknown},
	} {
		if got := unasked(app.directorError(test.err)); got != test.want {
			t.Errorf("%v: status %d, want %d", test.err, got, test.want)
		}
	}
}
