package journal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// append adds one line under the lock. text makes the line once the last number
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
		// A process that waits for the lock finds that the file is no longer the
		// journal, and opens the new one, as this loop does.
		err = os.Rename(j.path(journalName), j.path(journalOld))
		j.Close()
		if err != nil {
			return err
		}
	}
}

// write writes a line. If the disk is full the file stays as it was.
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

// mend removes a torn line at the end of the file, and returns the file's size and
// the last number given.
func (j *Journal) mend() (size int64, last uint64, err error) {
	info, err := j.file.Stat()
	if err != nil || j.size > 0 && info.Size() == j.size {
		return j.size, j.last, err
	}
	size, last, err = tail(j.file, info.Size())
	if err == nil && size < info.Size() {
		err = j.file.Truncate(size)
	}
	if err == nil && size == 0 {
		last, err = lastOf(j.path(journalOld))
	}
	return size, last, err
}

// lastOf returns the last number given in a file, or zero if it has none.
func lastOf(path string) (uint64, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	_, last, err := tail(f, info.Size())
	return last, err
}

// tail reads a file of some size backwards. It returns where the last whole line
// ends, and the last number given: usually that of the last line, or of one before
// it if that is not a journal's line.
func tail(f io.ReaderAt, size int64) (end int64, last uint64, err error) {
	for n := int64(4096); ; n *= 8 {
		start := max(0, size-n)
		b := make([]byte, size-start)
		if _, err := f.ReadAt(b, start); err != nil && err != io.EOF {
			return 0, 0, err
		}
		if start > 0 { // the first line may be cut
			cut := bytes.IndexByte(b, '\n') + 1
			if cut == 0 {
				continue
			}
			start, b = start+int64(cut), b[cut:]
		}
		b = b[:bytes.LastIndexByte(b, '\n')+1]
		end = start + int64(len(b))
		for last == 0 && len(b) > 0 {
			before := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
			last, b = numberOf(b[before:]), b[:before]
		}
		if last > 0 || start == 0 {
			return end, last, nil
		}
	}
}

// numberOf returns the highest number in a line, or zero if it is not a journal's.
func numberOf(b []byte) uint64 {
	var l struct{ ID, Last uint64 }
	if json.Unmarshal(b, &l) != nil {
		return 0
	}
	return max(l.ID, l.Last)
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
