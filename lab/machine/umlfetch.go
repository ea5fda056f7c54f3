package machine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// umlSuite is where the kernel comes from: older Debian releases carry User
// Mode Linux kernels that die at boot on processors with AMX.
const umlSuite = "sid"

// umlKernel is a fetched User Mode Linux.
type umlKernel struct {
	program string // the kernel, an ordinary executable
	modules string // its modules, a folder named after the release
}

// uml returns the User Mode Linux kernel, fetching it first if need be.
func (c *Cache) uml(ctx context.Context) (umlKernel, error) {
	if runtime.GOARCH != "amd64" {
		return umlKernel{}, errors.New("only amd64 has User Mode Linux; set LVS_LAB=host on a machine with IPVS and root")
	}
	tools, err := c.tools(ctx)
	if err != nil {
		return umlKernel{}, err
	}
	dir, err := c.folder("uml", func(dir string) error {
		c.say("fetching the kernel (User Mode Linux; 36 MB)…")
		return fetchUML(ctx, dir, filepath.Join(c.dir, "uml"), tools)
	})
	if err != nil {
		return umlKernel{}, err
	}
	modules, err := oneEntry(filepath.Join(dir, "usr/lib/uml/modules"))
	return umlKernel{program: filepath.Join(dir, "linux"), modules: modules}, err
}

// fetchUML fills part, which will be renamed to final.
func fetchUML(ctx context.Context, part, final, tools string) error {
	apt, err := openArchive(ctx, filepath.Join(part, "apt"), umlSuite)
	if err != nil {
		return err
	}
	if err := apt.unpack(ctx, part, "user-mode-linux", "libc6"); err != nil {
		return err
	}
	if err := errors.Join(mergeUsr(part), os.RemoveAll(filepath.Join(part, "apt"))); err != nil {
		return err
	}
	libraries, err := libraryFolder(part)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(part, libraries)
	if err != nil {
		return err
	}
	program := filepath.Join(part, "linux")
	if err := os.Rename(filepath.Join(part, "usr/bin/linux.uml"), program); err != nil {
		return err
	}
	return bindLibraries(ctx, tools, program, libraries, filepath.Join(final, rel))
}

// bindLibraries makes a program use the C library in a folder instead of the
// system's, which may be too old for it.
func bindLibraries(ctx context.Context, tools, program, libraries, final string) error {
	newLoader, err := loader(libraries)
	if err != nil {
		return err
	}
	patchelf, err := foreign(ctx, tools, "patchelf", "usr/bin/patchelf",
		"--set-interpreter", filepath.Join(final, filepath.Base(newLoader)),
		"--set-rpath", final, program)
	if err != nil {
		return err
	}
	return quiet(patchelf)
}
