package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// kernelSuites says which Debian carries which kernel: the oldest supported
// release and the current stable one.
var kernelSuites = map[string]string{"6.1": "bookworm", "6.12": "trixie"}

// defaultKernel is taken when LVS_LAB_KERNEL names none.
const defaultKernel = "6.12"

// debianKernel returns a tree with boot/vmlinuz-* and usr/lib/modules/*: one
// of Debian's kernels for virtual machines, or an unpacked linux-image
// package that the user names by path.
func (c *Cache) debianKernel(ctx context.Context, version string) (string, error) {
	suite, ok := kernelSuites[version]
	if !ok {
		if info, err := os.Stat(version); err == nil && info.IsDir() {
			return version, nil
		}
		return "", fmt.Errorf("LVS_LAB_KERNEL=%s: it may be 6.1, 6.12 or a folder with an unpacked linux-image package", version)
	}
	tools, err := c.tools(ctx)
	if err != nil {
		return "", err
	}
	return c.folder("linux-"+version, func(dir string) error {
		c.say("fetching the kernel (Debian's %s; 30 MB)…", version)
		apt, err := openArchive(ctx, filepath.Join(dir, "apt"), suite)
		if err != nil {
			return err
		}
		image, err := apt.dependency(ctx, "linux-image-cloud-amd64", "linux-image-")
		if err != nil {
			return err
		}
		if err := apt.unpack(ctx, dir, image); err != nil {
			return err
		}
		if err := errors.Join(mergeUsr(dir), os.RemoveAll(filepath.Join(dir, "apt"))); err != nil {
			return err
		}
		return indexModules(ctx, tools, dir)
	})
}

// indexModules runs depmod, which Debian does only when a kernel is installed.
func indexModules(ctx context.Context, tools, dir string) error {
	modules, err := oneEntry(filepath.Join(dir, "usr/lib/modules"))
	if err != nil {
		return err
	}
	kmod, err := foreign(ctx, tools, "depmod", "usr/bin/kmod", "-b", filepath.Join(dir, "usr"), filepath.Base(modules))
	if err != nil {
		return err
	}
	return quiet(kmod)
}

// foreign is a program of a fetched tree, run by that tree's own loader and
// libraries, under a name of choice.
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

// qemu returns QEMU as a command without arguments: the host's, or one that
// is fetched and runs from the cache.
func (c *Cache) qemu(ctx context.Context) (*exec.Cmd, error) {
	if runtime.GOARCH != "amd64" {
		return nil, errors.New("the kernels for QEMU are for amd64")
	}
	const program = "qemu-system-x86_64"
	if path, err := exec.LookPath(program); err == nil {
		return exec.Command(path), nil
	}
	tree, err := c.folder("qemu-"+hostRelease(), func(dir string) error {
		c.say("fetching QEMU (60 MB)…")
		return fetchClosure(ctx, dir, "qemu-system-x86")
	})
	if err != nil {
		return nil, err
	}
	// Nothing may end it before the lab does, so it has no context.
	cmd, err := foreign(context.Background(), tree, program, "usr/bin/"+program,
		"-L", filepath.Join(tree, "usr/share/qemu"), "-L", filepath.Join(tree, "usr/share/seabios"))
	if err != nil {
		return nil, err
	}
	libraries, err := libraryFolder(tree)
	cmd.Env = append(os.Environ(), "QEMU_MODULE_DIR="+filepath.Join(libraries, "qemu"))
	return cmd, err
}

// fetchClosure fills dir with packages of the host's release and all that
// they depend on.
func fetchClosure(ctx context.Context, dir string, packages ...string) error {
	apt, err := openArchive(ctx, filepath.Join(dir, "apt"), hostRelease())
	if err != nil {
		return err
	}
	names, err := apt.closure(ctx, packages...)
	if err != nil {
		return err
	}
	if err := apt.unpack(ctx, dir, names...); err != nil {
		return err
	}
	return errors.Join(mergeUsr(dir), os.RemoveAll(filepath.Join(dir, "apt")))
}
