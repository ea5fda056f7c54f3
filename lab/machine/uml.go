package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	umlMemory = 2 << 30 // bytes; taken from the host only as the guest uses them
	umlBoot   = 60 * time.Second
)

// umlMachine boots User Mode Linux: a kernel that is an ordinary process, with
// the host's root as its root, read only, under a layer that vanishes.
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

// logging is the kernel parameter that keeps its messages away: all of them
// from a terminal, on which a program draws; a panic is always shown.
func logging(job *Job) string {
	if job.Terminal {
		return "loglevel=0"
	}
	return "quiet"
}

// memoryFolder is where the guest's memory file goes: a folder in memory if
// there is one that is large enough and from which code may run, as the
// kernel requires.
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
