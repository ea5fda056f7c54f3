package commands

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

// job is a command line that is carried out after a while unless it is called
// off before: what --for promises. Each is one file below the state folder, and
// a process of its own waits for it, with the table already open. Nothing else
// runs for it: it survives the shell and the connection, and a boot ends it with
// the table.
type job struct {
	ID string `json:"id"`
	// Kind says what it is for: only its maker reads it.
	Kind string `json:"kind"`
	// Table is the Identity of the table, Netns the name it was opened by.
	Table string `json:"table"`
	Netns string `json:"netns,omitempty"`
	// Wait is counted from the start of the process; At is when that should be.
	Wait time.Duration `json:"wait"`
	At   time.Time     `json:"at"`
	// Args is the command line, without the program's name.
	Args []string `json:"args"`
}

// thisJob is replaced by the ID of a job among its arguments.
const thisJob = "{job}"

// later makes sure that a command line of lvs is carried out after a while, in
// this network namespace. When it gives no error, a process waits for it.
//
// The command line should look before it acts: whatever was done meanwhile by
// others was meant. Its output goes to later.log in the state folder. The
// argument thisJob stands for the job's ID.
func (a *App) later(kind string, wait time.Duration, args ...string) (job, error) {
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return job{}, err
	}
	// No secret, so not of crypto/rand: that links fifteen packages which initialise
	// something at every start.
	j := job{ID: fmt.Sprintf("%016x%016x", rand.Uint64(), rand.Uint64()), Kind: kind, Table: table, Netns: a.global.netns,
		Wait: wait, At: a.Now().Add(wait).UTC().Truncate(time.Second)}
	for _, arg := range args {
		j.Args = append(j.Args, strings.ReplaceAll(arg, thisJob, j.ID))
	}
	if a.global.netns != "" {
		j.Args = append(j.Args, "--netns", a.global.netns)
	}
	if err := os.MkdirAll(a.jobFolder(), 0o700); err != nil {
		return j, err
	}
	a.forgetDeadJobs()
	text, err := json.Marshal(j)
	if err != nil {
		return j, err
	}
	if err := replaceFile(a.jobFile(j.ID), append(text, '\n')); err != nil {
		return j, err
	}
	if err := a.Detach([]string{"later", j.ID, "--ready"}, filepath.Join(a.stateDir(), "later.log")); err != nil {
		os.Remove(a.jobFile(j.ID))
		return j, err
	}
	return j, nil
}

// callOff makes sure that a job is not carried out any more. False is that it
// was carried out, called off or lost before.
func (a *App) callOff(id string) bool {
	return os.Remove(a.jobFile(id)) == nil
}

// pending lists the jobs of a kind that a process waits for on this table.
func (a *App) pending(kind string) ([]job, error) {
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return nil, err
	}
	var out []job
	for _, id := range a.jobIDs() {
		if j, err := a.readJob(id); err == nil && j.Kind == kind && j.Table == table && a.isWaitedFor(id) {
			out = append(out, j)
		}
	}
	return out, nil
}

func (a *App) jobFolder() string        { return filepath.Join(a.stateDir(), "later") }
func (a *App) jobFile(id string) string { return filepath.Join(a.jobFolder(), id+".json") }

func (a *App) jobIDs() []string {
	names, _ := filepath.Glob(filepath.Join(a.jobFolder(), "*.json"))
	for i, name := range names {
		names[i] = strings.TrimSuffix(filepath.Base(name), ".json")
	}
	return names
}

func (a *App) readJob(id string) (j job, err error) {
	text, err := os.ReadFile(a.jobFile(id))
	if err == nil {
		err = json.Unmarshal(text, &j)
	}
	return j, err
}

// holdJob marks a job as waited for until the file is closed or the process
// ends, however that ends.
func (a *App) holdJob(id string) (*os.File, error) {
	f, err := os.Open(a.jobFile(id))
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another process waits for it: %w", err)
	}
	return f, nil
}

// isWaitedFor tells whether a process holds the job.
func (a *App) isWaitedFor(id string) bool {
	f, err := a.holdJob(id)
	if err == nil {
		f.Close()
	}
	return err != nil && !errors.Is(err, fs.ErrNotExist)
}

// forgetDeadJobs removes what no process will carry out any more.
func (a *App) forgetDeadJobs() {
	const grace = time.Minute // one whose process starts just now is not dead
	for _, id := range a.jobIDs() {
		info, err := os.Stat(a.jobFile(id))
		if err == nil && a.Now().Sub(info.ModTime()) > grace && !a.isWaitedFor(id) {
			os.Remove(a.jobFile(id))
		}
	}
}
