// Package state is the state folder: what has to be remembered between commands and
// across a crash. It has the weights of drained servers and the jobs that run later.
// The journal is in the same folder and has its own package.
//
// Everything is written to a new file that then replaces the old one, so that a crash
// or a full disk leaves the old one.
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
)

// Folder is the state folder of one user. It may not exist yet: the first write creates
// it, with mode 0700.
type Folder struct {
	Dir string
}

// Default returns the path of the state folder: the value of LVS_STATE_DIR, or
// /var/lib/lvs for root, or the user's own state folder (XDG base directories).
func Default(env func(string) string) string {
	if dir := env(Variable); dir != "" {
		return dir
	}
	if os.Geteuid() == 0 {
		return "/var/lib/lvs"
	}
	if dir := env("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "lvs")
	}
	return filepath.Join(env("HOME"), ".local", "state", "lvs")
}

// Variable is the environment variable that names another state folder.
const Variable = "LVS_STATE_DIR"

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
// A process that dies releases its lock.
func (f Folder) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(f.Dir, "drained.lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { file.Close() }, nil // this releases the lock
		case !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR):
			file.Close()
			return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, &LockedError{path, ctx.Err()}
		case <-time.After(wait):
		}
	}
}

// WriteFile replaces the content of a file safely: after a crash or on a full disk the
// file has either all of the old content or all of the new. The file gets mode 0600. A
// symbolic link stays, and its target is replaced; a file that is not regular (a pipe,
// a terminal) is written to directly.
func WriteFile(name string, content []byte) (err error) {
	if old, err := os.Stat(name); err == nil && !old.Mode().IsRegular() {
		return writeTo(name, content)
	}
	if target, err := filepath.EvalSymlinks(name); err == nil {
		name = target
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return &fs.PathError{Op: "write", Path: name, Err: underlying(err)}
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return &fs.PathError{Op: "write", Path: name, Err: underlying(err)}
	}
	return os.Rename(f.Name(), name)
}

func writeTo(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// underlying returns the error of a file without its path.
func underlying(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
