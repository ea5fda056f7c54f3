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

// namespace is a network namespace: that of the caller if path is empty.
type namespace struct {
	handle netns.NsHandle
	path   string
}

// openNamespace opens a namespace by name, path or pid:N.
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
		err = noNamespace("not a network namespace")
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(s, "pid:"):
		err = noNamespace("no such process")
	case errors.Is(err, fs.ErrNotExist):
		err = ErrNoNamespace
	case errors.Is(err, fs.ErrPermission):
		err = ErrPermission
	}
	return namespace{}, &Error{Op: openOp(s), Err: err}
}

// noNamespace is ErrNoNamespace with a more precise text.
type noNamespace string

func (e noNamespace) Error() string        { return string(e) }
func (e noNamespace) Is(target error) bool { return target == ErrNoNamespace }

// isNetworkNamespace reports whether an open file is a namespace, and one of
// networks rather than another type.
func isNetworkNamespace(fd int) bool {
	var fsys unix.Statfs_t
	if err := unix.Fstatfs(fd, &fsys); err != nil || fsys.Type != unix.NSFS_MAGIC {
		return false
	}
	kind, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	return err != nil || kind == unix.CLONE_NEWNET // before Linux 4.11 the type is not known
}

func openOp(s string) string { return "open network namespace " + strconv.Quote(s) }

// namespacePath returns the file of a namespace, or the empty string for that of
// the caller.
func namespacePath(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	if pid, ok := strings.CutPrefix(s, "pid:"); ok {
		n, err := strconv.ParseUint(pid, 10, 31)
		if err != nil || n == 0 {
			return "", &Error{Op: openOp(s), Err: noNamespace("want a process ID, as in pid:1234")}
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

// do runs a function on a thread that is in the namespace. A file that it opens in
// /proc/thread-self/net or /proc/sys/net remains that of the namespace.
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
	// A thread that cannot return stays locked and ends with its goroutine.
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
