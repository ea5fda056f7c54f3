package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
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
	// Wait is counted from the start of the process; At is when it should end.
	Wait time.Duration `json:"wait"`
	At   time.Time     `json:"at"`
	// Args is the command line, without the program's name.
	Args []string `json:"args"`
}

// ThisJob in a job's arguments stands for the job's ID.
const ThisJob = "{job}"

// NewJob writes a job that is due after j.Wait. It sets ID and At, and replaces ThisJob
// in the arguments. It removes jobs that no process waits for any more. No process
// waits for the new one yet: the caller starts it.
func (f Folder) NewJob(now time.Time, j Job) (Job, error) {
	// The ID is not secret. crypto/rand would add fifteen packages that initialise
	// something at every start.
	j.ID, j.At = fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()), now.Add(j.Wait).UTC().Truncate(time.Second)
	args := make([]string, len(j.Args))
	for i, arg := range j.Args {
		args[i] = strings.ReplaceAll(arg, ThisJob, j.ID)
	}
	j.Args = args
	if err := os.MkdirAll(f.jobFolder(), 0o700); err != nil {
		return j, err
	}
	f.removeDeadJobs(now)
	text, err := json.Marshal(j)
	if err != nil {
		return j, err
	}
	return j, WriteFile(f.jobFile(j.ID), append(text, '\n'))
}

// CallOff cancels a job. It reports whether the job was still waiting; otherwise it ran,
// was canceled or was lost.
func (f Folder) CallOff(id string) bool { return os.Remove(f.jobFile(id)) == nil }

// Jobs returns the jobs of a kind on a table that a process waits for.
func (f Folder) Jobs(table, kind string) []Job {
	var out []Job
	for _, id := range f.jobIDs() {
		if j, err := f.Job(id); err == nil && j.Kind == kind && j.Table == table && f.isHeld(id) {
			out = append(out, j)
		}
	}
	return out
}

// Job reads a job. If it ran or was canceled, the error is fs.ErrNotExist.
func (f Folder) Job(id string) (j Job, err error) {
	text, err := os.ReadFile(f.jobFile(id))
	if err == nil {
		err = json.Unmarshal(text, &j)
	}
	return j, err
}

// HoldJob marks a job as waited for, until release is called or the process ends. It is
// an error if another process waits for the job.
func (f Folder) HoldJob(id string) (release func(), err error) {
	file, err := os.Open(f.jobFile(id))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("another process waits for it: %w", err)
	}
	return func() { file.Close() }, nil
}

// LogFile returns the path of the file for the output of jobs.
func (f Folder) LogFile() string { return filepath.Join(f.Dir, "later.log") }

func (f Folder) jobFolder() string        { return filepath.Join(f.Dir, "later") }
func (f Folder) jobFile(id string) string { return filepath.Join(f.jobFolder(), id+".json") }

func (f Folder) jobIDs() []string {
	names, _ := filepath.Glob(filepath.Join(f.jobFolder(), "*.json"))
	for i, name := range names {
		names[i] = strings.TrimSuffix(filepath.Base(name), ".json")
	}
	return names
}

// isHeld reports whether a process waits for the job.
func (f Folder) isHeld(id string) bool {
	release, err := f.HoldJob(id)
	if err == nil {
		release()
	}
	return err != nil && !errors.Is(err, fs.ErrNotExist)
}

// removeDeadJobs removes jobs that no process waits for.
func (f Folder) removeDeadJobs(now time.Time) {
	const grace = time.Minute // the process may be starting
	for _, id := range f.jobIDs() {
		info, err := os.Stat(f.jobFile(id))
		if err == nil && now.Sub(info.ModTime()) > grace && !f.isHeld(id) {
			os.Remove(f.jobFile(id))
		}
	}
}
