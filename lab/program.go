package lab

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ProgramsVariable is the folder with Debian's server programs, in the environment of tests
// whose names begin with TestProgram.
const ProgramsVariable = "LVS_LAB_PROGRAMS"

// Program is a server program of Debian, and how it is run. Nginx and the functions beside
// it return some.
type Program struct {
	Name string
	// Files are written before the first start, over those of the package.
	Files map[string]string
	// Folders are created before that, each with its owner.
	Folders map[string]uint32
	// Prepare are commands that run once before the first start, as User.
	Prepare [][]string
	// Command runs in the foreground, as User; 0 is root. Its program is an absolute path.
	Command []string
	User    uint32
	// Reload is the signal that makes it read its files again.
	Reload syscall.Signal
	// LogFile is its log, if that is not its standard output or standard error.
	LogFile string
	// Ports are those on which it listens, by TCP, once it has started.
	Ports []uint16
}

// Running is a program that was started. Its root is a folder of its own: what it writes is
// lost when it is closed.
type Running struct {
	Program
	Root string // in the lab kernel

	ns      *Namespace
	base    string
	mounted []string
	cmd     *exec.Cmd
	exited  chan struct{}
	output  *os.File
}

// ErrNoPrograms is the error of a test without server programs.
var ErrNoPrograms = errors.New("no server programs: the name of the test has to begin with TestProgram, " +
	"and bin/lab test to fetch them")

// programStart is how long a program may take to listen. In an emulated kernel, which has
// one processor, some need seconds.
const programStart = 60 * time.Second

// NewProgram starts a program in a namespace, until the test ends. If the test fails, its
// log is printed.
func NewProgram(t testing.TB, ns *Namespace, p Program) *Running {
	t.Helper()
	r, err := StartProgram(ns, p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log of %s:\n%s", p.Name, r.said())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// StartProgram starts a program in a namespace and waits until it listens. Close ends it.
func StartProgram(ns *Namespace, p Program) (*Running, error) {
	tree := os.Getenv(ProgramsVariable)
	if tree == "" {
		return nil, ErrNoPrograms
	}
	r := &Running{Program: p, ns: ns}
	err := r.build(tree)
	if err == nil {
		err = r.prepare()
	}
	if err == nil {
		err = r.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w; its log:\n%s", p.Name, err, r.said()), r.Close())
	}
	return r, nil
}

// build makes the root: the tree below a layer in memory.
func (r *Running) build(tree string) (err error) {
	const programs = "/run/lvs-lab-programs"
	if err := os.MkdirAll(programs, 0o755); err != nil {
		return err
	}
	if r.base, err = os.MkdirTemp(programs, r.Name+"-"); err != nil {
		return err
	}
	if err := os.Chmod(r.base, 0o755); err != nil {
		return err
	}
	r.Root = filepath.Join(r.base, "root")
	for _, d := range []string{"root", "upper", "work"} {
		if err := os.Mkdir(filepath.Join(r.base, d), 0o755); err != nil {
			return err
		}
	}
	// Its users open /dev/stdout again, so that it is a file, and everybody may write it.
	if r.output, err = os.OpenFile(r.printed(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666); err != nil {
		return err
	}
	if err := r.output.Chmod(0o666); err != nil {
		return err
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%[2]s/upper,workdir=%[2]s/work", tree, r.base)
	if err := r.mount("overlay", r.Root, "overlay", 0, options); err != nil {
		return err
	}
	if err := r.furnish(); err != nil {
		return err
	}
	for _, d := range []string{"/proc", "/dev"} {
		if err := r.mount(d, filepath.Join(r.Root, d), "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return err
		}
	}
	return nil
}

func (r *Running) mount(source, dir, kind string, flags uintptr, options string) error {
	if err := unix.Mount(source, dir, kind, flags, options); err != nil {
		return fmt.Errorf("mount %s on %s: %w", source, dir, err)
	}
	r.mounted = append(r.mounted, dir)
	return nil
}

// furnish fills the root with what an installation would have made.
func (r *Running) furnish() error {
	var errs []error
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		errs = append(errs, os.Symlink("usr/"+name, filepath.Join(r.Root, name)))
	}
	for name, mode := range map[string]os.FileMode{
		"proc": 0o755, "dev": 0o755, "run": 0o755, "root": 0o700, "etc": 0o755,
		"tmp": 0o777, "var/log": 0o777, "var/lib": 0o755, "var/tmp": 0o777,
	} {
		path := filepath.Join(r.Root, name)
		errs = append(errs, os.MkdirAll(path, mode), os.Chmod(path, mode))
	}
	folders := slices.Sorted(maps.Keys(r.Folders)) // parents come first
	for _, name := range folders {
		path := filepath.Join(r.Root, name)
		errs = append(errs, os.MkdirAll(path, 0o755), os.Chown(path, int(r.Folders[name]), int(r.Folders[name])))
	}
	for name, text := range systemFiles {
		if _, own := r.Files[name]; !own {
			errs = append(errs, r.WriteFile(name, text))
		}
	}
	for name, text := range r.Files {
		errs = append(errs, r.WriteFile(name, text))
	}
	return errors.Join(errs...)
}

// WriteFile writes a file in the program's root.
func (r *Running) WriteFile(name, text string) error {
	path := filepath.Join(r.Root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

func (r *Running) prepare() error {
	for _, argv := range r.Prepare {
		if _, err := r.Run(argv...); err != nil {
			return err
		}
	}
	return nil
}

// Run runs another command in the program's root, in its namespace and as its user. It
// returns what the command printed.
func (r *Running) Run(argv ...string) (string, error) {
	var out bytes.Buffer
	cmd := r.command(argv)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := r.ns.Do(cmd.Start); err != nil {
		return "", fmt.Errorf("%s: %w", strings.Join(argv, " "), err)
	}
	if err := cmd.Wait(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}

func (r *Running) command(argv []string) *exec.Cmd {
	return &exec.Cmd{
		Path: argv[0], Args: argv, Dir: "/",
		Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C", "LC_ALL=C", "HOME=/root"},
		SysProcAttr: &syscall.SysProcAttr{
			Chroot: r.Root, Setpgid: true,
			Credential: &syscall.Credential{Uid: r.User, Gid: r.User},
		},
	}
}

// Start starts the program again after Stop or Kill, and waits until it listens.
func (r *Running) Start() error {
	cmd := r.command(r.Command)
	cmd.Stdout, cmd.Stderr = r.output, r.output
	if err := r.ns.Do(cmd.Start); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		if err := cmd.Wait(); err != nil {
			fmt.Fprintf(r.output, "%s: %v\n", r.Name, err)
		}
	}()
	r.cmd, r.exited = cmd, exited
	for _, port := range r.Ports {
		if err := r.await(port); err != nil {
			return err
		}
	}
	return nil
}

// await waits until the program listens on a port. It reads the table of sockets, because
// a connection would be in the program's log.
func (r *Running) await(port uint16) error {
	const pause = 50 * time.Millisecond
	for deadline := time.Now().Add(programStart); ; time.Sleep(pause) {
		if listening, err := r.listens(port); err != nil || listening {
			return err
		}
		select {
		case <-r.exited:
			return errors.New("it ended by itself")
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it does not listen on port %d after %s", port, programStart)
		}
	}
}

// listens reports whether somebody in the namespace listens on a TCP port.
func (r *Running) listens(port uint16) (found bool, err error) {
	err = r.ns.Do(func() error {
		for _, name := range []string{"tcp", "tcp6"} {
			text, err := os.ReadFile("/proc/thread-self/net/" + name)
			if err != nil {
				return err
			}
			for line := range strings.Lines(string(text)) {
				f := strings.Fields(line)
				const listen = "0A" // TCP_LISTEN in include/net/tcp_states.h
				found = found || len(f) > 3 && f[3] == listen && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port))
			}
		}
		return nil
	})
	return found, err
}

// Hang stops processes of the program as SIGSTOP does: all, or those of the given names.
// Resume lets them go on.
func (r *Running) Hang(names ...string) error { return r.signal(syscall.SIGSTOP, names...) }

// Resume is the end of Hang.
func (r *Running) Resume(names ...string) error { return r.signal(syscall.SIGCONT, names...) }

// ReloadFiles makes the program read its files again.
func (r *Running) ReloadFiles() error { return r.cmd.Process.Signal(r.Reload) }

// Signal sends a signal to the program's first process.
func (r *Running) Signal(s syscall.Signal) error { return r.cmd.Process.Signal(s) }

// Kill ends all processes of the program with SIGKILL, as a crash does, and waits for their
// end.
func (r *Running) Kill() error {
	if r.cmd == nil {
		return nil
	}
	if err := r.signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-r.exited
	r.cmd = nil
	return r.waitGone()
}

// Stop ends the program with a signal and waits for its end. The signal is sent again each
// second: mariadbd accepts connections before it handles signals, and loses one that comes
// between.
func (r *Running) Stop(s syscall.Signal) error {
	again, limit := time.NewTicker(time.Second), time.After(programStart)
	defer again.Stop()
	for {
		if err := r.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		select {
		case <-r.exited:
			r.cmd = nil
			return r.waitGone()
		case <-again.C:
		case <-limit:
			return fmt.Errorf("%s does not end after signal %s", r.Name, s)
		}
	}
}

// waitGone waits until the processes that the program left have ended.
func (r *Running) waitGone() error {
	const pause = 10 * time.Millisecond
	for deadline := time.Now().Add(programStart); ; time.Sleep(pause) {
		left, err := r.processes()
		if err != nil || len(left) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d processes of %s do not end", len(left), r.Name)
		}
	}
}

// Close ends the program and removes its root.
func (r *Running) Close() error {
	errs := []error{r.signal(syscall.SIGKILL), r.Kill()}
	if r.output != nil {
		errs = append(errs, r.output.Close())
	}
	for _, dir := range slices.Backward(r.mounted) {
		errs = append(errs, unix.Unmount(dir, unix.MNT_DETACH))
	}
	if r.base != "" {
		errs = append(errs, os.RemoveAll(r.base))
	}
	return errors.Join(errs...)
}

// Log returns what the program logged so far.
func (r *Running) Log() string {
	if r.LogFile == "" {
		return r.read(r.printed())
	}
	return r.read(filepath.Join(r.Root, r.LogFile))
}

// said returns all that the program said.
func (r *Running) said() string {
	if r.LogFile == "" {
		return r.Log()
	}
	return r.read(r.printed()) + r.Log()
}

// printed is the file with the program's output.
func (r *Running) printed() string { return filepath.Join(r.base, "output") }

func (r *Running) read(name string) string {
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err.Error()
	}
	return string(text)
}

// signal sends a signal to the processes of the program: all, or those of the given names.
func (r *Running) signal(s syscall.Signal, names ...string) error {
	all, err := r.processes()
	for pid, name := range all {
		if len(names) > 0 && !slices.Contains(names, name) {
			continue
		}
		if e := syscall.Kill(pid, s); e != nil && !errors.Is(e, syscall.ESRCH) {
			err = errors.Join(err, fmt.Errorf("%s of %s: %w", name, r.Name, e))
		}
	}
	return err
}

// processes returns the names of the processes whose root is the program's, or a folder
// below it: some programs change their root.
func (r *Running) processes() (map[int]string, error) {
	if r.Root == "" {
		return nil, nil
	}
	roots, err := filepath.Glob("/proc/[0-9]*/root")
	found := map[int]string{}
	for _, path := range roots {
		root, err := os.Readlink(path)
		if err != nil || root != r.Root && !strings.HasPrefix(root, r.Root+"/") {
			continue // it has ended, or is of others
		}
		var pid int
		if _, err := fmt.Sscanf(path, "/proc/%d/root", &pid); err != nil {
			return nil, err
		}
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if err == nil {
			found[pid] = strings.TrimSpace(string(name))
		}
	}
	return found, err
}
