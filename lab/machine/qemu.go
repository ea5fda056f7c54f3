package machine

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const qemuBoot = 3 * time.Minute // an emulated processor on a busy machine

// qemuMachine boots one of Debian's kernels on an emulated processor. The
// guest's root is in memory: it sees nothing of the host but what the job
// brings along.
type qemuMachine struct {
	qemu    *exec.Cmd // QEMU with what it needs to find its parts; never run itself
	kernel  string    // the image
	release string
	initrd  string // the part that is the same for every job
}

func openQEMU(ctx context.Context, cache *Cache) (Machine, error) {
	version := os.Getenv("LVS_LAB_KERNEL")
	if version == "" {
		version = defaultKernel
	}
	tree, err := cache.debianKernel(ctx, version)
	if err != nil {
		return nil, err
	}
	images, err := filepath.Glob(filepath.Join(tree, "boot/vmlinuz-*"))
	if err != nil || len(images) == 0 {
		return nil, errors.Join(err, errors.New("no boot/vmlinuz-* in "+tree))
	}
	qemu, err := cache.qemu(ctx)
	if err != nil {
		return nil, err
	}
	name := strings.ReplaceAll(strings.Trim(version, "/"), "/", "_")
	initrd, err := cache.baseInitrd(ctx, name, tree)
	if err != nil {
		return nil, err
	}
	release := strings.TrimPrefix(filepath.Base(images[0]), "vmlinuz-")
	return &qemuMachine{qemu, images[0], release, initrd}, nil
}

func (m *qemuMachine) Kind() string { return "qemu" }

func (m *qemuMachine) Describe() string { return "Linux " + m.release + " in QEMU" }

func (m *qemuMachine) Run(ctx context.Context, job *Job, see func(Event)) error {
	dir, remove, err := scratch()
	if err != nil {
		return err
	}
	defer remove()
	initrd := filepath.Join(dir, "initrd")
	if err := m.pack(initrd, filepath.Join(dir, "job.json"), job); err != nil {
		return err
	}
	socket := filepath.Join(dir, "link")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}

	console := new(tail)
	cmd := exec.Command(m.qemu.Path)
	cmd.Env = m.qemu.Env
	cmd.Args = append(slices.Clone(m.qemu.Args),
		// Never KVM: its device may be there and hang. Without cx16, as QEMU
		// 7.2 spoils the flags in cmpxchg16b, which kills a kernel of 6.12.
		"-accel", "tcg,thread=multi", "-cpu", "max,cx16=off", "-smp", "2", "-m", "2048",
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console",
		"-chardev", "socket,id=link,path="+socket,
		"-device", "virtio-serial-pci", "-device", "virtserialport,chardev=link,name=lvs",
		"-kernel", m.kernel, "-initrd", initrd,
		"-append", strings.Join([]string{
			"console=ttyS0", logging(job), "panic=-1", "rdinit=/init",
			jobVariable + "=" + jobFile, linkVariable + "=" + virtioPort,
		}, " "),
	)
	cmd.SysProcAttr = attributes(job.Terminal)
	cmd.Stdout, cmd.Stderr = console, console
	if job.Terminal {
		cmd.Stdin, cmd.Stdout = os.Stdin, os.Stdout
	}
	g := &guestProcess{cmd: cmd, link: &accepted{listener: listener}, console: console, boot: qemuBoot, group: !job.Terminal}
	return g.run(ctx, see)
}

// pack writes the initrd of one job.
func (m *qemuMachine) pack(initrd, jobFile string, job *Job) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := job.write(jobFile); err != nil {
		return err
	}
	base, err := os.Open(m.initrd)
	if err != nil {
		return err
	}
	defer base.Close()
	f, err := os.Create(initrd)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, base)
	return errors.Join(err, packJob(newCPIO(f), self, jobFile, job), f.Close())
}

// accepted reads from the one connection that QEMU makes to a listener.
type accepted struct {
	listener net.Listener
	conn     net.Conn
}

func (a *accepted) Read(p []byte) (int, error) {
	if a.conn == nil {
		conn, err := a.listener.Accept()
		if err != nil {
			return 0, err
		}
		a.conn = conn
	}
	return a.conn.Read(p)
}

// Close wakes a Read: it closes the listener, and QEMU, which is killed
// before, closed the connection.
func (a *accepted) Close() error { return a.listener.Close() }
