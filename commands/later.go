package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	app          *App
	ready, after bool
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
		Example:           `  lvs later 0123456789abcdef0123456789abcdef`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	f := c.Flags()
	f.BoolVar(&o.ready, "ready", false, "the files of the process that started this one are open")
	f.BoolVar(&o.after, "after", false, "count the time from the end of the command that made the job")
	f.MarkHidden("ready")
	f.MarkHidden("after")
	return c
}

// The files that a background process gets from the one that starts it.
const (
	readyFile = 3 + iota // where it writes readyWord
	jobFile              // the job, locked
	doneFile             // with --after: it ends with the work
)

func (o *laterRun) run(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("the job's ID is missing")
	}
	a, id := o.app, args[0]
	j, err := o.job(id)
	if errors.Is(err, fs.ErrNotExist) {
		return &fault{status: exitNotFound, err: errors.New("job " + id + ": no such job")}
	}
	if err != nil {
		return err
	}
	defer j.File.Close()
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
	if err := o.await(c.Context(), j); err != nil || !a.state().Waits(j) || !a.state().CallOff(id) {
		return err // or canceled while it waited
	}
	a.note("%s: %s %s", a.Now().UTC().Format(time.RFC3339), a.Name, strings.Join(j.Args, " "))
	return o.runJob(c.Context(), j.Job)
}

// job returns the job, which the process that started this one has opened and locked.
func (o *laterRun) job(id string) (*state.HeldJob, error) {
	if !o.ready {
		return o.app.state().HoldJob(id)
	}
	syscall.CloseOnExec(jobFile)
	return state.Inherited(os.NewFile(jobFile, "job"), id)
}

// jobLook is how often a waiting job checks whether it was canceled.
const jobLook = 10 * time.Second

// await waits until the job is due or was canceled.
func (o *laterRun) await(ctx context.Context, j *state.HeldJob) error {
	a := o.app
	if o.after {
		if waits, err := o.untilDone(ctx, j); err != nil || !waits {
			return err
		}
	}
	if err := j.Begin(a.Now()); err != nil {
		a.note("job %s: %v", j.ID, err) // others do not see when it is due
	}
	for left := j.Wait; left > 0; left -= jobLook {
		if !a.state().Waits(j) {
			return nil
		}
		if err := a.Sleep(ctx, min(left, jobLook)); err != nil {
			return err
		}
	}
	return nil
}

// untilDone waits for the end of the command that made the job. It reports whether the
// job was not canceled before.
func (o *laterRun) untilDone(ctx context.Context, j *state.HeldJob) (waits bool, err error) {
	syscall.CloseOnExec(doneFile)
	done := make(chan struct{})
	go func() {
		f := os.NewFile(doneFile, "done")
		_, _ = io.Copy(io.Discard, f)
		f.Close()
		close(done)
	}()
	look := time.NewTicker(jobLook)
	defer look.Stop()
	for {
		select {
		case <-done:
			return true, nil
		case <-ctx.Done():
			return false, ctx.Err()
		case <-look.C:
			if !o.app.state().Waits(j) {
				return false, nil
			}
		}
	}
}

// runJob runs the job's command line on the table that is open.
func (o *laterRun) runJob(ctx context.Context, j state.Job) error {
	inner := *o.app
	o.app.opened = nil // inner closes it
	inner.detached = true
	inner.acting, inner.actorAsked, inner.handed = nil, false, false
	inner.global, inner.unused, inner.cancel, inner.op = globals{}, nil, nil, nil
	inner.changing, inner.unlock = false, nil
	inner.Identity = func(string) (string, error) { return j.Table, nil }
	if status := inner.Run(ctx, j.Args); status != exitDone {
		return &fault{status: status, err: errors.New("job " + j.ID + " failed: " + strings.Join(j.Args, " "))}
	}
	return nil
}

const (
	readyWord = "ready\n"
	// readyTime is how long a process may take to open the table.
	readyTime = 10 * time.Second
)

// detach starts this program again in its own session, which the end of the shell or
// the terminal does not affect, and waits until it is ready. It keeps nothing of this
// process but files: not its folder, and of its environment only what it needs.
func (a *App) detach(args []string, files []*os.File, folder state.Folder) error {
	self, err := ownProgram()
	if err != nil {
		return err
	}
	log, err := folder.Log()
	if err != nil {
		return err
	}
	defer log.Close()
	before, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command(self, args...)
	cmd.Args[0] = a.Name
	cmd.Dir, cmd.Env = "/", a.detachedEnv(folder)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, append([]*os.File{w}, files...)
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
	return fmt.Errorf("the background process did not start: %w", lastLine(log, before))
}

// detachedEnv returns the environment of a background process: the state folder, who
// called sudo, and the time zone of its log.
func (a *App) detachedEnv(folder state.Folder) []string {
	env := []string{state.Variable + "=" + folder.Dir}
	for _, name := range append([]string{"SUDO_USER", "TZ"}, a.KeepEnv...) {
		if value := a.Env(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// ownProgram returns the path of this program, or, if another one has that path now
// because it was upgraded, a path that still leads to this one.
func ownProgram() (string, error) {
	const running = "/proc/self/exe"
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	at, err := os.Stat(self)
	if now, bad := os.Stat(running); bad == nil && (err != nil || !os.SameFile(at, now)) {
		return running, nil
	}
	return self, nil
}

// signalReady reports to the process that started this one. If that has gone, the job
// goes on.
func signalReady() {
	f := os.NewFile(readyFile, "ready")
	_, _ = f.WriteString(readyWord)
	f.Close()
}

// lastLine returns the error at the end of a log, from an offset.
func lastLine(log *os.File, from int64) error {
	text, err := io.ReadAll(io.NewSectionReader(log, from, 64<<10))
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
