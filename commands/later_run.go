package commands

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type laterRun struct {
	app   *App
	ready bool
}

// newLater is the process behind a job. Nobody types it.
func (a *App) newLater() *cobra.Command {
	o := &laterRun{app: a}
	c := &cobra.Command{
		Use:    "later ID",
		Short:  "Wait for a job of --for and carry it out",
		Hidden: true,
		Long: `Waits until a job of the state folder is due, and carries it out unless it was
called off. Commands with --for start this by themselves.`,
		Example:           `  lvs later 5ZQ7ZJ4VWRA3TCAPMFHK6E2YGQ`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	c.Flags().BoolVar(&o.ready, "ready", false, "say on file descriptor 3 that the job is held")
	c.Flags().MarkHidden("ready")
	return c
}

func (o *laterRun) run(c *cobra.Command, args []string) error {
	if len(args) != 1 || strings.ContainsAny(args[0], "./") {
		return usagef("the job's ID is missing")
	}
	a, id := o.app, args[0]
	j, err := a.readJob(id)
	if errors.Is(err, fs.ErrNotExist) {
		return &fault{status: exitNotFound, err: errors.New("job " + id + ": there is no such job")}
	}
	if err != nil {
		return err
	}
	held, err := a.holdJob(id)
	if err != nil {
		return err
	}
	defer held.Close()
	// The namespace is held from now on: pid:N may be gone when the job is due.
	a.global.netns = j.Netns
	if _, err := a.kernel(); err != nil {
		return err
	}
	if table, err := a.Identity(j.Netns); err != nil || table != j.Table {
		return errors.Join(errors.New("job "+id+": the table is another by now"), err)
	}
	if o.ready {
		signalReady()
	}
	if err := a.waitFor(c.Context(), j); err != nil || !a.callOff(id) {
		return err // called off while it waited: nothing is to be done
	}
	a.note("%s: %s %s", a.Now().UTC().Format(time.RFC3339), a.Name, strings.Join(j.Args, " "))
	return a.runJob(c.Context(), j)
}

// jobLook is how often a waiting job looks whether it was called off.
const jobLook = 10 * time.Second

// waitFor waits until the job is due, or was called off.
func (a *App) waitFor(ctx context.Context, j job) error {
	for left := j.Wait; left > 0; left -= jobLook {
		if _, err := os.Stat(a.jobFile(j.ID)); err != nil {
			return nil
		}
		if err := a.Sleep(ctx, min(left, jobLook)); err != nil {
			return err
		}
	}
	return nil
}

// runJob carries out the command line on the table that is open.
func (a *App) runJob(ctx context.Context, j job) error {
	inner := *a
	a.opened = nil // the other closes it
	inner.global, inner.strays, inner.cancel = globals{}, nil, nil
	inner.Identity = func(string) (string, error) { return j.Table, nil }
	if status := inner.Run(ctx, j.Args); status != exitDone {
		return &fault{status: status, err: errors.New("job " + j.ID + " failed: " + strings.Join(j.Args, " "))}
	}
	return nil
}
