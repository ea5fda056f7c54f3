package safefile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestReplace(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	for _, c := range []struct {
		name, path string // below the folder
		root       bool
		plant      func(dir string) error
		reason     Reason
		reaches    string // the file that has the new text
		mode       fs.FileMode
		uid, gid   int
	}{
		{name: "a new file", path: "file", reaches: "file", mode: 0o600},
		{name: "keeps the mode", path: "file", plant: func(d string) error {
			return errors.Join(os.WriteFile(d+"/file", nil, 0o600), os.Chmod(d+"/file", 0o646))
		}, reaches: "file", mode: 0o646},
		{name: "keeps the owner", path: "file", root: true, plant: func(d string) error {
			return errors.Join(os.WriteFile(d+"/file", nil, 0o640), os.Chown(d+"/file", another, another-1))
		}, reaches: "file", mode: 0o640, uid: another, gid: another - 1},
		{name: "our link", path: "link", plant: func(d string) error {
			return errors.Join(os.WriteFile(d+"/real", nil, 0o600), os.Symlink("real", d+"/link"))
		}, reaches: "real", mode: 0o600},
		{name: "our link to nothing", path: "link", plant: func(d string) error {
			return os.Symlink("real", d+"/link")
		}, reaches: "real", mode: 0o600},
		{name: "another user's link", path: "link", root: true, plant: func(d string) error {
			return errors.Join(os.Symlink("real", d+"/link"), os.Lchown(d+"/link", another, another))
		}, reason: Planted},
		{name: "a link in everybody's folder", path: "public/link", plant: func(d string) error {
			return errors.Join(os.Mkdir(d+"/public", 0o777), os.Symlink("../real", d+"/public/link"),
				unix.Chmod(d+"/public", 0o1777))
		}, reason: Planted},
		{name: "below another user's link", path: "link/file", root: true, plant: func(d string) error {
			return errors.Join(os.Mkdir(d+"/real", 0o755), os.Symlink("real", d+"/link"),
				os.Lchown(d+"/link", another, another))
		}, reason: Planted},
		{name: "another user's file in everybody's folder", path: "public/file", root: true, plant: func(d string) error {
			return errors.Join(os.Mkdir(d+"/public", 0o777), os.WriteFile(d+"/public/file", nil, 0o666),
				os.Chown(d+"/public/file", another, another), unix.Chmod(d+"/public", 0o1777))
		}, reason: Planted},
		{name: "our file in everybody's folder", path: "public/file", plant: func(d string) error {
			return errors.Join(os.Mkdir(d+"/public", 0o777), os.WriteFile(d+"/public/file", nil, 0o600),
				unix.Chmod(d+"/public", 0o1777))
		}, reaches: "public/file", mode: 0o600},
		{name: "another user's pipe in everybody's folder", path: "public/pipe", root: true, plant: func(d string) error {
			return errors.Join(os.Mkdir(d+"/public", 0o777), syscall.Mkfifo(d+"/public/pipe", 0o666),
				os.Chown(d+"/public/pipe", another, another), unix.Chmod(d+"/public", 0o1777))
		}, reason: Planted},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.root {
				needRoot(t)
			}
			dir := base(t)
			if c.plant != nil {
				all(t, c.plant(dir))
			}
			err := Replace(filepath.Join(dir, c.path), []byte("after"))
			if got := reasonOf(err); got != c.reason || got == 0 && err != nil {
				t.Fatalf("%v, want reason %d", err, c.reason)
			}
			if c.reaches == "" {
				if _, err := os.Stat(filepath.Join(dir, "real")); err == nil && c.path == "link" {
					t.Error("it was written through the link")
				}
				return
			}
			b, err := os.ReadFile(filepath.Join(dir, c.reaches))
			info, bad := os.Stat(filepath.Join(dir, c.reaches))
			all(t, err, bad)
			st := info.Sys().(*syscall.Stat_t)
			if string(b) != "after" || info.Mode().Perm() != c.mode {
				t.Errorf("%q, mode %v; want mode %v", b, info.Mode(), c.mode)
			}
			if c.root && (int(st.Uid) != c.uid || int(st.Gid) != c.gid) {
				t.Errorf("it belongs to %d:%d", st.Uid, st.Gid)
			}
		})
	}
}

// A list of access rights is kept: without it, the mode would let the group in.
func TestReplaceKeepsTheList(t *testing.T) {
	file := filepath.Join(base(t), "file")
	all(t, os.WriteFile(file, nil, 0o600))
	if err := unix.Setxattr(file, "system.posix_acl_access", list, 0); errors.Is(err, unix.EOPNOTSUPP) {
		t.Skip("no access control lists here")
	} else {
		all(t, err)
	}
	all(t, Replace(file, []byte("after")))
	b := make([]byte, 1000)
	if n, err := unix.Getxattr(file, "system.posix_acl_access", b); err != nil || string(b[:n]) != string(list) {
		t.Errorf("%v, %v", b[:max(n, 0)], err)
	}
}

func TestReplaceLeavesNothingBehind(t *testing.T) {
	dir := base(t)
	all(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	for _, name := range []string{"folder", "folder/", ".", "nosuch/file", "/dev/null/file"} {
		path := name
		if !filepath.IsAbs(name) {
			path = dir + "/" + name
		}
		if err := Replace(path, []byte("text")); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
	all(t, Replace("/dev/null", []byte("text")))
}
