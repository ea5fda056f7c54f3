package safefile

import (
	"errors"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// mostLinks is how many symbolic links a path may have, as in the kernel.
const mostLinks = 40

// walker goes along a path and follows a symbolic link only if no other user could have
// made it.
type walker struct {
	fd    int    // the folder that is reached
	path  string // and its name, for errors
	links int
	// make creates folders that are missing, with mode 0700.
	make bool
}

// walk begins a walk in the root or the current folder.
func walk(absolute bool) (*walker, error) {
	w := &walker{fd: -1}
	return w, w.begin(absolute)
}

func (w *walker) begin(absolute bool) error {
	start := "."
	if absolute {
		start = "/"
	}
	fd, err := openat(unix.AT_FDCWD, start, pathFlags)
	if err != nil {
		return fault("open", start, err)
	}
	w.to(fd, start)
	return nil
}

// to makes fd the folder that is reached.
func (w *walker) to(fd int, path string) {
	w.close()
	w.fd, w.path = fd, path
}

func (w *walker) close() {
	if w.fd >= 0 {
		unix.Close(w.fd)
		w.fd = -1
	}
}

// folder goes to the folder that path names, from the folder that is reached.
func (w *walker) folder(path string) error {
	if filepath.IsAbs(path) {
		if err := w.begin(true); err != nil {
			return err
		}
	}
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == "." {
			continue
		}
		if err := w.step(name); err != nil {
			return err
		}
	}
	return nil
}

// step goes into one folder.
func (w *walker) step(name string) error {
	at := filepath.Join(w.path, name)
	fd, err := openat(w.fd, name, pathFlags)
	if w.make && err == unix.ENOENT {
		if err := again(func() error { return unix.Mkdirat(w.fd, name, 0o700) }); err != nil && err != unix.EEXIST {
			return fault("mkdir", at, err)
		}
		fd, err = openat(w.fd, name, pathFlags)
	}
	if err == nil {
		w.to(fd, at)
		return nil
	}
	target, bad := w.link(name)
	switch {
	case bad != nil:
		return bad
	case target == "":
		return fault("open", at, err)
	}
	return w.folder(target)
}

// link returns the target of a symbolic link, or an empty string if it is none. A link
// that another user could have made is an UntrustedError.
func (w *walker) link(name string) (string, error) {
	at := filepath.Join(w.path, name)
	st, err := statAt(w.fd, name)
	if err != nil || !is(&st, unix.S_IFLNK) {
		return "", nil //nolint:nilerr // the caller knows what is wrong with it
	}
	var in unix.Stat_t
	if err := again(func() error { return unix.Fstat(w.fd, &in) }); err != nil {
		return "", fault("stat", w.path, err)
	}
	if !ours(&st) || !ours(&in) || others(&in) {
		return "", &UntrustedError{Path: at, Reason: Planted, Mode: permissions(&in)}
	}
	if w.links++; w.links > mostLinks {
		return "", fault("open", at, unix.ELOOP)
	}
	b := make([]byte, unix.PathMax)
	n := 0
	if err := again(func() (err error) { n, err = unix.Readlinkat(w.fd, name, b); return err }); err != nil {
		return "", fault("readlink", at, err)
	}
	return string(b[:n]), nil
}

// file goes to the folder of the file that path names, follows links to it, and returns
// its name there. The file need not exist.
func (w *walker) file(path string) (name string, err error) {
	for {
		folder, name := filepath.Split(path)
		if name == "" || name == "." || name == ".." {
			return "", fault("open", path, unix.EISDIR)
		}
		if err := w.folder(folder); err != nil {
			return "", err
		}
		target, err := w.link(name)
		if err != nil || target == "" {
			return name, err
		}
		path = target
	}
}

func statAt(fd int, name string) (st unix.Stat_t, err error) {
	err = again(func() error { return unix.Fstatat(fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	return st, err
}

func openat(fd int, name string, flags int) (out int, err error) {
	err = again(func() error {
		out, err = unix.Openat(fd, name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0o600)
		return err
	})
	return out, err
}

// isLink reports whether an error of open means a symbolic link.
func isLink(err error) bool { return errors.Is(err, unix.ELOOP) || errors.Is(err, unix.EMLINK) }
