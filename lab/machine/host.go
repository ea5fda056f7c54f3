package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// hostBoot is the limit for the start of the process in its namespaces.
const hostBoot = 10 * time.Second

// hostMachine runs jobs on the host's own kernel, in new namespaces: it never
// touches the host's table, links and mounts.
type hostMachine struct{}

func openHost(ctx context.Context, _ *Cache) (Machine, error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("only root can use the host's kernel")
	}
	if !hostHasIPVS(ctx) {
		return nil, errors.New("the host's kernel has no IPVS")
	}
	for _, tool := range []string{"ip", "ipvsadm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is missing on the host: run apt-get install iproute2 ipvsadm", tool)
		}
	}
	return hostMachine{}, nil
}

// hostHasIPVS reports whether the host's kernel has IPVS. It loads the module if
// it is not loaded.
func hostHasIPVS(ctx context.Context) bool {
	present := func() bool {
		_, err := os.Stat("/proc/net/ip_vs")
		return err == nil
	}
	if present() {
		return true
	}
	_ = exec.CommandContext(ctx, "modprobe", "ip_vs").Run() // the file shows whether it worked
	return present()
}

func (hostMachine) Kind() string { return "host" }

func (hostMachine) Describe() string {
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return "the host's kernel"
	}
	return "the host's kernel " + unix.ByteSliceToString(uts.Release[:])
}

func (hostMachine) Run(ctx context.Context, job *Job, see func(Event)) error {
	dir, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	jobFile := filepath.Join(dir, "job.json")
	if err := job.write(jobFile); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	link, guestEnd, err := os.Pipe()
	if err != nil {
		return err
	}
	console := new(tail)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), namespaceVariable+"="+jobFile)
	cmd.ExtraFiles = []*os.File{guestEnd}
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = attributes(job.Terminal)
	// In a namespace of process ids, the end of the first process ends all.
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS
	if job.Terminal {
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	}
	g := &guestProcess{cmd: cmd, link: link, console: console, boot: hostBoot, group: !job.Terminal}
	return g.run(ctx, see)
}

// namespaceVariable is the job file of the process in new namespaces.
const namespaceVariable = "LVS_LAB_NAMESPACE_JOB"

// IsNamespaced reports whether this process is the first in the namespaces that
// the host's kind of machine creates.
func IsNamespaced() bool { return os.Getenv(namespaceVariable) != "" }

// NamespacedMain runs the job in the new namespaces.
func NamespacedMain() error {
	job, err := readJob(os.Getenv(namespaceVariable))
	if err != nil {
		return err
	}
	if err := os.Unsetenv(namespaceVariable); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private mounts: %w", err)
	}
	// New mounts show the new namespaces and hide the host's named ones.
	for _, m := range [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"tmpfs", "/run"}} {
		if err := unix.Mount(m[0], m[1], m[0], 0, ""); err != nil {
			return fmt.Errorf("mount %s: %w", m[1], err)
		}
	}
	if job.Callers != "" {
		if err := layOver(job.Callers); err != nil {
			return err
		}
	}
	if err := LoopbackUp(); err != nil {
		return err
	}
	const linkDescriptor = 3 // the first of ExtraFiles
	syscall.CloseOnExec(linkDescriptor)
	link := os.NewFile(linkDescriptor, "link")
	if err := runJob(job, link); err != nil && !strings.Contains(err.Error(), "broken pipe") {
		return err
	}
	return nil
}
