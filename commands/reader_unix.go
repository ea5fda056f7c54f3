//go:build unix

package commands

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// readerGone reports whether out is a pipe without a reader. A program that has
// nothing to write does not learn it otherwise.
func readerGone(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	fd := []unix.PollFd{{Fd: int32(f.Fd())}}
	n, err := unix.Poll(fd, 0)
	return err == nil && n > 0 && fd[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}
