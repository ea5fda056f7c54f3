package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	umlMemory = 2 << 30          // bytes; the host provides only what the guest uses
	umlBoot   = 60 * time.Second // limit for the boot
)

// umlMachine boots User Mode Linux: a kernel that is an ordinary process. Its root
// is the host's, read only, below a layer in memory.
type umlMachine struct {
	kernel umlKernel
	tools  string
}

func openUML(ctx context.Context, cache *Cache) (Machine, error) {
	kernel, err := cache.uml(ctx)
	if err != nil {
		return nil, err
	}
	tools, err := cache.tools(ctx)
	return &umlMachine{kernel, tools}, err
}

func (m *umlMachine) Kind() string { return "uml" }

func (m *umlMachine) Describe() string {
	return "User Mode Linux " + filepath.Base(m.kernel.modules)
}

func (m *umlMachine) Run(ctx context.Context, job *Job, see func(Event)) error {
	dir, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()

	own := *job
	own.Tools, own.Modules = m.tools, m.kernel.modules
	self, err := os.Executable()
	if err != nil {
		return err
	}
	jobFile, initLink := filepath.Join(dir, "job.json"), filepath.Join(dir, "init")
	if err := errors.Join(own.write(jobFile), os.Symlink(self, initLink)); err != nil {
		return err
	}
	link, guestEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	console := new(tail)
	cmd := exec.Command(m.kernel.program,
		fmt.Sprintf("mem=%dM", umlMemory>>20),
		"rootfstype=hostfs", "rootflags=/", "ro", logging(job),
		"init="+initLink, jobVariable+"="+jobFile, linkVariable+"=/dev/ttyS0",
		"uml_dir="+dir+"/",
		"con=null", "ssl=null", "ssl0=null,fd:3", // 3 is the first of ExtraFiles
	)
	cmd.Env = append(os.Environ(), "TMPDIR="+memoryFolder(dir))
	cmd.ExtraFiles = []*os.File{guestEnd}
	cmd.SysProcAttr = attributes(job.Terminal)
	if job.Terminal {
		cmd.Args = append(cmd.Args, "con0=fd:0,fd:1")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, console
	} else {
		cmd.Args = append(cmd.Args, "con0=null,fd:1")
		cmd.Stdout, cmd.Stderr = console, console
	}
	g := &guestProcess{cmd: cmd, link: link, console: console, boot: umlBoot, group: !job.Terminal}
	return g.run(ctx, see)
}

// logging returns the kernel parameter that suppresses messages: all of them on a
// terminal, on which a program draws. A panic is always printed.
func logging(job *Job) string {
	if job.Terminal {
		return "loglevel=0"
	}
	return "quiet"
}

// memoryFolder returns the folder for the guest's memory file: /dev/shm if it is
// large enough and code may run from it, as the kernel requires, else fallback.
func memoryFolder(fallback string) string {
	const shm = "/dev/shm"
	var s unix.Statfs_t
	if err := unix.Statfs(shm, &s); err != nil {
		return fallback
	}
	if s.Flags&unix.ST_NOEXEC != 0 || s.Bavail*uint64(s.Bsize) < umlMemory || unix.Access(shm, unix.W_OK) != nil {
		return fallback
	}
	return shm
}

// umlSuite is the release of Debian with the kernel: those of older releases die
// at boot on processors with AMX.
const umlSuite = "sid"

// umlKernel is a fetched User Mode Linux.
type umlKernel struct {
	program string // the kernel, an ordinary executable
	modules string // its modules, a folder named after the release
}

// uml returns the kernel, and fetches it first if it is missing.
func (c *Cache) uml(ctx context.Context) (umlKernel, error) {
	if runtime.GOARCH != "amd64" {
		return umlKernel{}, errors.New("only amd64 has User Mode Linux: set LVS_LAB=host on a machine with IPVS and root")
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

// fetchUML fills the folder part, which is renamed to final later.
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
// host's, which may be too old for it.
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
