package commands

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lvs/director/api"
	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/operate/state"
	"lvs/output"
)

// lockedBuffer is a log that a test reads while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// directing is a director that runs on a table in memory.
type directing struct {
	t       *testing.T
	table   kernel.Kernel
	app     *App
	log     *lockedBuffer
	file    string
	status  chan int
	cancel  context.CancelFunc
	beside  func() (app *App, out, errs *bytes.Buffer)
	watched *api.Client
}

// direct runs lvs director run on a file.
func direct(t *testing.T, text string, args ...string) *directing {
	t.Helper()
	d := &directing{t: t, table: memory.New(), log: &lockedBuffer{}, file: filepath.Join(t.TempDir(), "cluster.yaml"),
		status: make(chan int, 1)}
	d.write(text)
	if err := d.table.SetSysctl(t.Context(), kernel.ExpireNodestConn, "1"); err != nil { // otherwise it is an alarm
		t.Fatal(err)
	}
	stateDir := t.TempDir()
	first, _, _ := beside(t, nil, d.table)
	env := first.Env
	share := func(app *App) {
		app.Env = func(name string) string {
			switch name {
			case state.Variable:
				return stateDir
			case "NOTIFY_SOCKET":
				return os.Getenv(name)
			}
			return env(name)
		}
		app.Identity, app.Now, app.Sleep = first.Identity, time.Now, sleep
	}
	d.beside = func() (app *App, out, errs *bytes.Buffer) {
		app, out, errs = testApp(d.table)
		share(app)
		return app, out, errs
	}
	d.app, _, _ = d.beside()
	d.app.Err = d.log
	socket, err := d.app.directorSocket()
	if err != nil {
		t.Fatal(err)
	}
	d.watched = &api.Client{Path: socket}
	var ctx context.Context
	ctx, d.cancel = context.WithCancel(t.Context())
	go func() {
		d.status <- d.app.Run(ctx, append([]string{"director", "run", "-f", d.file}, args...))
	}()
	t.Cleanup(func() {
		d.cancel()
		<-d.status
	})
	return d
}

func (d *directing) write(text string) {
	d.t.Helper()
	next := d.file + ".new"
	if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(next, d.file); err != nil {
		d.t.Fatal(err)
	}
}

// await waits until the director is in a state.
func (d *directing) await(what string, is func(*output.DirectorRow) bool) {
	d.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if st, err := d.watched.Status(d.t.Context()); err == nil && is(st) {
			return
		}
	}
	st, err := d.watched.Status(d.t.Context())
	d.t.Fatalf("%s did not come: %v\n%+v\n%s", what, err, st, d.log)
}

// lvs runs another command beside the director.
func (d *directing) lvs(status int, line string) (out, errs string) {
	d.t.Helper()
	app, o, e := d.beside()
	if got := app.Run(d.t.Context(), strings.Fields(line)); got != status {
		d.t.Errorf("lvs %s: exit status %d, want %d\n%s%s", line, got, status, o, e)
	}
	return o.String(), e.String()
}

const directedFile = `
apiVersion: lvs/v1
kind: Cluster
services:
- name: web
  address: tcp://192.0.2.10:80
  scheduler: wrr
  servers: [{address: 10.0.0.11, weight: 5}, {address: 10.0.0.12, weight: 5}]
`

func inUse(st *output.DirectorRow, weights ...int) bool {
	var got []int
	for _, s := range st.Services {
		for _, r := range s.Servers {
			if r.Weight == nil {
				got = append(got, -1)
			} else {
				got = append(got, *r.Weight)
			}
		}
	}
	if len(got) != len(weights) {
		return false
	}
	for i := range got {
		if got[i] != weights[i] {
			return false
		}
	}
	return true
}

func TestDirectorRuns(t *testing.T) {
	d := direct(t, directedFile)
	d.await("the table", func(st *output.DirectorRow) bool { return inUse(st, 5, 5) })
	if out, _ := d.lvs(exitDone, "list -o csv --columns service,server,weight --no-headers"); out != ""+
		"tcp://192.0.2.10:80,,\ntcp://192.0.2.10:80,10.0.0.11:80,5\ntcp://192.0.2.10:80,10.0.0.12:80,5\n" {
		t.Error(out)
	}
	// A second director for the table does not start.
	if _, errs := d.lvs(exitExists, "director run -f "+d.file); !strings.Contains(errs, "another director listens there") {
		t.Error(errs)
	}
	// A decision is carried out, and undone.
	d.lvs(exitDone, "director drain 10.0.0.11 --reason disk")
	d.await("the drain", func(st *output.DirectorRow) bool { return inUse(st, 0, 5) })
	d.lvs(exitDone, "director undrain 10.0.0.11")
	d.await("its end", func(st *output.DirectorRow) bool { return inUse(st, 5, 5) })
	// A bad file changes nothing, a good one does.
	wrong := strings.Replace(directedFile, "weight: 5}]", "weigth: 7}]", 1)
	line := wrong[strings.LastIndexByte(wrong[:strings.Index(wrong, "weigth")], '\n')+1:]
	d.write(wrong)
	if _, errs := d.lvs(exitUsage, "director reload"); !strings.Contains(errs, "cluster.yaml:8:") ||
		!strings.Contains(errs, "weigth: 7}]\n"+strings.Repeat(" ", 2+strings.Index(line, "weigth"))+"^\n") {
		t.Error(errs)
	}
	d.lvs(exitUsage, "director reload --dry-run")
	if _, errs := d.lvs(exitDone, "director"); !strings.Contains(errs, "the files were refused at ") {
		t.Error(errs)
	}
	d.write(strings.Replace(directedFile, "weight: 5}]", "weight: 7}]", 1))
	d.lvs(exitDone, "director reload")
	d.await("the new file", func(st *output.DirectorRow) bool { return st.Refused == nil && inUse(st, 5, 7) })
	d.lvs(exitDone, "director status --check")
	// It ends, and leaves its services.
	d.cancel()
	if status := <-d.status; status != exitDone {
		t.Errorf("exit status %d", status)
	}
	d.status <- 0
	snap, err := d.table.Snapshot(t.Context())
	if err != nil || len(snap.Services) != 1 || len(snap.Services[0].Servers) != 2 {
		t.Errorf("what is left: %+v %v", snap, err)
	}
	log := d.log.String()
	for _, want := range []string{`msg="director started"`, `event=admin`, `reason=disk`, "level=WARN msg=\"files refused",
		`msg="director stopped`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log has no %s:\n%s", want, log)
		}
	}
}

// systemd is told when the table is taken over, that the director lives, and that it ends.
func TestDirectorNotifies(t *testing.T) {
	dir, err := os.MkdirTemp("", "lvs-notify-") // a short path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	d := direct(t, directedFile)
	next := func() string {
		b := make([]byte, 200)
		n, err := l.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := next(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	d.cancel()
	for got := next(); got != "STOPPING=1"; got = next() {
		if got != "WATCHDOG=1" {
			t.Errorf("%q", got)
		}
	}
}

func TestDirectorLeaves(t *testing.T) {
	d := direct(t, directedFile, "--log", "json")
	d.await("the table", func(st *output.DirectorRow) bool { return inUse(st, 5, 5) })
	if _, errs := d.lvs(exitDone, "director drain --yes"); errs != "lvs: the director has ended\n" {
		t.Error(errs)
	}
	if status := <-d.status; status != exitDone {
		t.Errorf("exit status %d\n%s", status, d.log)
	}
	d.status <- 0
	if !strings.Contains(d.log.String(), `"msg":"director stopped`) {
		t.Error(d.log)
	}
}

func TestDirectorWatchesItsFiles(t *testing.T) {
	d := direct(t, directedFile, "--watch")
	d.await("the table", func(st *output.DirectorRow) bool { return inUse(st, 5, 5) })
	d.write(strings.Replace(directedFile, "weight: 5}]", "weight: 70}]", 1))
	d.await("the new file", func(st *output.DirectorRow) bool { return inUse(st, 5, 70) })
}

func TestDirectorRunRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("kind: Nothing\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		line   string
		status int
		want   string
	}{
		{"director run", exitUsage, "lvs: no cluster file is given\nhint: add -f FILE\n"},
		{"director run -f - --log xml", exitUsage, "lvs: standard input cannot be read again: want the name of a file\n" +
			"lvs: invalid --log \"xml\": want text or json\n"},
		{"director run -f /nonexistent.yaml", exitNotFound, "lvs: /nonexistent.yaml: no such file or directory\n"},
		{"director run -f " + pipe, exitUsage,
			"lvs: " + pipe + ": it is no regular file: a director could not read it again\n"},
		{"director run -f " + bad, exitUsage, "lvs: " + bad + ":"},
		{"director run -f " + bad + " --socket /" + strings.Repeat("x", 120), exitUsage,
			"lvs: socket /" + strings.Repeat("x", 120) + ": the path has 121 bytes, and a socket's path may have 107\n" +
				"hint: choose a shorter path: --socket PATH\n"},
	} {
		t.Run(test.line[:min(len(test.line), 40)], func(t *testing.T) {
			app, _, errs := beside(t, nil, memory.New())
			if status := app.Run(t.Context(), strings.Fields(test.line)); status != test.status ||
				!strings.HasPrefix(errs.String(), test.want) {
				t.Errorf("%d %s", status, errs)
			}
		})
	}
}
