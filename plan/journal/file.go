package journal

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"lvs/safefile"
)

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
		if j.dir.Same(journalName, j.file) {
			return nil
		}
		j.Close() // another process has replaced the file
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

// ErrNoFolder means that the journal has no folder.
var ErrNoFolder = errors.New("there is no folder for the journal: HOME is not set")

// open opens the file for appending, and creates it and its folder if necessary.
func (j *Journal) open() error {
	if j.Dir == "" {
		return ErrNoFolder
	}
	d, err := safefile.Create(j.Dir)
	if err != nil {
		return err
	}
	f, err := d.OpenFile(journalName, os.O_RDWR|os.O_CREATE|os.O_APPEND)
	if err != nil {
		d.Close()
		return err
	}
	j.dir, j.file = d, f
	return nil
}

// folder opens the folder for reading. Without one the error is fs.ErrNotExist.
func (j *Journal) folder() (*safefile.Dir, error) {
	if j.Dir == "" {
		return nil, ErrNoFolder
	}
	return safefile.Open(j.Dir)
}
