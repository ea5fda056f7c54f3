package director

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"lvs/safefile"
)

// RunningError means that another director has the table. PID is its process, 0 if that
// is not known.
type RunningError struct{ PID int }

func (e *RunningError) Error() string {
	if e.PID == 0 {
		return "another director runs for this table"
	}
	return fmt.Sprintf("another director runs for this table: process %d", e.PID)
}

// lock excludes a second director on the same table. A process that dies releases it. No
// state folder, or one that cannot be written, is no reason not to serve.
func (c *core) lock() (unlock func(), err error) {
	nothing := func() {}
	if c.o.State.Dir == "" || c.o.Table == "" {
		return nothing, nil
	}
	d, err := safefile.Create(c.o.State.Dir)
	if err != nil {
		c.alarm(AlarmState, err.Error(), "")
		return nothing, nil
	}
	defer d.Close()
	file, err := d.OpenFile(stateName(c.o.Table, ".lock"), os.O_RDWR|os.O_CREATE)
	if err != nil {
		c.alarm(AlarmState, err.Error(), "")
		return nothing, nil
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		defer file.Close()
		b := make([]byte, 20)
		n, _ := file.ReadAt(b, 0)
		pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n])))
		return nil, &RunningError{pid}
	case err != nil:
		file.Close()
		return nil, &fs.PathError{Op: "lock", Path: file.Name(), Err: err}
	}
	// Others only read it in messages.
	_, _ = file.WriteAt(fmt.Appendf(nil, "%19d\n", os.Getpid()), 0)
	return func() { file.Close() }, nil
}
