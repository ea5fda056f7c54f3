//go:build unix

package commands

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// readerGone tells whether nobody will read what is written to a pipe. Nothing
// else would tell while there is nothing to write.
func readerGone(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	fd := []unix.PollFd{{Fd: int32(f.Fd())}}
	n, err := unix.Poll(fd, 0)
	return err == nil && n > 0 && fd[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}
