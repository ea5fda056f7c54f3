package commands

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"lvs/operate"
	"lvs/operate/state"
	"lvs/output"
)

type confirmApply struct{ app *App }

func (a *App) newConfirm() *cobra.Command {
	o := &confirmApply{app: a}
	c := &cobra.Command{
		Use:   "confirm",
		Short: "Keep what apply --confirm-within changed",
		Long: `Keep what lvs apply --confirm-within changed in this table: it is no longer undone
automatically. If nothing waits for confirmation, because none was asked for or the
time has passed and everything was undone, the exit status is 4.`,
		Example: `  lvs apply -f cluster.yaml --confirm-within 60s
  lvs confirm`,
		RunE:              o.run,
		ValidArgsFunction: nothing,
	}
	a.kernelFlags(c)
	a.quietFlag(c)
	return c
}

func (o *confirmApply) run(_ *cobra.Command, args []string) error {
	if err := noMore(args); err != nil {
		return err
	}
	jobs, err := o.app.pendingConfirms()
	if err != nil {
		return err
	}
	kept := 0
	for _, j := range jobs {
		if o.app.state().CallOff(j.ID) {
			kept++
		}
	}
	if kept == 0 {
		f := &fault{status: exitNotFound, err: errors.New("nothing waits for confirmation")}
		return f.cure("%s history shows what was done and undone", o.app.here())
	}
	o.app.note("confirmed: the change stays")
	return nil
}

// undoUnlessConfirmed starts what undoes this command's entry of the journal
// when the time is over. Forget calls it off.
func (o *apply) undoUnlessConfirmed() (forget func(), err error) {
	if o.within == 0 {
		return func() {}, nil
	}
	a := o.app
	op, err := a.operator()
	if err != nil {
		return nil, err
	}
	if !op.Recorded() {
		f := &fault{status: exitFailed, err: errors.New("--confirm-within: cannot undo without a journal; nothing was changed")}
		return nil, f.cure("make %s writable, or leave out --confirm-within", a.state().Dir)
	}
	// It may be undone while servers still finish, but not before they may.
	start := a.Now()
	j, err := op.Later(operate.ConfirmJob, o.patience+o.within, "undo", strconv.FormatUint(op.EntryID(), 10), "--yes", "--force")
	if err != nil {
		return nil, fmt.Errorf("--confirm-within: cannot start the automatic undo; nothing was changed: %w", err)
	}
	o.undoneAt = start.Add(o.patience + o.within)
	return func() { a.state().CallOff(j.ID) }, nil
}

// left is the time to confirm, of which draining has taken its part, in whole
// seconds.
func (o *apply) left() time.Duration {
	return max(0, (o.undoneAt.Sub(o.app.Now()) + time.Second - 1).Truncate(time.Second))
}

// forgetConfirm calls off the undoing of an entry that is undone.
func (a *App) forgetConfirm(entry uint64) {
	jobs, err := a.pendingConfirms()
	if err != nil {
		return // what cannot be read is found undone when its time comes
	}
	for _, j := range jobs {
		if len(j.Args) > 1 && j.Args[1] == strconv.FormatUint(entry, 10) {
			a.state().CallOff(j.ID)
		}
	}
}

// nonePending refuses to build upon what may be undone at any moment.
func (o *apply) nonePending() error {
	if o.app.Identity == nil {
		return nil
	}
	jobs, err := o.app.pendingConfirms()
	if err != nil || len(jobs) == 0 {
		return nil // a state folder that cannot be read has no jobs either
	}
	left := min(max(0, jobs[0].At.Sub(o.app.Now())), jobs[0].Wait) // the clock may have been set back
	f := &fault{status: exitFailed, err: errors.New("the previous apply waits for confirmation and is undone in " + output.Duration(left) + ": nothing was changed")}
	return f.cure("%s confirm keeps it; %s undo undoes it now", o.app.here(), o.app.here())
}

// pendingConfirms returns the jobs that undo an apply of this table unless it is
// confirmed.
func (a *App) pendingConfirms() ([]state.Job, error) {
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return nil, err
	}
	return a.state().Jobs(table, operate.ConfirmJob), nil
}
