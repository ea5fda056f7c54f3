package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	guestPath    = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	resultsDir   = "/run/lvs-lab-results"
	pulse        = time.Second     // how often Alive is sent
	lastWords    = 5 * time.Second // between SIGQUIT and SIGKILL
	resultsLimit = 64 << 20        // bytes of one result file that are sent
)

// runJob runs the commands of a job and reports on link. Process 1 of a guest
// calls it once everything is mounted, and the host's kind in its namespaces.
func runJob(job *Job, link io.Writer) error {
	report := &frameWriter{out: link}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return err
	}
	if err := report.send(Event{Kind: Booted, Data: []byte(unix.ByteSliceToString(uts.Release[:]))}); err != nil {
		return err
	}
	if err := os.MkdirAll(resultsDir, 0o755); err != nil {
		return err
	}
	stop := make(chan struct{})
	defer close(stop)
	go beat(report, stop)

	for i, c := range job.Commands {
		onConsole := job.Terminal && i == len(job.Commands)-1
		if err := runCommand(job, i, c, onConsole, report); err != nil {
			return err
		}
	}
	if err := sendResults(report); err != nil {
		return err
	}
	return report.send(Event{Kind: Done})
}

// beat sends Alive at every pulse, so that the host can distinguish a guest that
// hangs from a command that prints nothing.
func beat(report *frameWriter, stop <-chan struct{}) {
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			if report.send(Event{Kind: Alive}) != nil {
				return
			}
		}
	}
}

// runCommand runs one command to its end. The error is the link's: what goes
// wrong with the command is reported on the link.
func runCommand(job *Job, index int, c Command, onConsole bool, report *frameWriter) error {
	if err := report.send(Event{Kind: Started, Command: index}); err != nil {
		return err
	}
	ctx, cancel := context.Background(), func() {}
	if c.Limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, c.Limit)
	}
	defer cancel()

	// exec searches the PATH of this process.
	path := guestPath
	if c.Path != "" {
		path = c.Path + ":" + guestPath
	}
	if err := os.Setenv("PATH", path); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir = c.Dir
	if cmd.Dir == "" {
		cmd.Dir = "/"
	}
	cmd.Env = append([]string{"PATH=" + path, "HOME=/root", "LANG=C.UTF-8", ResultsVariable + "=" + resultsDir}, c.Env...)
	cmd.Stdout = &eventWriter{report, Event{Kind: Stdout, Command: index}}
	cmd.Stderr = &eventWriter{report, Event{Kind: Stderr, Command: index}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// At SIGQUIT a Go program prints what its goroutines wait for.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGQUIT) }
	cmd.WaitDelay = lastWords
	if onConsole {
		console, err := openConsole(job.Rows, job.Columns)
		if err != nil {
			return err
		}
		defer console.Close()
		cmd.Stdin, cmd.Stdout, cmd.Stderr = console, console, console
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}

	status, err := 0, cmd.Start()
	if err == nil {
		err = cmd.Wait()
		// A process that the command left would keep its namespaces alive.
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		status = exitStatus(cmd.ProcessState)
	} else {
		status = -1
	}
	var trouble string
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		trouble = fmt.Sprintf("ended at its time limit of %s", c.Limit)
		status = max(status, 124)
	case err != nil && !errors.As(err, &exit):
		trouble = err.Error()
	}
	if trouble != "" {
		if err := report.send(Event{Kind: Trouble, Command: index, Data: []byte(trouble)}); err != nil {
			return err
		}
	}
	return report.send(Event{Kind: Exited, Command: index, Status: status})
}

// exitStatus returns an exit status as a shell does: 128+n after signal n.
func exitStatus(state *os.ProcessState) int {
	ws, ok := state.Sys().(syscall.WaitStatus)
	if ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}

// openConsole opens the guest's console as a terminal of the given size. It opens
// the device behind /dev/console, because /dev/console itself cannot be a
// controlling terminal.
func openConsole(rows, columns uint16) (*os.File, error) {
	active, err := os.ReadFile("/sys/class/tty/console/active")
	if err != nil {
		return nil, err
	}
	names := strings.Fields(string(active))
	if len(names) == 0 {
		return nil, errors.New("the guest has no console")
	}
	f, err := os.OpenFile("/dev/"+names[len(names)-1], os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	if rows > 0 && columns > 0 {
		size := &unix.Winsize{Row: rows, Col: columns}
		if err := unix.IoctlSetWinsize(int(f.Fd()), unix.TIOCSWINSZ, size); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// sendResults sends the files that commands left in resultsDir.
func sendResults(report *frameWriter) error {
	return filepath.WalkDir(resultsDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(resultsDir, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(&eventWriter{report, Event{Kind: File, Name: rel}}, io.LimitReader(f, resultsLimit))
		return err
	})
}

// eventWriter sends what is written to it as events.
type eventWriter struct {
	report *frameWriter
	like   Event
}

func (w *eventWriter) Write(p []byte) (int, error) {
	e := w.like
	e.Data = p
	return len(p), w.report.send(e)
}
