package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lvs/operate/state"
)

type laterRun struct {
	app   *App
	ready bool
}

// newLater returns the hidden verb that runs a job in a background process.
func newLater(a *App) *cobra.Command {
	o := &laterRun{app: a}
	c := &cobra.Command{
		Use:    "later ID",
		Short:  "Wait for a job of --for and run it",
		Hidden: true,
		Long: `Wait until a job of the state folder is due, and run it unless it was canceled.
Commands with --for and --confirm-within start this automatically.`,
		Example:           `  lvs later 5ZQ7ZJ4VWRA3TCAPMFHK6E2YGQ`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	c.Flags().BoolVar(&o.ready, "ready", false, "write to file descriptor 3 when the job is held")
	c.Flags().MarkHidden("ready")
	return c
}

func (o *laterRun) run(c *cobra.Command, args []string) error {
	if len(args) != 1 || strings.ContainsAny(args[0], "./") {
		return usagef("the job's ID is missing")
	}
	a, id := o.app, args[0]
	folder := a.state()
	j, err := folder.Job(id)
	if errors.Is(err, fs.ErrNotExist) {
		return &fault{status: exitNotFound, err: errors.New("job " + id + ": no such job")}
	}
	if err != nil {
		return err
	}
	release, err := folder.HoldJob(id)
	if err != nil {
		return err
	}
	defer release()
	// Open the namespace now: pid:N may be gone when the job is due.
	a.global.netns = j.Netns
	if _, err := a.kernel(); err != nil {
		return err
	}
	if table, err := a.Identity(j.Netns); err != nil || table != j.Table {
		return errors.Join(errors.New("job "+id+": this is not the table that it was made for"), err)
	}
	if o.ready {
		signalReady()
	}
	if err := o.await(c.Context(), j); err != nil || !folder.CallOff(id) {
		return err // or canceled while it waited
	}
	a.note("%s: %s %s", a.Now().UTC().Format(time.RFC3339), a.Name, strings.Join(j.Args, " "))
	return o.runJob(c.Context(), j)
}

// jobLook is how often a waiting job checks whether it was canceled.
const jobLook = 10 * time.Second

// await waits until the job is due or was canceled.
func (o *laterRun) await(ctx context.Context, j state.Job) error {
	for left := j.Wait; left > 0; left -= jobLook {
		if _, err := o.app.state().Job(j.ID); err != nil {
			return nil
		}
		if err := o.app.Sleep(ctx, min(left, jobLook)); err != nil {
			return err
		}
	}
	return nil
}

// runJob runs the job's command line on the table that is open.
func (o *laterRun) runJob(ctx context.Context, j state.Job) error {
	inner := *o.app
	o.app.opened = nil // inner closes it
	inner.global, inner.unused, inner.cancel, inner.op = globals{}, nil, nil, nil
	inner.Identity = func(string) (string, error) { return j.Table, nil }
	if status := inner.Run(ctx, j.Args); status != exitDone {
		return &fault{status: status, err: errors.New("job " + j.ID + " failed: " + strings.Join(j.Args, " "))}
	}
	return nil
}

const (
	readyFile = 3 // the file descriptor to which a detached process writes readyWord
	readyWord = "ready\n"
	// readyTime is how long a process may take to open the table.
	readyTime = 10 * time.Second
)

// detach starts this program again in its own session, which the end of the shell or
// the terminal does not affect, and waits until it is ready. Its output is appended
// to the file log.
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
	_ = r.SetReadDeadline(time.Now().Add(readyTime))
	if n, _ := r.Read(said); string(said[:n]) == readyWord {
		return cmd.Process.Release()
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return fmt.Errorf("the background process did not start: %w", lastLine(log))
}

// signalReady reports to the process that started this one. If that has gone, the job
// goes on.
func signalReady() {
	f := os.NewFile(readyFile, "ready")
	_, _ = f.WriteString(readyWord)
	f.Close()
}

// lastLine returns the error at the end of a log.
func lastLine(log string) error {
	text, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	last := "it printed nothing"
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "hint: ") {
			last = strings.TrimSpace(line)
		}
	}
	return errors.New(last)
}
