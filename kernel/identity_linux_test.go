package kernel_test

import (
	"fmt"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"lvs/kernel"
	"lvs/lab"
)

// A namespace that is made when another has ended gets its inode, but not its identity.
func TestIdentityIsNotReused(t *testing.T) {
	lab.Need(t)
	seen := map[string]bool{}
	for range 4 {
		id, inode := identityOfNew(t)
		if seen[id] {
			t.Errorf("two namespaces have the identity %s (inode %d)", id, inode)
		}
		if seen[id] = true; !kernel.Lasting(id) {
			t.Errorf("the identity %q is not lasting", id)
		}
	}
}

// identityOfNew returns the identity of a new namespace that ends with the call.
func identityOfNew(t *testing.T) (id string, inode uint64) {
	t.Helper()
	failed := make(chan error)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine, and the namespace with it
		failed <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			var st unix.Stat_t
			if err := unix.Stat("/proc/thread-self/ns/net", &st); err != nil {
				return err
			}
			inode = st.Ino
			var err error
			if id, err = kernel.Identity(""); err != nil {
				return err
			}
			named, err := kernel.Identity(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
			if err == nil && named != id {
				err = fmt.Errorf("by its path the identity is %s, from within %s", named, id)
			}
			return err
		}()
	}()
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return id, inode
}
