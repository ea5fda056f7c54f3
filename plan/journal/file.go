package journal

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// append adds one line under the lock. The line is made once the last number
// given is known.
func (j *Journal) append(ctx context.Context, objects []byte, text func(last uint64) line) error {
	for {
		if err := j.lock(ctx); err != nil {
			return err
		}
		size, last, err := j.mend()
		if err != nil {
			j.unlock()
			return err
		}
		l := text(last)
		head, tail := encoded(&l, len(objects) > 0)
		if n := len(head) + len(objects) + len(tail); size == 0 || size+int64(n) <= cmp.Or(j.Max, maxJournal) {
			err := j.write(size, head, objects, tail)
			if j.size, j.last = 0, max(last, l.ID); err == nil {
				j.size = size + int64(n)
			}
			j.unlock()
			return err
		}
		// Whoever waits for the lock finds a file that is not the journal any
		// more, and looks for the new one, as is done here.
		err = os.Rename(j.path(journalName), j.path(journalOld))
		j.Close()
		if err != nil {
			return err
		}
	}
}

// write leaves the file as it was where the line does not fit on the disk.
func (j *Journal) write(size int64, parts ...[]byte) error {
	for _, b := range parts {
		if len(b) == 0 {
			continue
		}
		if _, err := j.file.Write(b); err != nil {
			return errors.Join(err, j.file.Truncate(size))
		}
	}
	return nil
}

func (j *Journal) path(name string) string { return filepath.Join(j.Dir, name) }

// lock opens the file, if need be, and holds it alone.
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
		j.Close() // somebody has put another file in its place
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
}

// flock waits for whoever writes at the moment.
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

// open opens the file for appending, and makes it and its folder if need be.
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
		err = untrusted(path, "it is no plain file")
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
