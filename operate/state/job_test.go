package state

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func newJob(t *testing.T, f Folder, j Job, later bool) *HeldJob {
	t.Helper()
	h, err := f.NewJob(time.Now(), j, later)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.File.Close() })
	return h
}

func TestJobs(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	now := time.Now()
	j, err := f.NewJob(now, Job{Kind: "undrain", Table: "boot/1", Wait: time.Minute,
		Args: []string{"undrain", "--job", ThisJob}}, false)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(j.Args, []string{"undrain", "--job", j.ID}) ||
		!j.At.Equal(now.Add(time.Minute).Truncate(time.Second)) {
		t.Errorf("the job is %+v", j)
	}
	if read, err := f.Job(j.ID); err != nil || read.ID != j.ID || read.Kind != "undrain" || !read.At.Equal(j.At) {
		t.Errorf("read %+v, %v", read, err)
	}
	if _, err := f.HoldJob(j.ID); err == nil {
		t.Error("two processes wait for the job")
	}
	for _, c := range []struct {
		table, kind string
		want        int
	}{{"boot/1", "undrain", 1}, {"boot/2", "undrain", 0}, {"boot/1", "confirm", 0}} {
		t.Run(c.table+" "+c.kind, func(t *testing.T) {
			if all := f.Jobs(c.table, c.kind); len(all) != c.want {
				t.Errorf("%+v, want %d", all, c.want)
			}
		})
	}
	if broken := f.Broken(); len(broken) != 0 {
		t.Errorf("broken: %+v", broken)
	}
	j.File.Close() // as if the process was killed
	if all, broken := f.Jobs("boot/1", "undrain"), f.Broken(); len(all) != 0 || len(broken) != 1 || broken[0].ID != j.ID {
		t.Errorf("without a process: %+v, broken %+v", all, broken)
	}
	if j, err = f.HoldJob(j.ID); err != nil {
		t.Fatal(err)
	}
	if !f.Waits(j) || !f.CallOff(j.ID) || f.CallOff(j.ID) || f.Waits(j) {
		t.Error("the job was not canceled exactly once")
	}
	j.File.Close()
	if _, err := f.Job(j.ID); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after that: %v", err)
	}
}

// The time of a job may begin later; until then nobody knows when it is due.
func TestBegin(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	h := newJob(t, f, Job{Kind: "confirm", Wait: time.Minute}, true)
	if j, err := f.Job(h.ID); err != nil || !j.At.IsZero() {
		t.Errorf("due at %v, %v", j.At, err)
	}
	now := time.Now()
	for _, at := range []time.Time{now, now.Add(time.Hour)} { // only the first counts
		if err := h.Begin(at); err != nil {
			t.Fatal(err)
		}
		if j, err := f.Job(h.ID); err != nil || !j.At.Equal(now.Add(time.Minute).Truncate(time.Second)) {
			t.Errorf("due at %v, %v", j.At, err)
		}
	}
}

// A process hands the job to another one by its open file.
func TestInherited(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	h := newJob(t, f, Job{Kind: "confirm", Args: []string{"undo", "7"}}, false)
	other, err := f.Job(h.ID)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Inherited(h.File, h.ID)
	if err != nil || !slices.Equal(again.Args, other.Args) {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := Inherited(h.File, "0123456789abcdef0123456789abcdef"); err == nil {
		t.Error("it is another job")
	}
}

// A job of another user is not run.
func TestForeignJob(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to another user; TestOneJournal does it in the lab")
	}
	f := Folder{Dir: t.TempDir()}
	if err := errors.Join(os.Chown(f.Dir, 0, 65534), os.Chmod(f.Dir, 0o770)); err != nil { // a group's
		t.Fatal(err)
	}
	h := newJob(t, f, Job{Kind: "confirm"}, false)
	h.File.Close()
	if err := os.Chown(f.jobFile(h.ID), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if _, err := f.HoldJob(h.ID); err == nil {
		t.Error("it would be run")
	}
	if _, err := f.Job(h.ID); err != nil {
		t.Errorf("it can be seen: %v", err)
	}
}

// An ID from a file is no path.
func TestNoPathFromAFile(t *testing.T) {
	base := t.TempDir()
	f := Folder{Dir: filepath.Join(base, "state")}
	newJob(t, f, Job{Kind: "confirm"}, false)
	victim := filepath.Join(base, "victim.json")
	if err := os.WriteFile(victim, []byte(`{"id": "../../victim"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"../../victim", victim[:len(victim)-5], "", ".", "x", "0123456789abcdef0123456789abcde/"} {
		if f.CallOff(id) {
			t.Errorf("%q was canceled", id)
		}
		if _, err := f.Job(id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := f.HoldJob(id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := os.Stat(victim); err != nil {
		t.Error(err)
	}
}
