package commands

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/lab"
)

// restoreVariable makes the test binary restore the file that it names. killVariable makes it
// kill itself when this many changes are made.
const (
	restoreVariable = "LVS_TEST_RESTORE"
	killVariable    = "LVS_TEST_KILL_AFTER"
)

// TestRestoreProcess is not a test but the process that the other tests start.
func TestRestoreProcess(t *testing.T) {
	file := os.Getenv(restoreVariable)
	if file == "" {
		t.Skip("no test, but the process that the others start")
	}
	app := System()
	if after, err := strconv.Atoi(os.Getenv(killVariable)); err == nil {
		open := app.OpenKernel
		app.OpenKernel = func(o kernel.Options) (kernel.Kernel, error) {
			k, err := open(o)
			return &mortal{k, after}, err
		}
	}
	os.Exit(app.Main([]string{"restore", "--yes", "-f", file}))
}

// mortal is a kernel whose process is killed after some changes.
type mortal struct {
	kernel.Kernel
	left int
}

func (m *mortal) Apply(ctx context.Context, changes []kernel.Change) error {
	n := min(m.left, len(changes))
	m.left -= n
	err := m.Kernel.Apply(ctx, changes[:n])
	if n < len(changes) {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return err
}

// TestKilledRestore kills a restore at random places. The next restore completes the table.
func TestKilledRestore(t *testing.T) {
	lab.Need(t)
	r := rand.New(rand.NewPCG(1, 1))
	files := savedTables(t)
	halfway := 0
	for round := range 12 {
		file := files[round%2]
		dying := restoreProcess(file)
		dying.Env = append(dying.Env, fmt.Sprintf("%s=%d", killVariable, r.IntN(1300)))
		dying.Run() // its error is that it was killed, unless it was done before
		if text := sorted(savedNow(t)); text != contents(t, files[0]) && text != contents(t, files[1]) {
			halfway++
		}
		if out, err := restoreProcess(file).CombinedOutput(); err != nil {
			t.Fatalf("round %d: %v: %s", round, err, out)
		}
		if sorted(savedNow(t)) != contents(t, file) {
			t.Fatalf("round %d: the table is not as in the text", round)
		}
	}
	if t.Logf("%d of 12 were killed between the first change and the last", halfway); halfway < 4 {
		t.Error("too few to prove anything")
	}
}

// TestInterruptedRestore interrupts at random moments. The table is either the old one or the
// new one, and the exit status shows which.
func TestInterruptedRestore(t *testing.T) {
	lab.Need(t)
	r := rand.New(rand.NewPCG(2, 2))
	files := savedTables(t)
	start := time.Now()
	if out, err := restoreProcess(files[0]).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	took := time.Since(start)
	now, undone := 0, 0
	for round := range 10 {
		status, out := killAfter(t, files[1-now], syscall.SIGINT, time.Duration(r.Int64N(int64(took))))
		switch status {
		case exitDone:
			now = 1 - now
		case exitInterrupted:
			if strings.Contains(out, "all changes were undone") {
				undone++
			}
		case -1: // before the program listens the signal kills
		default:
			t.Fatalf("round %d: status %d: %s", round, status, out)
		}
		if sorted(savedNow(t)) != contents(t, files[now]) {
			t.Fatalf("round %d: status %d, and the table is another: %s", round, status, out)
		}
	}
	t.Logf("%d of 10 were undone", undone)
}

func restoreProcess(file string) *exec.Cmd {
	c := exec.Command(os.Args[0], "-test.run=^TestRestoreProcess$")
	c.Env = append(os.Environ(), restoreVariable+"="+file)
	return c
}

// killAfter starts a restore and sends it a signal after a while. The status is -1 if the
// signal killed it.
func killAfter(t *testing.T, file string, signal os.Signal, wait time.Duration) (status int, out string) {
	t.Helper()
	var b strings.Builder
	c := restoreProcess(file)
	c.Stdout, c.Stderr = &b, &b
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(wait, func() { c.Process.Signal(signal) })
	defer timer.Stop()
	c.Wait() // its error is the status
	return c.ProcessState.ExitCode(), b.String()
}

// savedTables writes two tables that have a part in common.
func savedTables(t *testing.T) [2]string {
	t.Helper()
	var files [2]string
	for table := range files {
		var text strings.Builder
		for i := range 150 {
			service := fmt.Sprintf("-t 10.%d.0.%d:80", 1+(i%3)*table, i)
			if i >= 120 {
				service = fmt.Sprintf("-u 10.1.0.%d:53", i-120)
			}
			fmt.Fprintf(&text, "-A %s -s %s\n", service, []string{"rr", "wlc"}[table])
			for j := range 8 {
				fmt.Fprintf(&text, "-a %s -r 10.9.0.%d:80 -m -w %d\n", service, j+4*table, 1+j*table)
			}
		}
		files[table] = filepath.Join(t.TempDir(), "table")
		if err := os.WriteFile(files[table], []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := restoreProcess(files[table]).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		// In the order of save.
		if err := os.WriteFile(files[table], []byte(savedNow(t)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func savedNow(t *testing.T) string {
	t.Helper()
	app := System()
	var out strings.Builder
	app.Out = &out
	if status := app.Run(context.Background(), []string{"save"}); status != exitDone {
		t.Fatalf("save: status %d", status)
	}
	return out.String()
}

func contents(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return sorted(string(b))
}

// sorted returns a saved table without the order of its servers: a server that a restore
// finds stays at its place.
func sorted(text string) string {
	return strings.Join(slices.Sorted(strings.Lines(text)), "")
}
