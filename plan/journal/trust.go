package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ownFolder makes the folder, or refuses one in which others could plant a
// link.
func ownFolder(dir string) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		info, err = os.Lstat(dir)
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if !ours(info) {
			return untrusted(dir, "it is a link of another user")
		}
		if info, err = os.Stat(dir); err != nil {
			return err
		}
	}
	return owned(dir, info)
}

// owned refuses what another user has, or can write to.
func owned(path string, info fs.FileInfo) error {
	if !ours(info) {
		return untrusted(path, "it belongs to another user")
	}
	if info.Mode().Perm()&0o022 != 0 {
		return untrusted(path, fmt.Sprintf("others can write to it (mode %04o)", info.Mode().Perm()))
	}
	return nil
}

// ours tells whether a file is this user's or root's.
func ours(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && (s.Uid == 0 || int(s.Uid) == os.Geteuid())
}

func untrusted(path, why string) error {
	return &fs.PathError{Op: "trust", Path: path, Err: errors.New(why)}
}
