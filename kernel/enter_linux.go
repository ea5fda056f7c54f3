package kernel

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"
)

// Enter moves the calling goroutine into a network namespace, and locks it to its thread for
// good. A program that starts another one in its place (exec) from this goroutine is wholly
// in the namespace.
func Enter(netns string) error {
	ns, err := openNamespace(netns)
	if err != nil {
		return err
	}
	defer ns.close()
	runtime.LockOSThread()
	if err := unix.Setns(int(ns.handle), unix.CLONE_NEWNET); err != nil {
		if errors.Is(err, unix.EPERM) {
			err = ErrPermission
		}
		return &Error{Op: "enter network namespace " + netns, Err: err}
	}
	return nil
}
