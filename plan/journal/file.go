package journal

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

func (j *Journal) path(name string) string { return filepath.Join(j.Dir, name) }

// lock opens the file if necessary, and locks it.
func (j *Journal) lock(ctx context.Context) error {
	for {
		if j.file == nil {
			if err := j.open(); err != nil {
				return err
			}
		}
		if err := j.flock(ctx); err != nil {
			return err
		}
		now, err := os.Lstat(j.path(journalName))
		if held, bad := j.file.Stat(); err == nil && bad == nil && os.SameFile(now, held) {
			return nil
		}
		j.Close() // another process has replaced the file
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// flock waits until no other process holds the lock.
func (j *Journal) flock(ctx context.Context) error {
	for wait := 100 * time.Microsecond; ; wait = min(2*wait, 20*time.Millisecond) {
		err := syscall.Flock(int(j.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			return &fs.PathError{Op: "lock", Path: j.file.Name(), Err: err}
		}
		select {
		case <-ctx.Done():
			return &fs.PathError{Op: "lock", Path: j.file.Name(), Err: errors.New("another process holds it")}
		case <-time.After(wait):
		}
	}
}

// unlock lets others write. It cannot fail on a file that was locked.
func (j *Journal) unlock() { _ = syscall.Flock(int(j.file.Fd()), syscall.LOCK_UN) }

// open opens the file for appending, and creates it and its folder if necessary.
func (j *Journal) open() error {
	if err := ownFolder(j.Dir); err != nil {
		return err
	}
	path := j.path(journalName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return untrusted(path, "it is a symbolic link")
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = untrusted(path, "it is not a regular file")
	} else if err == nil {
		err = owned(path, info)
	}
	if err != nil {
		f.Close()
		return err
	}
	j.file = f
	return nil
}

// ownFolder creates the folder, or refuses one in which another user could create
// files.
func ownFolder(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		info, err = os.Lstat(dir)
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if !ours(info) {
			return untrusted(dir, "it is a symbolic link of another user")
		}
		if info, err = os.Stat(dir); err != nil {
			return err
		}
	}
	return owned(dir, info)
}

// owned refuses a file that another user owns or can write to.
func owned(path string, info fs.FileInfo) error {
	if !ours(info) {
		return untrusted(path, "it belongs to another user")
	}
	if info.Mode().Perm()&0o022 != 0 {
		why := fmt.Sprintf("other users can write to it (mode %04o)", info.Mode().Perm())
		return &UntrustedError{Path: path, Why: why, Writable: true}
	}
	return nil
}

// ours reports whether this user or root owns a file.
func ours(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && (s.Uid == 0 || int(s.Uid) == os.Geteuid())
}

// UntrustedError means that a file or folder of the journal is not used, because
// another user could have changed it.
type UntrustedError struct {
	Path string
	// Why says what is wrong with it.
	Why string
	// Writable is set if others than its owner can write to it: chmod go-w mends that.
	Writable bool
}

func (e *UntrustedError) Error() string { return e.Path + " is not safe: " + e.Why }

func untrusted(path, why string) error { return &UntrustedError{Path: path, Why: why} }
