package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// qemuBoot is the limit for a boot on an emulated processor of a busy machine.
const qemuBoot = 3 * time.Minute

// qemuMachine boots one of Debian's kernels on an emulated processor. The guest's
// root is in memory: of the host it sees only what the job brings.
type qemuMachine struct {
	qemu    *exec.Cmd // a template of QEMU's command; never run itself
	kernel  string    // the image
	release string
	initrd  string // the part of the root that is the same for every job
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
		// Never KVM: its device may exist and hang. Without cx16: QEMU 7.2
		// damages the flags in cmpxchg16b, which kills a kernel of 6.12.
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
	link := &accepted{listener: listener}
	g := &guestProcess{cmd: cmd, link: link, console: console, boot: qemuBoot, group: !job.Terminal}
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

// accepted reads from the one connection that QEMU opens to a listener.
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

// Close ends a Read: it closes the listener. QEMU, which was killed before, has
// closed the connection.
func (a *accepted) Close() error { return a.listener.Close() }

// kernelSuites are the releases of Debian by the kernel that they have: the oldest
// supported release and the stable one.
var kernelSuites = map[string]string{"6.1": "bookworm", "6.12": "trixie"}

// defaultKernel is used if LVS_LAB_KERNEL is empty.
const defaultKernel = "6.12"

// debianKernel returns a tree with boot/vmlinuz-* and usr/lib/modules/*: one of
// Debian's kernels for virtual machines, or the folder of an unpacked
// linux-image package, if version is one.
func (c *Cache) debianKernel(ctx context.Context, version string) (string, error) {
	suite, ok := kernelSuites[version]
	if !ok {
		if info, err := os.Stat(version); err == nil && info.IsDir() {
			return version, nil
		}
		return "", fmt.Errorf("invalid LVS_LAB_KERNEL %q: "+
			"want 6.1, 6.12 or a folder with an unpacked linux-image package", version)
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

// indexModules runs depmod, which Debian runs only when a kernel is installed.
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

// qemu returns QEMU as a command without arguments: the host's, or a fetched one
// that runs from the cache.
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
		return fetchClosure(ctx, dir, nil, "qemu-system-x86")
	})
	if err != nil {
		return nil, err
	}
	// Only the lab may end it, so it has no context.
	cmd, err := foreign(context.Background(), tree, program, "usr/bin/"+program,
		"-L", filepath.Join(tree, "usr/share/qemu"), "-L", filepath.Join(tree, "usr/share/seabios"))
	if err != nil {
		return nil, err
	}
	libraries, err := libraryFolder(tree)
	cmd.Env = append(os.Environ(), "QEMU_MODULE_DIR="+filepath.Join(libraries, "qemu"))
	return cmd, err
}
