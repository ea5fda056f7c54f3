package commands

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	readyFile = 3 // where a detached process says that it is ready
	readyWord = "ready\n"
	// readyTime is how long a process may take to open the table.
	readyTime = 10 * time.Second
)

// detach starts this program again in a session of its own, so that neither the
// end of the shell nor that of the terminal reaches it, and waits until it says
// that it is ready. Its output is added to the file log.
func (a *App) detach(args []string, log string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(log, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command(self, args...)
	cmd.Args[0] = a.Name
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = out, out, []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	w.Close()
	if err != nil {
		return err
	}
	said := make([]byte, len(readyWord))
	r.SetReadDeadline(time.Now().Add(readyTime))
	if n, _ := r.Read(said); string(said[:n]) == readyWord {
		return cmd.Process.Release()
	}
	cmd.Process.Kill()
	cmd.Wait()
	return fmt.Errorf("the process that should wait did not start: %w", lastLine(log))
}

// signalReady tells the process that started this one. That it has gone is no
// reason to stop.
func signalReady() {
	f := os.NewFile(readyFile, "ready")
	f.WriteString(readyWord)
	f.Close()
}

// lastLine is the error that a log ends with.
func lastLine(log string) error {
	text, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	last := "it said nothing"
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "hint: ") {
			last = strings.TrimSpace(line)
		}
	}
	return errors.New(last)
}
