package commands

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/kernel/memory"
	"lvs/operate/state"
)

// A server that is added while others finish is not deleted with them: its deletion was not
// confirmed, and it had no time to finish.
func TestApplyLeavesWhatCameMeanwhile(t *testing.T) {
	k := drainTable(t)
	file := filepath.Join(t.TempDir(), "web.yaml")
	text := "apiVersion: lvs/v1\nkind: Cluster\nservices:\n- {address: " + theWeb + ", servers: [10.0.0.12]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	does(t, k, theWeb, memory.Traffic{Active: 1})
	app, _, errs := testApp(k)
	sleep, came := app.Sleep, false
	app.Sleep = func(ctx context.Context, d time.Duration) error {
		if !came {
			came = true
			run(t, k, "server add "+theWeb+" 10.0.0.99")
			run(t, k, "service add tcp://192.0.2.99:80")
		}
		return sleep(ctx, d)
	}
	if status := app.Run(t.Context(), strings.Fields("apply --prune --drain 10s --yes -f "+file)); status != exitDone {
		t.Fatalf("exit status %d: %s", status, errs)
	}
	if !strings.Contains(errs.String(),
		"changed by someone else meanwhile; not done: 1 service and 1 server to delete\n") {
		t.Errorf("it prints %s", errs)
	}
	if got := run(t, k, "list -o name"); got != theWeb+"\ntcp://192.0.2.99:80\n" {
		t.Errorf("the services are %s", got)
	}
	got := run(t, k, "server list "+theWeb+" -o csv --no-headers --columns server")
	if got != "10.0.0.12:80\n10.0.0.99:80\n" {
		t.Errorf("the servers are %s", got)
	}
}

// An apply that finds a changed table reports why it fails, and keeps the changes of others.
func TestApplyAfterAnother(t *testing.T) {
	k := drainTable(t)
	file := filepath.Join(t.TempDir(), "web.yaml")
	text := "apiVersion: lvs/v1\nkind: Cluster\nservices:\n" +
		"- {address: " + theWeb + ", servers: [10.0.0.12, 10.0.0.13, 10.0.0.14]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	app, _, errs := testApp(k)
	app.In = readerFunc(func(b []byte) (int, error) { // while it is asked
		run(t, k, "server add "+theWeb+" 10.0.0.13 -w 9")
		return copy(b, "y\n"), nil
	})
	if status := app.Run(t.Context(), strings.Fields("apply -f "+file)); status != exitFailed {
		t.Errorf("exit status %d", status)
	}
	if !strings.Contains(errs.String(), "the table was changed by someone else before the answer: nothing was changed") {
		t.Errorf("it prints %s", errs)
	}
	got := run(t, k, "server list "+theWeb+" -o csv --no-headers --columns server,weight")
	if got != "10.0.0.11:80,5\n10.0.0.12:80,5\n10.0.0.13:80,9\n" {
		t.Errorf("the servers are %s", got)
	}
}

// Nothing is changed if the process that would undo it cannot be started.
func TestConfirmWithinWithoutAJob(t *testing.T) {
	k := drainTable(t)
	file := filepath.Join(t.TempDir(), "web.yaml")
	text := "apiVersion: lvs/v1\nkind: Cluster\nservices:\n- {address: " + theWeb + ", servers: [10.0.0.12]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	before := run(t, k, "save")
	app, _, errs := testApp(k)
	app.Detach = func([]string, []*os.File, state.Folder) error { return errors.New("no processes left") }
	if status := app.Run(t.Context(), strings.Fields("apply --confirm-within 9s --yes -f "+file)); status != exitFailed {
		t.Errorf("exit status %d", status)
	}
	want := "lvs: --confirm-within: cannot start the automatic undo; nothing was changed: no processes left\n"
	if errs.String() != want {
		t.Errorf("it prints %s", errs)
	}
	if got := run(t, k, "save"); got != before {
		t.Errorf("the table is %s", got)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// run runs a command line that must succeed and returns its output.
func run(t *testing.T, k *memory.Kernel, line string) string {
	t.Helper()
	app, out, errs := testApp(k)
	if status := app.Run(t.Context(), strings.Fields(line)); status != exitDone {
		t.Fatalf("%s: exit status %d: %s", line, status, errs)
	}
	return out.String()
}

// The command in a hint works: in another namespace it names that namespace.
func TestAdviceNamesTheNamespace(t *testing.T) {
	k := drainTable(t)
	file := filepath.Join(t.TempDir(), "web.yaml")
	text := "apiVersion: lvs/v1\nkind: Cluster\nservices:\n- {address: " + theWeb + ", servers: [10.0.0.12]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		line   string
		status int
		says   string
	}{
		{"apply --netns blue --confirm-within 9s --yes -f " + file, exitDone, "unless confirmed: lvs --netns blue confirm\n"},
		{"undo --netns blue --yes", exitDone, "; lvs --netns blue undo "},
		{"confirm --netns blue", exitNotFound, "lvs --netns blue history "},
	} {
		t.Run(strings.Fields(row.line)[0], func(t *testing.T) {
			app, _, errs := testApp(k)
			if status := app.Run(t.Context(), strings.Fields(row.line)); status != row.status ||
				!strings.Contains(errs.String(), row.says) {
				t.Errorf("%s: exit status %d: %s", row.line, status, errs)
			}
		})
	}
}

// Servers that already have the weight 0 only have to be deleted; the question is then about
// the deletion.
func TestConfirmWithinAfterADrain(t *testing.T) {
	k := drainTable(t)
	run(t, k, "drain 10.0.0.11 --yes")
	file := filepath.Join(t.TempDir(), "web.yaml")
	text := "apiVersion: lvs/v1\nkind: Cluster\nservices:\n" +
		"- {address: " + theWeb + ", servers: [{address: 10.0.0.12, weight: 5}]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	app, _, errs := testApp(k)
	jobs := 0
	app.Detach = func(_ []string, files []*os.File, _ state.Folder) error {
		if jobs++; len(files) != 2 {
			t.Errorf("the process gets %d files: it does not know when the work is done", len(files))
		}
		return nil
	}
	status := app.Run(t.Context(), strings.Fields("apply --drain 10s --confirm-within 9s --yes -f "+file))
	if status != exitDone || jobs != 1 {
		t.Errorf("exit status %d, %d jobs: %s", status, jobs, errs)
	}
	if got := run(t, k, "server list "+theWeb+" -o csv --no-headers --columns server"); got != "10.0.0.12:80\n" {
		t.Errorf("the servers are %s", got)
	}
}

// An undo that is interrupted while servers finish is incomplete. Its hints work: one to
// continue, one to go back.
func TestUndoInterruptedDuringDrain(t *testing.T) {
	for _, row := range []struct{ line, servers string }{
		{"undo 11 --force --yes", "10.0.0.11:80,5\n"},
		{"undo 12 --yes", "10.0.0.11:80,5\n10.0.0.12:80,5\n"},
	} {
		t.Run(row.line, func(t *testing.T) {
			k := drainTable(t)
			run(t, k, "server delete "+theWeb+" 10.0.0.12 --yes")
			run(t, k, "server add "+theWeb+" 10.0.0.12 -w 5") // is undone
			id, _ := kernel.ParseServiceID(theWeb)
			k.Traffic(id, netip.MustParseAddrPort("10.0.0.12:80"), memory.Traffic{Active: 3})
			app, _, errs := testApp(k)
			ctx, cancel := context.WithCancel(t.Context())
			app.Sleep = func(context.Context, time.Duration) error { cancel(); return ctx.Err() }
			if status := app.Run(ctx, strings.Fields("undo --drain 60s --yes")); status != exitInterrupted {
				t.Fatalf("exit status %d: %s", status, errs)
			}
			if want := "lvs undo 11 --force to go on, or lvs undo 12 to go back\n"; !strings.Contains(errs.String(), want) {
				t.Errorf("it prints %s", errs)
			}
			run(t, k, row.line)
			if got := run(t, k, "server list "+theWeb+" -o csv --no-headers --columns server,weight"); got != row.servers {
				t.Errorf("%s: the servers are %s", row.line, got)
			}
		})
	}
}

// What is left to confirm is never more than was promised, whatever the clock says.
func TestTimeLeftToConfirm(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	j := state.Job{At: start.Add(90 * time.Second), Wait: 90 * time.Second}
	for _, c := range []struct{ passed, left time.Duration }{
		{0, 90 * time.Second},
		{time.Minute, 30 * time.Second},
		{2 * time.Minute, 0},
		{-time.Hour, 90 * time.Second},
	} {
		t.Run(c.passed.String(), func(t *testing.T) {
			a := &App{Now: func() time.Time { return start.Add(c.passed) }}
			if left := a.left(&j); left != c.left {
				t.Errorf("after %s: %s left, not %s", c.passed, left, c.left)
			}
		})
	}
}
