package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lvs/safefile"
)

// Job is a command line that runs after a time unless it is canceled: for --for and
// --confirm-within. Each is one file of the state folder, and a separate process waits
// for it, with the table already open. It survives the end of the shell and of the
// connection; a reboot ends it together with the table.
type Job struct {
	ID string `json:"id"`
	// Kind is what it is for. Only its creator uses it.
	Kind string `json:"kind"`
	// Table is the identity of the table, Netns the name it was opened by.
	Table string `json:"table"`
	Netns string `json:"netns,omitempty"`
	// At is when it is due. It is zero while the command that made it is at work, because
	// Wait is counted from the end of that work.
	At   time.Time     `json:"at"`
	Wait time.Duration `json:"wait"`
	// Args is the command line, without the program's name.
	Args []string `json:"args"`
	// Command is the command line that made the job, User who ran it.
	Command string `json:"command,omitempty"`
	User    string `json:"user,omitempty"`

	// Broken is set if no process waits for the job, when it is read: it was killed, or the
	// machine was restarted.
	Broken bool `json:"-"`
}

// ThisJob in a job's arguments stands for the job's ID.
const ThisJob = "{job}"

// HeldJob is a job that a process waits for as long as File is open in one: it is locked.
// A job whose file no process has open is broken.
type HeldJob struct {
	Job
	File *os.File
}

// mostJob is the longest file of a job, in bytes.
const mostJob = 1 << 20

// NewJob writes a job that is due after j.Wait: from now, or if later is set, from
// HeldJob.Begin. It sets ID and At, and replaces ThisJob in the arguments. The caller
// hands File to the process that waits for the job, and closes it.
func (f Folder) NewJob(now time.Time, j Job, later bool) (*HeldJob, error) {
	// The ID is not secret. crypto/rand would add fifteen packages that initialise
	// something at every start.
	j.ID, j.At = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()), time.Time{}
	if !later {
		j.At = due(now, j.Wait)
	}
	args := make([]string, len(j.Args))
	for i, arg := range j.Args {
		args[i] = strings.ReplaceAll(arg, ThisJob, j.ID)
	}
	j.Args = args
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	return within(f, func() (*HeldJob, error) {
		d, err := f.jobs(true)
		if err != nil {
			return nil, err
		}
		defer d.Close()
		// Whoever may write to the folder can cancel a job, but not change what it does.
		mode := fs.FileMode(0o600)
		if d.Shared {
			mode = 0o640
		}
		file, err := d.NewFile(fileOf(j.ID), mode)
		if err == nil {
			if err = again(func() error { return syscall.Flock(int(file.Fd()), syscall.LOCK_EX) }); err == nil {
				_, err = file.Write(append(text, '\n'))
			}
			if err != nil {
				file.Close()
				err = errors.Join(err, d.Remove(fileOf(j.ID)))
			}
		}
		return &HeldJob{j, file}, err
	})
}

func due(now time.Time, wait time.Duration) time.Time {
	return now.Add(wait).UTC().Truncate(time.Second)
}

// Begin counts the time of a job from now, if nothing else has begun to.
func (h *HeldJob) Begin(now time.Time) error {
	if !h.At.IsZero() {
		return nil
	}
	h.At = due(now, h.Wait)
	text, err := json.Marshal(h.Job)
	if err != nil {
		return err
	}
	// Only digits differ, so that a reader never sees half of a job.
	_, err = h.File.WriteAt(append(text, '\n'), 0)
	return err
}

// CallOff cancels a job. It reports whether the job was still waiting; otherwise it ran,
// was canceled or was lost.
func (f Folder) CallOff(id string) bool {
	_, err := within(f, func() (any, error) {
		if !isID(id) {
			return nil, fs.ErrNotExist
		}
		d, err := f.jobs(false)
		if err != nil {
			return nil, err
		}
		defer d.Close()
		return nil, d.Remove(fileOf(id))
	})
	return err == nil
}

// HasJobs reports whether there may be jobs. It is fast.
func (f Folder) HasJobs() bool {
	if f.Dir == "" {
		return false
	}
	files, err := within(f, func() ([]os.DirEntry, error) { return os.ReadDir(filepath.Join(f.Dir, jobsName)) })
	return err == nil && len(files) > 0
}

// Jobs returns the jobs of a kind on a table that a process waits for.
func (f Folder) Jobs(table, kind string) []Job {
	var out []Job
	for _, j := range f.all() {
		if j.Kind == kind && j.Table == table && !j.Broken {
			out = append(out, j)
		}
	}
	return out
}

// Broken returns the jobs, of any kind and table, that no process waits for.
func (f Folder) Broken() []Job {
	var out []Job
	for _, j := range f.all() {
		if j.Broken {
			out = append(out, j)
		}
	}
	return out
}

// Job reads a job. If it ran or was canceled, the error is fs.ErrNotExist.
func (f Folder) Job(id string) (Job, error) {
	return within(f, func() (Job, error) {
		d, err := f.jobs(false)
		if err != nil {
			return Job{}, err
		}
		defer d.Close()
		return readJob(d, id)
	})
}

// HoldJob opens a job and marks it as waited for. It is an error if another process waits
// for it, or another user made it.
func (f Folder) HoldJob(id string) (*HeldJob, error) {
	return within(f, func() (*HeldJob, error) {
		if !isID(id) {
			return nil, fs.ErrNotExist
		}
		d, err := f.jobs(false)
		if err != nil {
			return nil, err
		}
		defer d.Close()
		file, err := d.OpenFile(fileOf(id), os.O_RDWR)
		if err != nil {
			return nil, err
		}
		if err := lockJob(file); err != nil {
			file.Close()
			return nil, fmt.Errorf("another process waits for it: %w", err)
		}
		return Inherited(file, id)
	})
}

// Inherited returns the job of a file that NewJob or HoldJob opened, perhaps in another
// process of this user. It closes the file if it is not.
func Inherited(file *os.File, id string) (*HeldJob, error) {
	h := &HeldJob{File: file}
	info, err := file.Stat()
	if err == nil {
		if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != os.Geteuid() {
			err = &safefile.UntrustedError{Path: file.Name(), Reason: safefile.Foreign, Mode: info.Mode().Perm()}
		}
	}
	if err == nil {
		h.Job, err = parseJob(io.NewSectionReader(file, 0, mostJob), id)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return h, nil
}

// Waits reports whether a job was not canceled yet.
func (f Folder) Waits(h *HeldJob) bool {
	same, err := within(f, func() (bool, error) {
		d, err := f.jobs(false)
		if err != nil {
			return false, err
		}
		defer d.Close()
		return d.Same(fileOf(h.ID), h.File), nil
	})
	return same && err == nil
}

// Restores returns the remembered weights of a table that a job restores.
func (f Folder) Restores(table, id string) ([]Weight, error) {
	w, err := f.read(table)
	var out []Weight
	for _, r := range w.sorted() {
		if r.Table == table && r.Job == id {
			out = append(out, r)
		}
	}
	return out, err
}

const (
	logName = "later.log"
	// mostLog is the size from which the log of jobs begins anew, in bytes.
	mostLog = 1 << 20
)

// Log opens the file for the output of jobs, for appending and reading.
func (f Folder) Log() (*os.File, error) {
	return within(f, func() (*os.File, error) {
		d, err := f.open(true)
		if err != nil {
			return nil, err
		}
		defer d.Close()
		file, err := d.OpenFile(logName, os.O_RDWR|os.O_APPEND|os.O_CREATE)
		if err != nil {
			return nil, err
		}
		if info, err := file.Stat(); err == nil && info.Size() > mostLog {
			_ = file.Truncate(0) // then it only grows further
		}
		return file, nil
	})
}

// jobs opens the folder of the jobs.
func (f Folder) jobs(create bool) (*safefile.Dir, error) {
	d, err := f.open(create)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Sub(jobsName, create)
}

const (
	jobsName  = "later"
	jobSuffix = ".json"
)

func fileOf(id string) string { return id + jobSuffix }

// jobFile returns the path of a job's file.
func (f Folder) jobFile(id string) string { return filepath.Join(f.Dir, jobsName, fileOf(id)) }

// isID reports whether a text is a job's ID. One that was read from a file may be
// anything.
func isID(id string) bool {
	return len(id) == 32 && strings.Trim(id, "0123456789abcdef") == ""
}

// all returns the jobs of the folder. It leaves out what cannot be read.
func (f Folder) all() []Job {
	out, _ := within(f, func() (out []Job, err error) {
		if _, err := os.Lstat(filepath.Join(f.Dir, jobsName)); err != nil {
			return nil, err // the usual case
		}
		d, err := f.jobs(false)
		if err != nil {
			return nil, err
		}
		defer d.Close()
		names, err := d.Names()
		for _, name := range names {
			id, ok := strings.CutSuffix(name, jobSuffix)
			if !ok || !isID(id) {
				continue
			}
			if j, err := readJob(d, id); err == nil {
				out = append(out, j)
			}
		}
		return out, err
	})
	return out
}

// readJob reads a job, and whether a process holds it.
func readJob(d *safefile.Dir, id string) (j Job, err error) {
	if !isID(id) {
		return Job{}, fs.ErrNotExist
	}
	file, err := d.OpenFile(fileOf(id), os.O_RDONLY)
	if err != nil {
		return Job{}, err
	}
	defer file.Close()
	if j, err = parseJob(io.LimitReader(file, mostJob), id); err != nil {
		return Job{}, err
	}
	// A shared lock: two processes that look do not take each other for the holder.
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	j.Broken = !errors.Is(err, syscall.EWOULDBLOCK)
	return j, nil
}

func parseJob(in io.Reader, id string) (j Job, err error) {
	text, err := io.ReadAll(in)
	if err == nil {
		err = json.Unmarshal(bytes.TrimSpace(text), &j)
	}
	if err == nil && j.ID != id {
		err = fmt.Errorf("job %s: the file is that of job %.40q", id, j.ID)
	}
	return j, err
}

func lockJob(file *os.File) error {
	return again(func() error { return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) })
}

// again calls do until no signal interrupts it.
func again(do func() error) error {
	for {
		if err := do(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
