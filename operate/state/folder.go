// Package state is the state folder: what has to be remembered between commands and
// across a crash. It has the weights of drained servers and the jobs that run later.
// The journal is in the same folder and has its own package.
//
// Everything is written to a new file that then replaces the old one, so that a crash
// or a full disk leaves the old one. Everything is opened by safefile.
package state

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"lvs/safefile"
)

// Folder is the state folder. It may not exist yet: the first write creates it, with mode
// 0700.
type Folder struct {
	// Dir is its absolute path. Empty: there is none (ErrNoFolder).
	Dir string
	// Context ends the wait for a disk that does not answer. Nil never does.
	Context context.Context
}

// Machine is the state folder of the machine.
const Machine = "/var/lib/lvs"

// Variable is the environment variable that names another state folder.
const Variable = "LVS_STATE_DIR"

// ErrNoFolder means that there is no state folder: the user's own would be in his home
// folder, and HOME does not name one.
var ErrNoFolder = errors.New("there is no state folder: HOME is not set")

// Default returns the path of the state folder: the value of LVS_STATE_DIR; the machine's
// for root, and for everybody if it exists; otherwise the user's own (XDG base
// directories). It is empty if there is none.
func Default(env func(string) string) string {
	return defaultOf(env, os.Geteuid(), func(path string) bool {
		_, err := os.Lstat(path)
		return !errors.Is(err, fs.ErrNotExist)
	})
}

func defaultOf(env func(string) string, uid int, exists func(string) bool) string {
	if dir := env(Variable); dir != "" {
		if dir, err := filepath.Abs(dir); err == nil {
			return dir
		}
		return ""
	}
	if uid == 0 || exists(Machine) {
		return Machine
	}
	if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lvs")
	}
	if home := env("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".local", "state", "lvs")
	}
	return ""
}

// open opens the folder. Without create, its absence is fs.ErrNotExist.
func (f Folder) open(create bool) (*safefile.Dir, error) {
	switch {
	case f.Dir == "":
		return nil, ErrNoFolder
	case create:
		return safefile.Create(f.Dir)
	}
	return safefile.Open(f.Dir)
}

// SilentError means that the disk did not answer before the context ended. Err is the
// context's error.
type SilentError struct {
	Path string
	Err  error
}

func (e *SilentError) Error() string { return e.Path + ": the disk does not answer" }

// Unwrap returns the context's error.
func (e *SilentError) Unwrap() error { return e.Err }

// lastTry is how long an operation may still take after the context has ended: what has
// begun is finished or undone even then.
const lastTry = time.Second

// within calls do, and leaves it behind if it hangs after the context has ended. What do
// shares with the caller must not be used then.
func within[T any](f Folder, do func() (T, error)) (T, error) {
	if f.Context == nil || f.Context.Done() == nil {
		return do()
	}
	type answer struct {
		value T
		err   error
	}
	got := make(chan answer, 1)
	go func() {
		value, err := do()
		got <- answer{value, err}
	}()
	select {
	case a := <-got:
		return a.value, a.err
	case <-f.Context.Done():
	}
	select {
	case a := <-got:
		return a.value, a.err
	case <-time.After(lastTry):
		var none T
		return none, &SilentError{f.Dir, f.Context.Err()}
	}
}

// LockedError means that another process held the state folder until the
// context ended. Err is the context's error.
type LockedError struct {
	Path string
	Err  error
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("lock %s: another process holds it", e.Path)
}

// Unwrap returns the context's error.
func (e *LockedError) Unwrap() error { return e.Err }

// lock waits until no other process holds the lock, or the context ends (LockedError).
// A process that dies releases its lock. The folder stays open until unlock.
func (f Folder) lock(ctx context.Context) (d *safefile.Dir, unlock func(), err error) {
	d, err = f.open(true)
	if err != nil {
		return nil, nil, err
	}
	file, err := d.OpenFile("drained.lock", os.O_RDWR|os.O_CREATE)
	if err != nil {
		d.Close()
		return nil, nil, err
	}
	unlock = func() {
		file.Close() // this releases the lock
		d.Close()
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return d, unlock, nil
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			unlock()
			return nil, nil, &fs.PathError{Op: "lock", Path: file.Name(), Err: err}
		}
		select {
		case <-ctx.Done():
			unlock()
			return nil, nil, &LockedError{file.Name(), ctx.Err()}
		case <-time.After(wait):
		}
	}
}
