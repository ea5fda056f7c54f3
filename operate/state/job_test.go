package state

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"
)

func TestJobs(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	now := time.Now()
	j, err := f.NewJob(now, Job{Kind: "undrain", Table: "boot/1", Wait: time.Minute,
		Args: []string{"undrain", "--job", ThisJob}})
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
	if all := f.Jobs("boot/1", "undrain"); len(all) != 0 {
		t.Errorf("without a process: %+v", all)
	}
	release, err := f.HoldJob(j.ID)
	if err != nil {
		t.Fatal(err)
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
	if !f.CallOff(j.ID) || f.CallOff(j.ID) {
		t.Error("the job was not canceled exactly once")
	}
	release()
	if _, err := f.Job(j.ID); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after that: %v", err)
	}
}

// A new job removes those whose process died, but none that is just starting.
func TestDeadJobs(t *testing.T) {
	f := Folder{Dir: t.TempDir()}
	now := time.Now()
	newJob := func() Job {
		t.Helper()
		j, err := f.NewJob(now, Job{Kind: "undrain"})
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	dead, held, starting := newJob(), newJob(), newJob()
	release, err := f.HoldJob(held.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	long := now.Add(-2 * time.Minute)
	for _, j := range []Job{dead, held} {
		if err := os.Chtimes(f.jobFile(j.ID), long, long); err != nil {
			t.Fatal(err)
		}
	}
	newJob()
	for _, c := range []struct {
		name  string
		job   Job
		stays bool
	}{{"dead", dead, false}, {"held", held, true}, {"starting", starting, true}} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := f.Job(c.job.ID); (err == nil) != c.stays {
				t.Errorf("%v, want it to stay: %v", err, c.stays)
			}
		})
	}
}
