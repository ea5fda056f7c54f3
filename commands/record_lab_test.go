package commands

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lvs/kernel"
	"lvs/lab"
	"lvs/operate/state"
	"lvs/plan/journal"
)

// TestUndoAfterKill kills a restore at a random place: between two changes, or at any moment.
// Undo restores the table, and the journal has an entry if anything was changed.
func TestUndoAfterKill(t *testing.T) {
	lab.Need(t)
	r := rand.New(rand.NewPCG(3, 3))
	files := savedTables(t)
	before := savedNow(t) // the second
	outcomes := map[journal.Outcome]int{}
	start := time.Now()
	restoreProcess(files[1]).Run() // nothing to do
	took := time.Since(start)
	for round := range 14 {
		known := len(journalNow(t))
		if round%2 == 0 {
			c := restoreProcess(files[0])
			c.Env = append(c.Env, fmt.Sprintf("%s=%d", killVariable, r.IntN(1300)))
			c.Run() // its error is that it was killed
		} else {
			killAfter(t, files[0], syscall.SIGKILL, time.Duration(r.Int64N(2*int64(took))))
		}
		all := journalNow(t)
		if len(all) == known {
			if savedNow(t) != before {
				t.Fatalf("round %d: the table changed, and the journal does not know", round)
			}
			continue
		}
		outcomes[all[known].Outcome]++
		if status, said := runNow(t, "undo", "--yes"); status != exitDone {
			t.Fatalf("round %d: exit status %d: %s\nthe entry: %s, %s, %+v", round, status, said, all[known].Table,
				all[known].Outcome, all[known].Counts)
		}
		if savedNow(t) != before {
			t.Fatalf("round %d: the table is not as it was", round)
		}
	}
	t.Logf("%v", outcomes)
	if outcomes[journal.Unknown] < 5 {
		t.Error("too few were killed halfway to prove anything")
	}
}

// TestJournalOnAFullDisk changes the table with a full disk, and with one that
// cannot be written at all. Both are reported once; the journal keeps what it has.
func TestJournalOnAFullDisk(t *testing.T) {
	lab.Need(t)
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=12k,mode=0700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	t.Setenv(state.Variable, dir)
	run := func(says string, args ...string) {
		t.Helper()
		status, said := runNow(t, args...)
		if status != exitDone || !strings.Contains(said, says) ||
			strings.Count(said, "not in the journal") != strings.Count(says, "not in the journal") {
			t.Errorf("%v: exit status %d: %q", args, status, said)
		}
	}
	run("", "service", "add", "tcp://192.0.2.10:80")
	table := filepath.Join(t.TempDir(), "table")
	var text strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&text, "-A -f %d -s rr -p %d\n", i+1, i*7919%86400+1) // hard to compress
	}
	if err := os.WriteFile(table, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, said := runNow(t, "restore", "--merge", "-f", table); status != exitDone ||
		strings.Count(said, "not in the journal") != 1 || !strings.Contains(said, "no space left on device") {
		t.Errorf("on a full disk: exit status %d: %q", status, said)
	}
	if all := journalNow(t); len(all) != 1 || all[0].Outcome != journal.Done {
		t.Errorf("the journal is %+v", all)
	}
	run("", "service", "add", "tcp://192.0.2.11:80")
	if all := journalNow(t); len(all) != 2 || all[1].ID != 2 {
		t.Errorf("after there was space again the journal is %+v", all)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	run("lvs: not in the journal, so lvs undo cannot undo it: open "+dir+"/journal.lock: read-only file system",
		"service", "add",
		"tcp://192.0.2.12:80")
	k, err := kernel.Open(kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if snap, err := k.Snapshot(t.Context()); err != nil || len(snap.Services) != 2003 {
		t.Errorf("not everything was done: %v", err)
	}
	if status, said := runNow(t, "history"); status != exitDone || !strings.Contains(said, "192.0.2.11") {
		t.Errorf("history: exit status %d: %s", status, said)
	}
}

// journalNow reads the journal of the processes that a test starts.
func journalNow(t *testing.T) []journal.Entry {
	t.Helper()
	all, err := (&journal.Journal{Dir: os.Getenv(state.Variable)}).Entries("")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// runNow runs a command in this process and returns all that it prints.
func runNow(t *testing.T, args ...string) (status int, said string) {
	t.Helper()
	app := System()
	app.Name = "lvs"
	var out strings.Builder
	app.Out, app.Err = &out, &out
	status = app.Run(context.Background(), args)
	return status, out.String()
}
