package kernel

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strconv"
	"strings"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// namespace is a network namespace: the caller's own when path is empty.
type namespace struct {
	handle netns.NsHandle
	path   string
}

// openNamespace finds a namespace by name, path or pid:N.
func openNamespace(s string) (namespace, error) {
	path, err := namespacePath(s)
	if err != nil || path == "" {
		return namespace{handle: netns.None()}, err
	}
	h, err := netns.GetFromPath(path)
	if err == nil {
		if isNetworkNamespace(int(h)) {
			return namespace{handle: h, path: path}, nil
		}
		h.Close()
		err = noNamespace("it is no network namespace")
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(s, "pid:"):
		err = noNamespace("no such process")
	case errors.Is(err, fs.ErrNotExist):
		err = ErrNoNamespace
	case errors.Is(err, fs.ErrPermission):
		err = ErrPermission
	}
	return namespace{}, &Error{Op: "open network namespace " + strconv.Quote(s), Err: err}
}

// noNamespace is ErrNoNamespace with what is true instead.
type noNamespace string

func (e noNamespace) Error() string        { return string(e) }
func (e noNamespace) Is(target error) bool { return target == ErrNoNamespace }

// isNetworkNamespace tells whether an open file is one: a file of the kind that
// namespaces are, and not of another sort of namespace.
func isNetworkNamespace(fd int) bool {
	var fsys unix.Statfs_t
	if err := unix.Fstatfs(fd, &fsys); err != nil || fsys.Type != unix.NSFS_MAGIC {
		return false
	}
	sort, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	return err != nil || sort == unix.CLONE_NEWNET // Linux before 4.11 does not say
}

func namespacePath(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if pid, ok := strings.CutPrefix(s, "pid:"); ok {
		n, err := strconv.ParseUint(pid, 10, 31)
		if err != nil || n == 0 {
			return "", &Error{Op: "open network namespace " + strconv.Quote(s), Err: fmt.Errorf("%w: %q is not a process number", ErrNoNamespace, pid)}
		}
		return fmt.Sprintf("/proc/%d/ns/net", n), nil
	}
	if strings.Contains(s, "/") {
		return s, nil
	}
	return "/run/netns/" + s, nil
}

func (n namespace) close() {
	if n.handle.IsOpen() {
		_ = n.handle.Close()
	}
}

// do runs a function on a thread that stands in the namespace. A file below
// /proc/thread-self/net or /proc/sys/net that it opens stays in that namespace.
func (n namespace) do(f func() error) error {
	if !n.handle.IsOpen() {
		return f()
	}
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	if err := netns.Set(n.handle); err != nil {
		runtime.UnlockOSThread()
		if errors.Is(err, fs.ErrPermission) {
			err = ErrPermission
		}
		return &Error{Op: "enter network namespace " + n.path, Err: err}
	}
	failed := f()
	// A thread that cannot go home stays locked and ends with its goroutine.
	if err := netns.Set(home); err != nil {
		return errors.Join(failed, err)
	}
	runtime.UnlockOSThread()
	return failed
}

// open opens a file of the namespace for reading.
func (n namespace) open(path string) (f *rawFile, err error) {
	err = n.do(func() error {
		f, err = openRaw(path)
		return err
	})
	return f, err
}
