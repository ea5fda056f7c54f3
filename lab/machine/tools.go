package machine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// guestPackages are the programs that tests and demonstrations find in a
// guest, beside what the host has. They come from the host's own release, so
// that they fit its libraries. busybox gives a guest without the host's root
// the few commands that scripts expect.
var guestPackages = []string{"ipvsadm", "kmod", "iproute2", "iptables", "nftables", "patchelf", "busybox-static"}

// tools returns a tree (usr, etc) with the guest's programs and all their
// libraries. It becomes a layer over the host's root, so it has no bin, lib
// or sbin of its own: those stay the host's links into usr.
func (c *Cache) tools(ctx context.Context) (string, error) {
	release := hostRelease()
	return c.folder("tools-"+release, func(dir string) error {
		c.say("fetching the guest's tools (ipvsadm, ip, nft, kmod; 20 MB)…")
		if err := fetchClosure(ctx, dir, guestPackages...); err != nil {
			return err
		}
		return linkTables(filepath.Join(dir, "usr/sbin"))
	})
}

// mergeUsr moves what old packages still put into /bin, /lib, /lib64 and
// /sbin below /usr, and drops what a guest never reads.
func mergeUsr(dir string) error {
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		from, to := filepath.Join(dir, name), filepath.Join(dir, "usr", name)
		if err := moveTree(from, to); err != nil {
			return err
		}
	}
	errs := []error{keepExamples(filepath.Join(dir, "usr/share/doc"))}
	for _, name := range []string{"usr/share/man", "usr/share/locale", "usr/lib/x86_64-linux-gnu/gconv", "var"} {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
	}
	return errors.Join(errs...)
}

// keepExamples removes the documentation of packages but for their examples,
// which tests read.
func keepExamples(dir string) error {
	packages, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, p := range packages {
		path := filepath.Join(dir, p.Name())
		if !p.IsDir() {
			err = errors.Join(err, os.Remove(path)) // a link to another's
			continue
		}
		err = errors.Join(err, keepOnly(path, "examples", "samples"))
	}
	return err
}

// moveTree moves the files of one tree into another that may exist.
func moveTree(from, to string) error {
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		return os.Rename(path, target)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, os.RemoveAll(from))
}

// linkTables gives iptables its usual names, which Debian makes only when the
// package is installed.
func linkTables(dir string) error {
	for _, name := range []string{"iptables", "ip6tables", "iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore"} {
		err := os.Symlink("xtables-nft-multi", filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// libraryFolder is where a tree keeps its C library.
func libraryFolder(root string) (string, error) {
	found, err := filepath.Glob(filepath.Join(root, "usr/lib/*/libc.so.6"))
	if err != nil || len(found) == 0 {
		return "", errors.Join(err, errors.New("no C library in "+root))
	}
	return filepath.Dir(found[0]), nil
}

// loader is the dynamic loader in a library folder.
func loader(libraries string) (string, error) {
	found, err := filepath.Glob(filepath.Join(libraries, "ld-linux*.so*"))
	if err != nil || len(found) == 0 {
		return "", errors.Join(err, errors.New("no loader in "+libraries))
	}
	return found[0], nil
}

// oneEntry returns the only entry of a folder, such as the release below
// lib/modules.
func oneEntry(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			return filepath.Join(dir, e.Name()), nil
		}
	}
	return "", errors.New(dir + " is empty")
}
