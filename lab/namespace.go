package lab

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"lvs/lab/machine"
)

// Namespace is a network namespace. An open file keeps it alive.
type Namespace struct {
	file *os.File
}

// here opens the namespace of the calling thread.
func here() (*Namespace, error) {
	f, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	return &Namespace{f}, nil
}

// openNamespace opens a namespace by path, such as /run/netns/NAME.
func openNamespace(path string) (*Namespace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &Namespace{f}, nil
}

// Path returns the path of the namespace for other programs, as long as this one runs.
func (n *Namespace) Path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), n.file.Fd())
}

// Do runs f in the namespace, on a thread that nothing else uses meanwhile. Files and
// sockets that f opens stay in the namespace; goroutines that f starts do not.
func (n *Namespace) Do(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		before, err := here()
		if err != nil {
			runtime.UnlockOSThread()
			result <- err
			return
		}
		defer before.file.Close()
		if err := n.enter(); err != nil {
			runtime.UnlockOSThread()
			result <- err
			return
		}
		err = f()
		if before.enter() == nil {
			runtime.UnlockOSThread()
		} // otherwise the thread ends with this goroutine
		result <- err
	}()
	return <-result
}

// Run runs a subtest in the namespace.
func (n *Namespace) Run(t *testing.T, name string, f func(t *testing.T)) bool {
	t.Helper()
	return t.Run(name, func(t *testing.T) {
		runtime.LockOSThread() // the thread ends with the subtest
		if err := n.enter(); err != nil {
			t.Fatal(err)
		}
		f(t)
	})
}

func (n *Namespace) enter() error {
	if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering a network namespace: %w", err)
	}
	return nil
}

// enterNew moves the calling goroutine into a new namespace. The function that it
// passes to cleanup moves it back.
func enterNew(cleanup func(func())) (*Namespace, error) {
	runtime.LockOSThread()
	before, err := here()
	if err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return nil, errors.Join(fmt.Errorf("new network namespace: %w", err), before.file.Close())
	}
	ns, err := here()
	cleanup(func() {
		if before.enter() == nil {
			runtime.UnlockOSThread()
		}
		before.file.Close()
		if ns != nil {
			ns.file.Close()
		}
	})
	if err != nil {
		return nil, err
	}
	return ns, machine.LoopbackUp()
}
