package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Daemon is a program that runs on a node until it is stopped. It leads a process group.
type Daemon struct {
	cmd  *exec.Cmd
	said said
	done chan struct{}
	err  error // of the end, when done is closed
}

// Daemon starts a program in the node's namespace. What it prints is kept.
func (n *Node) Daemon(cmd *exec.Cmd) (*Daemon, error) {
	d := &Daemon{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &d.said, &d.said
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid = true
	if err := n.Do(cmd.Start); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", n.Name, cmd.Path, err)
	}
	go func() {
		d.err = cmd.Wait()
		close(d.done)
	}()
	return d, nil
}

// PID returns the number of the process.
func (d *Daemon) PID() int { return d.cmd.Process.Pid }

// Signal sends a signal to the program and all its children.
func (d *Daemon) Signal(s syscall.Signal) error { return syscall.Kill(-d.PID(), s) }

// Tell sends a signal to the program alone.
func (d *Daemon) Tell(s os.Signal) error { return d.cmd.Process.Signal(s) }

// Ended is closed when the program has ended.
func (d *Daemon) Ended() <-chan struct{} { return d.done }

// Status returns the exit status of a program that has ended, -1 after a signal.
func (d *Daemon) Status() int {
	<-d.done
	return d.cmd.ProcessState.ExitCode()
}

// Output returns what the program has printed.
func (d *Daemon) Output() string { return d.said.String() }

// Stop asks the program to end, waits, and kills it with its children if it does not.
func (d *Daemon) Stop() error {
	const patience = 20 * time.Second
	select {
	case <-d.done:
		return nil
	default:
	}
	if err := d.Tell(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-d.done:
		return nil
	case <-time.After(patience):
	}
	err := d.Kill()
	return fmt.Errorf("%s did not end within %s of SIGTERM (%w)", d.cmd.Path, patience, err)
}

// Kill kills the program and its children, and waits for the end.
func (d *Daemon) Kill() error {
	err := d.Signal(syscall.SIGKILL)
	<-d.done
	return err
}

// said is what a program prints while it runs.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
