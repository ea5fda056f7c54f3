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

// ErrNoFolder means that the journal has no folder.
var ErrNoFolder = errors.New("there is no folder for the journal: HOME is not set")

// lock opens the folder and the file of the lock if necessary, creates what is missing,
// and locks it. The lock is for all files of the journal.
func (j *Journal) lock(ctx context.Context) error {
	for {
		if j.locked == nil {
			if err := j.open(); err != nil {
				return err
			}
		}
		if err := flock(ctx, j.locked); err != nil {
			return err
		}
		if j.dir.Same(lockName, j.locked) {
			return nil
		}
		j.Close() // another process has replaced it
	}
}

// flock waits until no other process holds the lock.
func flock(ctx context.Context, f *os.File) error {
	for wait := 100 * time.Microsecond; ; wait = min(2*wait, 20*time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if err != syscall.EWOULDBLOCK && err != syscall.EINTR {
			return &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
		select {
		case <-ctx.Done():
			return &fs.PathError{Op: "lock", Path: f.Name(), Err: errors.New("another process holds it")}
		case <-time.After(wait):
		}
	}
}

// unlock lets others write. It cannot fail on a file that was locked.
func (j *Journal) unlock() { _ = syscall.Flock(int(j.locked.Fd()), syscall.LOCK_UN) }

func (j *Journal) open() error {
	if j.Dir == "" {
		return ErrNoFolder
	}
	d, err := safefile.Create(j.Dir)
	if err != nil {
		return err
	}
	f, err := d.OpenFile(lockName, os.O_RDWR|os.O_CREATE)
	if err != nil {
		d.Close()
		return err
	}
	j.dir, j.locked = d, f
	return nil
}

// folder opens the folder for reading. Without one the error is fs.ErrNotExist.
func (j *Journal) folder() (*safefile.Dir, error) {
	if j.Dir == "" {
		return nil, ErrNoFolder
	}
	return safefile.Open(j.Dir)
}
