package machine

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// guestPackages are the programs of a guest beside the host's. They come from the
// host's own release, because they use its libraries. busybox has the commands
// that scripts expect in a guest without the host's root.
var guestPackages = []string{"ipvsadm", "kmod", "iproute2", "iptables", "nftables", "patchelf", "busybox-static"}

// tools returns a tree (usr, etc) with the guest's programs and their libraries.
// It is mounted over the host's root, so it has no bin, lib or sbin of its own:
// those stay the host's links into usr.
func (c *Cache) tools(ctx context.Context) (string, error) {
	release := hostRelease()
	return c.folder("tools-"+release, func(dir string) error {
		c.say("fetching the guest's tools (ipvsadm, ip, nft, kmod; 20 MB)…")
		if err := fetchClosure(ctx, dir, nil, guestPackages...); err != nil {
			return err
		}
		return linkTables(filepath.Join(dir, "usr/sbin"))
	})
}

// mergeUsr moves what old packages have in /bin, /lib, /lib64 and /sbin below
// /usr, and removes what a guest never reads.
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

// keepExamples removes the documentation of packages except for examples, which
// tests read.
func keepExamples(dir string) error {
	packages, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, p := range packages {
		path := filepath.Join(dir, p.Name())
		if !p.IsDir() {
			err = errors.Join(err, os.Remove(path)) // a link to the documentation of another package
			continue
		}
		err = errors.Join(err, keepOnly(path, "examples", "samples"))
	}
	return err
}

// moveTree moves the files of one tree into another one, which may exist.
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

// linkTables creates the usual names of iptables, which Debian creates only when
// the package is installed.
func linkTables(dir string) error {
	for _, name := range []string{
		"iptables", "iptables-save", "iptables-restore", "ip6tables", "ip6tables-save", "ip6tables-restore",
	} {
		err := os.Symlink("xtables-nft-multi", filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// libraryFolder returns the folder of a tree's C library.
func libraryFolder(root string) (string, error) {
	found, err := filepath.Glob(filepath.Join(root, "usr/lib/*/libc.so.6"))
	if err != nil || len(found) == 0 {
		return "", errors.Join(err, errors.New("no C library in "+root))
	}
	return filepath.Dir(found[0]), nil
}

// loader returns the dynamic loader in a library folder.
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

// callerPackages are programs that run ipvsadm; bash, in which its own scripts are
// written; and keepalived, which does the work of ipvsadm itself. They are large,
// so a guest has them only if its job asks for them.
var callerPackages = []string{"ldirectord", "libnet-inet6glue-perl", "bash", "keepalived"}

// Callers returns a tree (usr, etc) with programs that run ipvsadm and all that
// they need, from the host's own release. It is for Job.Callers.
func (c *Cache) Callers(ctx context.Context) (string, error) {
	sum := crc32.ChecksumIEEE([]byte(strings.Join(callerPackages, " ")))
	name := fmt.Sprintf("callers-%s-%08x", hostRelease(), sum)
	return c.folder(name, func(dir string) error {
		c.say("fetching programs that run ipvsadm (ldirectord, Perl, keepalived; 32 MB)…")
		if err := fetchClosure(ctx, dir, nil, callerPackages...); err != nil {
			return err
		}
		return keepOnly(dir, "usr", "etc")
	})
}

// keepOnly removes everything else from a folder.
func keepOnly(dir string, names ...string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// layOver mounts a tree over the host's folders, for this process and what it
// starts: its mounts are private. What they write is lost with them.
func layOver(tree string) error {
	const layer = "/run/lvs-lab-layer" // in memory
	for _, name := range []string{"usr", "etc"} {
		upper, work := filepath.Join(layer, name, "upper"), filepath.Join(layer, name, "work")
		if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
			return err
		}
		dir := "/" + name
		options := fmt.Sprintf("lowerdir=%s:%s,upperdir=%s,workdir=%s", tree+dir, dir, upper, work)
		if err := unix.Mount("overlay", dir, "overlay", 0, options); err != nil {
			return fmt.Errorf("mount %s over %s: %w", tree, dir, err)
		}
	}
	return nil
}

// foreign returns the command of a program in a fetched tree. It runs with that
// tree's own loader and libraries; name is its argument zero.
func foreign(ctx context.Context, tree, name, program string, args ...string) (*exec.Cmd, error) {
	libraries, err := libraryFolder(tree)
	if err != nil {
		return nil, err
	}
	ld, err := loader(libraries)
	if err != nil {
		return nil, err
	}
	all := append([]string{"--library-path", libraries, "--argv0", name, filepath.Join(tree, program)}, args...)
	return exec.CommandContext(ctx, ld, all...), nil
}
