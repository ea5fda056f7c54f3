package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Terminal is a program on a terminal of its own, at which a test types and reads.
type Terminal struct {
	Process *os.Process

	master *os.File
	before unix.Termios
	ended  chan struct{} // closed when all its output is on the screen
	state  *os.ProcessState
	err    error

	mu      sync.Mutex
	screen  *Screen
	written int // bytes
	news    chan struct{}
}

// StartTerminal starts a program on a terminal of the given size. The program runs in
// the network namespace of the calling thread: within Node.Do, on that node. TERM is
// xterm-256color, unless env sets another.
func StartTerminal(columns, rows int, env []string, name string, args ...string) (*Terminal, error) {
	master, slave, err := openPTY(columns, rows)
	if err != nil {
		return nil, err
	}
	defer slave.Close()
	x := &Terminal{
		master: master, screen: NewScreen(columns, rows), ended: make(chan struct{}), news: make(chan struct{}, 1),
	}
	x.screen.Answer = func(text string) { x.master.WriteString(text) }
	state, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		return nil, errors.Join(err, master.Close())
	}
	x.before = *state
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Env = append(append(os.Environ(), "TERM=xterm-256color"), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, master.Close())
	}
	x.Process = cmd.Process
	go x.show(cmd)
	return x, nil
}

// OnTerminal is StartTerminal for a test. At the end of the test it kills the program.
func OnTerminal(t testing.TB, columns, rows int, env []string, name string, args ...string) *Terminal {
	t.Helper()
	x, err := StartTerminal(columns, rows, env, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		x.Close()
		for _, f := range x.Faults() {
			t.Errorf("%s wrote an unknown sequence: %s", name, f)
		}
		if t.Failed() {
			t.Logf("the last screen of %s %s:\n%s", name, strings.Join(args, " "), x.Screen())
		}
	})
	return x
}

func openPTY(columns, rows int) (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	fd := int(master.Fd())
	err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: uint16(rows), Col: uint16(columns)})
	}
	if err == nil {
		var n int
		if n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN); err == nil {
			slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("cannot open a terminal: %w", err), master.Close())
	}
	return master, slave, nil
}

// show writes the program's output to the screen until the program ends.
func (x *Terminal) show(cmd *exec.Cmd) {
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 64<<10)
		for {
			n, err := x.master.Read(buf)
			x.mu.Lock()
			x.written += n
			x.screen.Write(buf[:n])
			x.mu.Unlock()
			select {
			case x.news <- struct{}{}:
			default:
			}
			if err != nil { // EIO when no process has the terminal open
				return
			}
		}
	}()
	x.err = cmd.Wait()
	x.state = cmd.ProcessState
	<-read
	close(x.ended)
}

// Type sends keys to the program.
func (x *Terminal) Type(keys string) {
	x.master.WriteString(keys)
}

// Keys as the sequences that xterm sends.
const (
	KeyUp    = "\x1b[A"
	KeyDown  = "\x1b[B"
	KeyRight = "\x1b[C"
	KeyLeft  = "\x1b[D"
	KeyEnter = "\r"
	KeyEsc   = "\x1b"
	KeyTab   = "\t"
	KeyF4    = "\x1bOS"
	KeyF5    = "\x1b[15~"
	KeyF6    = "\x1b[17~"
	KeyF7    = "\x1b[18~"
	KeyF8    = "\x1b[19~"
)

// Resize changes the size of the terminal, of which the kernel notifies the program.
func (x *Terminal) Resize(t testing.TB, columns, rows int) {
	t.Helper()
	x.mu.Lock()
	x.screen.Resize(columns, rows)
	x.mu.Unlock()
	size := &unix.Winsize{Row: uint16(rows), Col: uint16(columns)}
	if err := unix.IoctlSetWinsize(int(x.master.Fd()), unix.TIOCSWINSZ, size); err != nil {
		t.Fatal(err)
	}
}

// Screen returns the current text of the screen.
func (x *Terminal) Screen() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.screen.Text()
}

// Look calls f with the screen, which f must not keep.
func (x *Terminal) Look(f func(*Screen)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f(x.screen)
}

// Written returns how many bytes the program has written.
func (x *Terminal) Written() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.written
}

// Faults returns the unknown sequences.
func (x *Terminal) Faults() (out []string) {
	x.Look(func(s *Screen) { out = append(out, s.Faults()...) })
	return out
}

// Until waits until the screen matches a pattern and returns it.
func (x *Terminal) Until(t testing.TB, limit time.Duration, pattern string) string {
	t.Helper()
	return x.until(t, limit, "the screen never showed "+pattern, regexp.MustCompile(pattern).MatchString)
}

// UntilNot waits until the screen no longer matches a pattern, and returns it.
func (x *Terminal) UntilNot(t testing.TB, limit time.Duration, pattern string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).MatchString
	return x.until(t, limit, "the screen still shows "+pattern, func(s string) bool { return !match(s) })
}

func (x *Terminal) until(t testing.TB, limit time.Duration, complaint string, good func(string) bool) (text string) {
	t.Helper()
	if x.Sees(limit, func(s string) bool { text = s; return good(s) }) {
		return text
	}
	select {
	case <-x.ended:
		t.Fatalf("%s, and the program ended: %v", complaint, x.err)
	default:
		t.Fatalf("%s within %s", complaint, limit)
	}
	return ""
}

// Sees waits until good accepts the screen. It returns false if the limit is over or
// the program ends before.
func (x *Terminal) Sees(limit time.Duration, good func(text string) bool) bool {
	patience := time.After(limit)
	for {
		if good(x.Screen()) {
			return true
		}
		select {
		case <-x.news:
		case <-x.ended:
			return good(x.Screen())
		case <-patience:
			return false
		}
	}
}

// End waits for the end of the program and returns its exit status, or 128 plus the
// number of the signal that killed it.
func (x *Terminal) End(t testing.TB, limit time.Duration) int {
	t.Helper()
	if err := x.Wait(limit); err != nil {
		t.Fatal(err)
	}
	if status := x.state.Sys().(syscall.WaitStatus); status.Signaled() {
		return 128 + int(status.Signal())
	}
	return x.state.ExitCode()
}

// Wait waits for the end of the program.
func (x *Terminal) Wait(limit time.Duration) error {
	select {
	case <-x.ended:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("the program still runs after %s", limit)
	}
}

// Close kills the program if it still runs, and closes the terminal.
func (x *Terminal) Close() {
	x.Process.Kill()
	<-x.ended
	x.master.Close()
}

// Leftovers describes what the program has changed and not restored, of the screen and
// of the terminal's settings.
func (x *Terminal) Leftovers() (out []string) {
	x.Look(func(s *Screen) { out = s.Leftovers() })
	now, err := unix.IoctlGetTermios(int(x.master.Fd()), unix.TCGETS)
	switch {
	case err != nil:
		out = append(out, err.Error())
	case *now != x.before:
		out = append(out, fmt.Sprintf("the terminal's settings were %+v and are %+v", x.before, *now))
	}
	return out
}

// Usage returns the resources that the program used. The program must have ended.
func (x *Terminal) Usage() *syscall.Rusage { return x.state.SysUsage().(*syscall.Rusage) }
