package state

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// LockTable waits until no other process holds the lock of a table, or the context ends
// (LockedError). waits is called once if it takes longer than a moment. A process that
// dies releases its lock.
//
// All tables have one file: a lock is on the byte that the table's identity selects, so
// that nothing is left behind of a namespace that is gone.
func (f Folder) LockTable(ctx context.Context, table string, waits func()) (unlock func(), err error) {
	d, err := f.open(true)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	file, err := d.OpenFile("tables.lock", os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	sum := fnv.New64a()
	_, _ = io.WriteString(sum, table)
	const moment = time.Second
	for wait, waited := time.Millisecond, time.Duration(0); ; wait = min(2*wait, 50*time.Millisecond) {
		// The kernel changes what it is given if the lock is held.
		lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: int64(sum.Sum64() >> 2), Len: 1}
		err := unix.FcntlFlock(file.Fd(), setLock, &lock)
		switch {
		case err == nil:
			return func() { file.Close() }, nil // this releases the lock
		case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES) && !errors.Is(err, unix.EINTR):
			file.Close()
			return nil, &os.PathError{Op: "lock", Path: file.Name(), Err: err}
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, &LockedError{file.Name(), ctx.Err()}
		case <-time.After(wait):
		}
		if waited < moment && waited+wait >= moment {
			waits()
		}
		waited += wait
	}
}
