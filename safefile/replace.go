package safefile

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// OwnerError means that a file was not replaced, because the new one could not be given
// its owner.
type OwnerError struct {
	Path string
	// UID and GID own the file.
	UID, GID int
	Err      error
}

func (e *OwnerError) Error() string {
	return "write " + e.Path + ": cannot keep its owner: " + e.Err.Error()
}

// Unwrap returns the reason.
func (e *OwnerError) Unwrap() error { return e.Err }

// Replace replaces the content of a file that the user named: after a crash or on a full
// disk it has either all of the old content or all of the new. It keeps owner, group,
// mode and access control list of what it replaces (OwnerError); a new file has the mode
// 0600. A symbolic link stays, and its target is replaced. A file that is not regular (a
// pipe, a terminal) is written to directly.
//
// A link that another user could have made is not followed, and in a folder where every
// user can write, no file of another user is replaced (UntrustedError).
func Replace(path string, content []byte) error {
	w, err := walk(filepath.IsAbs(path))
	if err != nil {
		return err
	}
	defer w.close()
	name, err := w.file(path)
	if err != nil {
		return named(err, path)
	}
	at := filepath.Join(w.path, name)
	old, err := statAt(w.fd, name)
	switch {
	case errors.Is(err, unix.ENOENT):
		if _, err := os.Stat(path); err == nil { // a link of /proc, such as /dev/stdout
			return writeTo(path, content)
		}
		return named(w.replace(name, content, func(*os.File) error { return nil }), path)
	case err != nil:
		return fault("write", path, err)
	case is(&old, unix.S_IFDIR):
		return fault("write", path, unix.EISDIR)
	}
	var in unix.Stat_t
	if err := again(func() error { return unix.Fstat(w.fd, &in) }); err != nil {
		return fault("write", path, err)
	}
	if others(&in) && !ours(&old) {
		return &UntrustedError{Path: at, Reason: Planted, Mode: permissions(&in)}
	}
	if !is(&old, unix.S_IFREG) {
		return writeTo(at, content)
	}
	return named(w.replace(name, content, func(f *os.File) error { return w.keep(f, name, &old, path) }), path)
}

// named gives the path of an error as the user wrote it.
func named(err error, path string) error {
	var owner *OwnerError
	var unsafe *UntrustedError
	if err == nil || errors.As(err, &owner) || errors.As(err, &unsafe) {
		return err
	}
	return fault("write", path, underlying(err))
}

func (w *walker) replace(name string, content []byte, settle func(*os.File) error) error {
	fd, err := openat(w.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if errors.Is(err, unix.EACCES) { // a folder may be written and not read
		fd, err = openat(w.fd, ".", pathFlags)
	}
	if err != nil {
		return err
	}
	d := &Dir{f: os.NewFile(uintptr(fd), w.path)}
	defer d.Close()
	return d.replace(name, content, settle)
}

// keep gives a new file what the old one has.
func (w *walker) keep(f *os.File, name string, old *unix.Stat_t, path string) error {
	fd := int(f.Fd())
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(fd, &st) }); err != nil {
		return err
	}
	if st.Uid != old.Uid || st.Gid != old.Gid {
		if err := again(func() error { return unix.Fchown(fd, int(old.Uid), int(old.Gid)) }); err != nil {
			return &OwnerError{path, int(old.Uid), int(old.Gid), err}
		}
	}
	if err := again(func() error { return unix.Fchmod(fd, uint32(old.Mode)&0o777) }); err != nil {
		return err
	}
	if !group(old) {
		return nil // then a list lets nobody in whom the mode does not
	}
	was, err := openat(w.fd, name, unix.O_RDONLY)
	if err != nil {
		return nil //nolint:nilerr // it cannot be read, and neither can its list
	}
	before := os.NewFile(uintptr(was), path)
	defer before.Close()
	if list := accessListOf(before); len(list) > 0 {
		return setAccessList(f, list)
	}
	return nil
}

func writeTo(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
