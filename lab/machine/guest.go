package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The kernel passes parameters that it does not know to process 1 as environment
// variables. These two are the job file and the device to report on.
const (
	jobVariable  = "LVS_LAB_JOB"
	linkVariable = "LVS_LAB_LINK"
)

// IsGuest reports whether this process is process 1 of a lab kernel.
func IsGuest() bool {
	return os.Getpid() == 1 && os.Getenv(jobVariable) != ""
}

// GuestMain is process 1 of a guest: it mounts what programs expect, runs the job
// and stops the kernel. It does not return.
func GuestMain() {
	if err := guest(); err != nil {
		fmt.Fprintln(os.Stderr, "lab guest:", err) // to the console, whose end the host prints
	}
	unix.Sync()
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func guest() error {
	job, err := readJob(os.Getenv(jobVariable))
	if err != nil {
		return err
	}
	if err := mount("proc", "/proc", "proc", ""); err != nil {
		return err
	}
	if job.Tools != "" {
		if err := enterOverlay(job); err != nil {
			return err
		}
	}
	if err := mountAll(); err != nil {
		return err
	}
	if err := loadPort(os.Getenv(linkVariable)); err != nil {
		return err
	}
	link, err := openLink(os.Getenv(linkVariable))
	if err != nil {
		return err
	}
	err = runJob(job, link)
	return errors.Join(err, drain(link))
}

// enterOverlay mounts a writable layer and the tools over the host's root, which
// is the root of User Mode Linux, and makes that its root. Process 1 itself has
// to do it, because the kernel starts modprobe in the root of process 1.
func enterOverlay(job *Job) error {
	if err := insertModule(job.Modules, "overlay"); err != nil {
		return err
	}
	// Any folder can be the mount point: what it hides is visible through
	// the overlay.
	const base = "/tmp"
	if err := mount("tmpfs", base, "tmpfs", "mode=0755"); err != nil {
		return err
	}
	for _, d := range []string{"upper", "work", "root", "tools", "callers"} {
		if err := os.Mkdir(filepath.Join(base, d), 0o755); err != nil {
			return err
		}
	}
	// A mount of its own: overlay refuses a layer inside another layer.
	if err := mount("none", base+"/tools", "hostfs", job.Tools); err != nil {
		return err
	}
	lower := base + "/tools"
	if job.Callers != "" {
		if err := mount("none", base+"/callers", "hostfs", job.Callers); err != nil {
			return err
		}
		lower += ":" + base + "/callers"
	}
	options := fmt.Sprintf("lowerdir=%[2]s:/,upperdir=%[1]s/upper,workdir=%[1]s/work", base, lower)
	if err := mount("overlay", base+"/root", "overlay", options); err != nil {
		return err
	}
	if err := errors.Join(unix.Chroot(base+"/root"), unix.Chdir("/")); err != nil {
		return err
	}
	if err := os.MkdirAll("/lib/modules", 0o755); err != nil {
		return err
	}
	link := filepath.Join("/lib/modules", filepath.Base(job.Modules))
	if err := errors.Join(os.RemoveAll(link), os.Symlink(job.Modules, link)); err != nil {
		return err
	}
	return mount("proc", "/proc", "proc", "")
}

// mountAll mounts what programs expect and brings lo up.
func mountAll() error {
	type fs struct{ source, dir, kind, options string }
	for _, m := range []fs{
		{"sysfs", "/sys", "sysfs", ""},
		{"devtmpfs", "/dev", "devtmpfs", ""},
		{"devpts", "/dev/pts", "devpts", "mode=620,ptmxmode=666"},
		{"tmpfs", "/dev/shm", "tmpfs", "mode=1777"},
		{"tmpfs", "/run", "tmpfs", "mode=0755"},
	} {
		if err := os.MkdirAll(m.dir, 0o755); err != nil {
			return err
		}
		if err := mount(m.source, m.dir, m.kind, m.options); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{
		"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0",
		"/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, name); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	if err := os.MkdirAll("/tmp", 0o1777); err != nil {
		return err
	}
	return errors.Join(unix.Sethostname([]byte("lab")), LoopbackUp())
}

// mount mounts a file system. It is not an error if it is already mounted.
func mount(source, dir, kind, options string) error {
	err := unix.Mount(source, dir, kind, 0, options)
	if errors.Is(err, unix.EBUSY) { // some kernels mount /dev themselves
		return nil
	}
	if err != nil {
		return fmt.Errorf("mount %s on %s: %w", kind, dir, err)
	}
	return nil
}

// LoopbackUp brings lo up in the network namespace of the calling thread.
func LoopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, req); err != nil {
		return fmt.Errorf("lo up: %w", err)
	}
	return nil
}

// insertModule loads a module and its dependencies without modprobe. It is not an error if
// the module is built in.
func insertModule(dir, name string) error {
	text, err := os.ReadFile(filepath.Join(dir, "modules.dep"))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		file, needs, _ := strings.Cut(strings.TrimSpace(line), ":")
		base, _, _ := strings.Cut(filepath.Base(file), ".ko")
		if strings.ReplaceAll(base, "-", "_") != name {
			continue
		}
		// A dependency comes after the modules that need it.
		files := strings.Fields(needs)
		for i := len(files) - 1; i >= 0; i-- {
			if err := insertFile(filepath.Join(dir, files[i])); err != nil {
				return err
			}
		}
		return insertFile(filepath.Join(dir, file))
	}
	return nil // built in
}

// insertFile loads one module. It is not an error if it is already loaded.
func insertFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := 0
	if !strings.HasSuffix(path, ".ko") {
		flags = unix.MODULE_INIT_COMPRESSED_FILE
	}
	if err := unix.FinitModule(int(f.Fd()), "", flags); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("module %s: %w", path, err)
	}
	return nil
}
