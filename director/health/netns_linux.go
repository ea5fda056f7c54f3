package health

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// inNetns runs f in a network namespace, on a thread of its own. A socket that f makes stays
// in that namespace, and can be used by any thread. An empty path is the program's own.
func inNetns(path string, f func() error) error {
	if path == "" {
		return f()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		back, err := runInNetns(path, f)
		if back {
			runtime.UnlockOSThread()
		} // else the thread ends with this goroutine
		done <- err
	}()
	return <-done
}

// runInNetns is inNetns on the present thread. back is set if the thread is in its own
// namespace afterwards.
func runInNetns(path string, f func() error) (back bool, err error) {
	own, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return true, err
	}
	defer own.Close()
	other, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return true, &netnsError{path, err}
	}
	defer unix.Close(other)
	if err := unix.Setns(other, unix.CLONE_NEWNET); err != nil {
		return true, &netnsError{path, err}
	}
	err = f()
	return unix.Setns(int(own.Fd()), unix.CLONE_NEWNET) == nil, err
}
