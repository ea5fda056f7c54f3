package safefile

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Dir is an open folder in which only trusted users can write: this user, root, and, if
// root owns it, its group. No file in it is opened through a symbolic link.
type Dir struct {
	f *os.File
	// Shared is set if its group can write. GID is that group.
	Shared bool
	GID    int
}

// Open opens a folder. The folder itself must not be a symbolic link; one on the way to
// it is followed if no other user could have made it.
func Open(path string) (*Dir, error) { return openDir(path, false) }

// Create is Open for a folder that may not exist: it and its parents get the mode 0700.
func Create(path string) (*Dir, error) { return openDir(path, true) }

func openDir(path string, create bool) (*Dir, error) {
	path = filepath.Clean(path)
	w, err := walk(filepath.IsAbs(path))
	if err != nil {
		return nil, err
	}
	defer w.close()
	w.make = create
	if err := w.folder(filepath.Dir(path)); err != nil {
		return nil, err
	}
	var above unix.Stat_t
	if err := again(func() error { return unix.Fstat(w.fd, &above) }); err != nil {
		return nil, fault("stat", w.path, err)
	}
	if others(&above) && above.Mode&unix.S_ISVTX == 0 {
		return nil, &UntrustedError{Path: w.path, Reason: Writable, Mode: permissions(&above)}
	}
	return dirAt(w.fd, path, filepath.Base(path), create, 0o700)
}

// Sub opens a folder in the folder. If create is set, it is created if it is missing.
func (d *Dir) Sub(name string, create bool) (*Dir, error) {
	if err := checkName(d.Path(), name); err != nil {
		return nil, err
	}
	mode := uint32(0o700)
	if d.Shared {
		mode = 0o770
	}
	sub, err := dirAt(d.fd(), filepath.Join(d.Path(), name), name, create, mode)
	if err == nil && d.Shared && create && !sub.Shared {
		if err = d.share(sub.f, 0o2770); err == nil { // this user or root made it
			sub.Shared, sub.GID = true, d.GID
		} else if errors.Is(err, fs.ErrPermission) {
			err = nil
		}
	}
	return sub, err
}

// dirAt opens the folder name of the open folder fd. path is its whole name.
func dirAt(fd int, path, name string, create bool, mode uint32) (*Dir, error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY
	n, err := openat(fd, name, flags)
	if create && err == unix.ENOENT {
		if err := again(func() error { return unix.Mkdirat(fd, name, mode) }); err != nil && err != unix.EEXIST {
			return nil, fault("mkdir", path, err)
		}
		n, err = openat(fd, name, flags)
	}
	if err != nil {
		st, bad := statAt(fd, name)
		switch {
		case bad == nil && is(&st, unix.S_IFLNK):
			err = &UntrustedError{Path: path, Reason: Link, Mode: permissions(&st)}
		case bad == nil && !is(&st, unix.S_IFDIR):
			err = &UntrustedError{Path: path, Reason: NotFolder, Mode: permissions(&st)}
		default:
			err = fault("open", path, err)
		}
		return nil, err
	}
	d := &Dir{f: os.NewFile(uintptr(n), path)}
	if err := d.check(); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// check refuses a folder in which a user who is not trusted could write.
func (d *Dir) check() error {
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(d.fd(), &st) }); err != nil {
		return fault("stat", d.Path(), err)
	}
	d.Shared, d.GID = group(&st), int(st.Gid)
	reason := Reason(0)
	switch {
	case others(&st):
		reason = Writable
	case d.Shared && st.Uid != 0:
		reason = GroupWritable
	case !ours(&st):
		reason = Foreign
	case d.Shared && st.Mode&unix.S_ISVTX != 0:
		reason = Sticky
	case d.Shared && listed(d.f):
		reason = ListWritable
	default:
		return nil
	}
	return &UntrustedError{Path: d.Path(), Reason: reason, Mode: permissions(&st)}
}

// share gives a file or folder of this user to the group of the folder.
func (d *Dir) share(f *os.File, mode uint32) error {
	fd := int(f.Fd())
	if err := again(func() error { return unix.Fchown(fd, -1, d.GID) }); err != nil {
		return fault("chown", f.Name(), err)
	}
	return fault("chmod", f.Name(), again(func() error { return unix.Fchmod(fd, mode) }))
}

// Path returns the name that the folder was opened by.
func (d *Dir) Path() string { return d.f.Name() }

func (d *Dir) fd() int { return int(d.f.Fd()) }

func (d *Dir) path(name string) string { return filepath.Join(d.Path(), name) }

// Close closes the folder, not the files that were opened in it.
func (d *Dir) Close() error { return d.f.Close() }

// OpenFile opens a file for reading (os.O_RDONLY) or writing. With os.O_CREATE a new file
// gets the mode 0600, or 0660 if the folder is shared. A file that is no regular one, or
// that a user who is not trusted could have written, is an UntrustedError.
func (d *Dir) OpenFile(name string, flag int) (*os.File, error) {
	if err := checkName(d.Path(), name); err != nil {
		return nil, err
	}
	fd, err := openat(d.fd(), name, flag)
	switch {
	case isLink(err):
		return nil, &UntrustedError{Path: d.path(name), Reason: Link}
	case err == unix.ENXIO: // a pipe that nobody reads, or a socket
		return nil, &UntrustedError{Path: d.path(name), Reason: NotRegular}
	case err != nil:
		return nil, fault("open", d.path(name), err)
	}
	f := os.NewFile(uintptr(fd), d.path(name))
	if err := d.checkFile(f, flag); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (d *Dir) checkFile(f *os.File, flag int) error {
	var st unix.Stat_t
	if err := again(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return fault("stat", f.Name(), err)
	}
	reason := Reason(0)
	switch {
	case !is(&st, unix.S_IFREG):
		reason = NotRegular
	case others(&st):
		reason = Writable
	case group(&st) && (!d.Shared || int(st.Gid) != d.GID && st.Uid != 0):
		reason = GroupWritable
	case !ours(&st) && !d.Shared:
		reason = Foreign
	case group(&st) && listed(f):
		reason = ListWritable
	}
	if reason != 0 {
		return &UntrustedError{Path: f.Name(), Reason: reason, Mode: permissions(&st)}
	}
	may := os.Geteuid() == 0 || int(st.Uid) == os.Geteuid()
	if d.Shared && flag&os.O_CREATE != 0 && may && (int(st.Gid) != d.GID || !group(&st)) {
		return d.share(f, 0o660)
	}
	return nil
}

// ReadFile returns the content of a file. If it is longer than most bytes, that is an
// error.
func (d *Dir) ReadFile(name string, most int64) ([]byte, error) {
	f, err := d.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > most { // also before it is read
		return nil, fault("read", d.path(name), unix.EFBIG)
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fault("read", d.path(name), unix.EFBIG)
	}
	return b, err
}

// NewFile creates a file with a mode.
func (d *Dir) NewFile(name string, mode fs.FileMode) (*os.File, error) {
	if err := checkName(d.Path(), name); err != nil {
		return nil, err
	}
	return d.newFile(name, mode)
}

func (d *Dir) newFile(name string, mode fs.FileMode) (*os.File, error) {
	fd, err := openat(d.fd(), name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, fault("create", d.path(name), err)
	}
	f := os.NewFile(uintptr(fd), d.path(name))
	if d.Shared {
		err = d.share(f, uint32(mode.Perm()))
	} else if mode.Perm() != 0o600 {
		err = f.Chmod(mode)
	}
	if err != nil {
		f.Close()
		return nil, errors.Join(err, d.remove(name))
	}
	return f, nil
}

// WriteFile replaces the content of a file: after a crash or on a full disk the file has
// either all of the old content or all of the new.
func (d *Dir) WriteFile(name string, content []byte) error {
	if err := checkName(d.Path(), name); err != nil {
		return err
	}
	if st, err := statAt(d.fd(), name); err == nil && !is(&st, unix.S_IFREG) {
		reason := NotRegular
		if is(&st, unix.S_IFLNK) {
			reason = Link
		}
		return &UntrustedError{Path: d.path(name), Reason: reason}
	}
	mode := fs.FileMode(0o600)
	if d.Shared {
		mode = 0o660
	}
	return d.replace(name, content, func(f *os.File) error {
		if d.Shared {
			return d.share(f, uint32(mode))
		}
		return nil
	})
}

// replace writes a new file, lets settle set what it must have before it has the name,
// and renames it.
func (d *Dir) replace(name string, content []byte, settle func(*os.File) error) (err error) {
	temporary := "." + name + "." + strconv.FormatUint(rand.Uint64(), 36)
	if len(temporary) > unix.NAME_MAX {
		temporary = temporary[len(temporary)-unix.NAME_MAX:]
	}
	fd, err := openat(d.fd(), temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return fault("write", d.path(name), err)
	}
	f := os.NewFile(uintptr(fd), d.path(name))
	defer func() {
		if err != nil {
			_ = d.remove(temporary) // the first error says more
			err = fault("write", d.path(name), underlying(err))
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = settle(f)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return again(func() error { return unix.Renameat(d.fd(), temporary, d.fd(), name) })
}

// underlying returns the error of a file without its path.
func underlying(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// Rename renames a file in the folder, and replaces another one of that name.
func (d *Dir) Rename(from, to string) error {
	if err := errors.Join(checkName(d.Path(), from), checkName(d.Path(), to)); err != nil {
		return err
	}
	return fault("rename", d.path(from), again(func() error { return unix.Renameat(d.fd(), from, d.fd(), to) }))
}

// Remove removes a file of the folder.
func (d *Dir) Remove(name string) error {
	if err := checkName(d.Path(), name); err != nil {
		return err
	}
	return d.remove(name)
}

func (d *Dir) remove(name string) error {
	return fault("remove", d.path(name), again(func() error { return unix.Unlinkat(d.fd(), name, 0) }))
}

// Same reports whether name is still the file that was opened as f.
func (d *Dir) Same(name string, f *os.File) bool {
	st, err := statAt(d.fd(), name)
	var open unix.Stat_t
	if err != nil || again(func() error { return unix.Fstat(int(f.Fd()), &open) }) != nil {
		return false
	}
	return st.Dev == open.Dev && st.Ino == open.Ino
}

// Names returns the names in the folder that do not begin with a dot, sorted.
func (d *Dir) Names() ([]string, error) {
	if _, err := d.f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	names, err := d.f.Readdirnames(-1)
	names = slices.DeleteFunc(names, func(name string) bool { return checkName("", name) != nil })
	slices.Sort(names)
	return names, err
}
