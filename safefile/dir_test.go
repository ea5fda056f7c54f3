package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// another is a user who is neither root nor runs the tests, and a group of his.
const another = 65534

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to another user; TestOneJournal does it in the lab")
	}
}

func all(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// base returns a folder that can be reached.
func base(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	all(t, err, os.Chmod(dir, 0o755))
	return dir
}

// list is an access control list that lets another user write: user::rwx, user:65534:rwx,
// group::---, mask::rwx, other::---.
var list = []byte{2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 7, 0, 254, 255, 0, 0,
	4, 0, 0, 0, 255, 255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 0, 0, 255, 255, 255, 255}

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		name   string
		root   bool // only root can make it
		make   func(dir string) error
		reason Reason // zero is none
		shared bool
	}{
		{"private", false, func(string) error { return nil }, 0, false},
		{"everybody may read", false, func(d string) error { return os.Chmod(d, 0o755) }, 0, false},
		{"everybody may write", false, func(d string) error { return os.Chmod(d, 0o777) }, Writable, false},
		{"everybody may write, sticky", false, func(d string) error { return unix.Chmod(d, 0o1777) }, Writable, false},
		{"root's, of a group", true, func(d string) error {
			return errors.Join(os.Chown(d, 0, another), unix.Chmod(d, 0o2770))
		}, 0, true},
		{"root's, of a group, sticky", true, func(d string) error {
			return errors.Join(os.Chown(d, 0, another), unix.Chmod(d, 0o3770))
		}, Sticky, false},
		{"another user's", true, func(d string) error { return os.Chown(d, another, 0) }, Foreign, false},
		{"another user's, of our group", true, func(d string) error {
			return errors.Join(os.Chown(d, another, 0), os.Chmod(d, 0o770))
		}, GroupWritable, false},
		{"a list with another user", true, func(d string) error {
			return unix.Setxattr(d, "system.posix_acl_access", list, 0)
		}, ListWritable, false},
		{"a folder above for everybody", false, func(d string) error {
			return os.Chmod(filepath.Dir(d), 0o777)
		}, Writable, false},
		{"a folder above for everybody, sticky", false, func(d string) error {
			return unix.Chmod(filepath.Dir(d), 0o1777)
		}, 0, false},
		{"a link", false, func(d string) error {
			return errors.Join(os.Rename(d, d+"2"), os.Symlink(d+"2", d))
		}, Link, false},
		{"a file", false, func(d string) error {
			return errors.Join(os.Remove(d), os.WriteFile(d, nil, 0o600))
		}, NotFolder, false},
		{"a pipe", false, func(d string) error {
			return errors.Join(os.Remove(d), syscall.Mkfifo(d, 0o600))
		}, NotFolder, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.root {
				needRoot(t)
			}
			dir := filepath.Join(base(t), "state")
			all(t, os.Mkdir(dir, 0o700))
			if err := c.make(dir); errors.Is(err, unix.EOPNOTSUPP) {
				t.Skip("no access control lists here")
			} else {
				all(t, err)
			}
			for _, open := range []func(string) (*Dir, error){Open, Create} {
				d, err := open(dir)
				if got := reasonOf(err); got != c.reason || got == 0 && err != nil {
					t.Fatalf("%v, want reason %d", err, c.reason)
				}
				if err == nil {
					if d.Shared != c.shared {
						t.Errorf("shared is %v", d.Shared)
					}
					d.Close()
				}
			}
		})
	}
}

func reasonOf(err error) Reason {
	var unsafe *UntrustedError
	if errors.As(err, &unsafe) {
		return unsafe.Reason
	}
	return 0
}

// A link on the way to a folder is followed if no other user could have made it.
func TestLinkOnTheWay(t *testing.T) {
	for _, c := range []struct {
		name   string
		root   bool
		plant  func(link string) error
		reason Reason
	}{
		{"our own", false, func(string) error { return nil }, 0},
		{"another user's", true, func(link string) error { return os.Lchown(link, another, another) }, Planted},
		{"in a folder of everybody", false, func(link string) error {
			return os.Chmod(filepath.Dir(link), 0o777)
		}, Planted},
		{"in another user's folder", true, func(link string) error {
			return os.Chown(filepath.Dir(link), another, another)
		}, Planted},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.root {
				needRoot(t)
			}
			dir := base(t)
			link := filepath.Join(dir, "public", "link")
			all(t, os.Mkdir(filepath.Dir(link), 0o755), os.Mkdir(filepath.Join(dir, "target"), 0o755),
				os.Symlink("../target", link), c.plant(link))
			d, err := Create(filepath.Join(link, "deep", "state"))
			if got := reasonOf(err); got != c.reason || got == 0 && err != nil {
				t.Fatalf("%v, want reason %d", err, c.reason)
			}
			_, missing := os.Stat(filepath.Join(dir, "target", "deep", "state"))
			if (err == nil) != (missing == nil) {
				t.Errorf("the folder: %v", missing)
			}
			if d != nil {
				d.Close()
			}
		})
	}
	dir := base(t)
	all(t, os.Symlink("b", filepath.Join(dir, "a")), os.Symlink("a", filepath.Join(dir, "b")))
	if _, err := Open(filepath.Join(dir, "a", "state")); !errors.Is(err, unix.ELOOP) {
		t.Errorf("links in a circle: %v", err)
	}
}

// What another user could have put into the folder is neither read nor written.
func TestFilesOfOthers(t *testing.T) {
	for _, c := range []struct {
		name   string
		root   bool
		plant  func(file string) error
		reason Reason
	}{
		{"a link", false, func(f string) error { return os.Symlink("target", f) }, Link},
		{"a dangling link", false, func(f string) error { return os.Symlink("nosuch", f) }, Link},
		{"a pipe", false, func(f string) error { return syscall.Mkfifo(f, 0o600) }, NotRegular},
		{"for everybody", false, func(f string) error {
			return errors.Join(os.WriteFile(f, nil, 0o600), os.Chmod(f, 0o666))
		}, Writable},
		{"for the group", false, func(f string) error {
			return errors.Join(os.WriteFile(f, nil, 0o600), os.Chmod(f, 0o660))
		}, GroupWritable},
		{"another user's", true, func(f string) error {
			return errors.Join(os.WriteFile(f, nil, 0o600), os.Chown(f, another, another))
		}, Foreign},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.root {
				needRoot(t)
			}
			dir := base(t)
			all(t, os.WriteFile(filepath.Join(dir, "target"), []byte("kept"), 0o600), c.plant(filepath.Join(dir, "file")))
			d, err := Open(dir)
			all(t, err)
			defer d.Close()
			for _, flag := range []int{os.O_RDONLY, os.O_WRONLY, os.O_RDWR | os.O_CREATE | os.O_APPEND} {
				if _, err := d.OpenFile("file", flag); reasonOf(err) != c.reason {
					t.Errorf("flags %#x: %v, want reason %d", flag, err, c.reason)
				}
			}
			if b, err := os.ReadFile(filepath.Join(dir, "target")); string(b) != "kept" {
				t.Errorf("the target has %q, %v", b, err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	dir := base(t)
	all(t, os.Mkdir(filepath.Join(dir, "in"), 0o700), os.WriteFile(filepath.Join(dir, "outside"), nil, 0o600))
	d, err := Open(filepath.Join(dir, "in"))
	all(t, err)
	defer d.Close()
	for _, name := range []string{"", ".", "..", "../outside", "a/b", "/etc/passwd", ".hidden", "a\x00b"} {
		_, err := d.OpenFile(name, os.O_RDONLY)
		_, made := d.NewFile(name, 0o600)
		_, sub := d.Sub(name, true)
		for _, err := range []error{err, made, sub, d.Remove(name), d.Rename(name, "x"), d.WriteFile(name, nil)} {
			if reasonOf(err) != Name {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	all(t, d.WriteFile("b", nil), d.WriteFile("a", nil), os.WriteFile(filepath.Join(d.Path(), ".c"), nil, 0o600))
	for range 2 {
		if names, err := d.Names(); err != nil || !slices.Equal(names, []string{"a", "b"}) {
			t.Errorf("%q, %v", names, err)
		}
	}
}

// In a folder of a group, everybody of the group can write what anybody wrote.
func TestShared(t *testing.T) {
	needRoot(t)
	defer syscall.Umask(syscall.Umask(0o077))
	dir := filepath.Join(base(t), "state")
	all(t, os.Mkdir(dir, 0o770), os.Chown(dir, 0, another), os.Chmod(dir, 0o770)) // no set-group-ID
	all(t, os.WriteFile(filepath.Join(dir, "old"), nil, 0o600))
	d, err := Open(dir)
	all(t, err)
	defer d.Close()
	f, err := d.OpenFile("file", os.O_RDWR|os.O_CREATE)
	all(t, err, f.Close())
	f, err = d.OpenFile("old", os.O_RDWR|os.O_CREATE)
	all(t, err, f.Close())
	f, err = d.NewFile("job", 0o640)
	all(t, err, f.Close(), d.WriteFile("replaced", []byte("x")), d.WriteFile("replaced", []byte("y")))
	sub, err := d.Sub("sub", true)
	all(t, err)
	defer sub.Close()
	all(t, sub.WriteFile("deep", nil))
	for name, mode := range map[string]fs.FileMode{
		"file": 0o660, "old": 0o660, "job": 0o640, "replaced": 0o660, "sub": 0o770, "sub/deep": 0o660,
	} {
		info, err := os.Stat(filepath.Join(dir, name))
		all(t, err)
		if gid := info.Sys().(*syscall.Stat_t).Gid; info.Mode().Perm() != mode || gid != another {
			t.Errorf("%s has mode %v and group %d", name, info.Mode(), gid)
		}
	}
	all(t, os.Chown(filepath.Join(dir, "file"), another, another)) // of a member
	f, err = d.OpenFile("file", os.O_RDWR|os.O_CREATE)
	all(t, err, f.Close())
	all(t, os.Chown(filepath.Join(dir, "file"), another, another-1)) // of another group
	if _, err := d.OpenFile("file", os.O_RDONLY); reasonOf(err) != GroupWritable {
		t.Errorf("a file of another group: %v", err)
	}
}

func TestReadFile(t *testing.T) {
	d, err := Create(filepath.Join(base(t), "a", "b"))
	all(t, err)
	defer d.Close()
	if info, err := os.Stat(d.Path()); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := d.ReadFile("file", 5); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	all(t, d.WriteFile("file", []byte("12345")))
	if b, err := d.ReadFile("file", 5); err != nil || string(b) != "12345" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := d.ReadFile("file", 4); !errors.Is(err, unix.EFBIG) {
		t.Error(err)
	}
}
