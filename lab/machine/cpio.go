package machine

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// cpioWriter writes an initrd: the "newc" format of cpio, which the kernel
// unpacks into its first root. One archive may follow another. It is not
// compressed: unpacking costs an emulated processor more than reading. Format:
// Documentation/driver-api/early-userspace/buffer-format.rst of the kernel.
type cpioWriter struct {
	out   *bufio.Writer
	inode uint32
	made  map[string]bool // folders written so far
}

func newCPIO(w io.Writer) *cpioWriter {
	return &cpioWriter{out: bufio.NewWriterSize(w, 1<<20), made: map[string]bool{".": true}}
}

// close ends the archive. The file stays open.
func (w *cpioWriter) close() error {
	if err := w.header("TRAILER!!!", 0, 0); err != nil {
		return err
	}
	return w.out.Flush()
}

// file adds one file with the given content.
func (w *cpioWriter) file(name string, perm fs.FileMode, text string) error {
	return w.entry(name, unixMode(perm), int64(len(text)), strings.NewReader(text))
}

// link adds a symbolic link.
func (w *cpioWriter) link(name, target string) error {
	return w.entry(name, unixMode(fs.ModeSymlink|0o777), int64(len(target)), strings.NewReader(target))
}

// tree adds a file, or a folder with all that is in it, under the name at. It
// leaves out entries for which skip reports true, and what is in them.
func (w *cpioWriter) tree(from, at string, skip func(rel string, d fs.DirEntry) bool) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if rel != "." && skip != nil && skip(rel, d) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		return w.copy(path, filepath.Join(at, rel), d)
	})
}

// copy adds one entry of the host. It ignores everything but files, folders and links.
func (w *cpioWriter) copy(path, name string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	switch {
	case d.IsDir():
		return w.folder(name)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return w.link(name, target)
	case !info.Mode().IsRegular():
		return nil // a socket or device of the host has no use in the guest
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return w.entry(name, unixMode(info.Mode()), info.Size(), f)
}

// folder adds a folder and the folders above it, unless they were added.
func (w *cpioWriter) folder(name string) error {
	name = strings.TrimPrefix(filepath.Clean(name), "/")
	if name == "" || w.made[name] {
		return nil
	}
	w.made[name] = true
	if err := w.folder(filepath.Dir(name)); err != nil {
		return err
	}
	return w.header(name, unixMode(fs.ModeDir|0o755), 0)
}

// entry adds a file or link of size bytes.
func (w *cpioWriter) entry(name string, mode uint32, size int64, content io.Reader) error {
	name = strings.TrimPrefix(filepath.Clean(name), "/")
	if err := w.folder(filepath.Dir(name)); err != nil {
		return err
	}
	if err := w.header(name, mode, size); err != nil {
		return err
	}
	if n, err := io.Copy(w.out, io.LimitReader(content, size)); err != nil || n != size {
		return fmt.Errorf("%s: %d of %d bytes: %w", name, n, size, err)
	}
	return w.pad(size)
}

// header writes the header of an entry; its content follows.
func (w *cpioWriter) header(name string, mode uint32, size int64) error {
	w.inode++
	const links, uid, gid, mtime = 1, 0, 0, 0
	n, err := fmt.Fprintf(w.out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		w.inode, mode, uid, gid, links, mtime, size, 0, 0, 0, 0, len(name)+1, 0, name)
	if err != nil {
		return err
	}
	return w.pad(int64(n))
}

// pad fills n bytes up to a multiple of four.
func (w *cpioWriter) pad(n int64) error {
	_, err := w.out.Write(make([]byte, (4-n%4)%4))
	return err
}

// unixMode returns a mode in the kernel's form.
func unixMode(m fs.FileMode) uint32 {
	const regular, folder, link, sticky = 0o100000, 0o040000, 0o120000, 0o1000
	mode := uint32(m.Perm())
	switch {
	case m.IsDir():
		mode |= folder
	case m&fs.ModeSymlink != 0:
		mode |= link
	default:
		mode |= regular
	}
	if m&fs.ModeSticky != 0 {
		mode |= sticky
	}
	return mode
}
