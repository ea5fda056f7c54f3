package commands

import (
	"context"
	"errors"
	"time"

	"lvs/operate/state"
	"lvs/plan"
)

// lockTable makes this command the only one of lvs that changes the table, from before it
// reads the table until it ends; only while it asks or sleeps (apart), others may. It ends
// with --timeout and with an interrupt. Without a state folder there is no lock: the
// journal reports that.
func (a *App) lockTable(ctx context.Context) error {
	if !a.changing || a.unlock != nil || a.Identity == nil || ctx == nil {
		return nil
	}
	table, err := a.Identity(a.global.netns)
	if err != nil {
		return nil // it can neither be recorded, and the operator reports that
	}
	unlock, err := a.state().LockTable(ctx, table, func() {
		a.note("waiting for another %s command that changes this table", a.Name)
	})
	var locked *state.LockedError
	if errors.As(err, &locked) {
		return err
	}
	a.unlock = unlock
	return nil
}

// apart calls do, which waits for something, and lets other commands change the table
// meanwhile.
func (a *App) apart(ctx context.Context, do func() error) error {
	if a.unlock == nil {
		return do()
	}
	a.release()
	if err := do(); err != nil {
		return err
	}
	return a.lockTable(ctx)
}

func (a *App) release() {
	if a.unlock != nil {
		a.unlock()
		a.unlock = nil
	}
}

// sleepApart sleeps without the lock. Whoever sleeps reads the table again.
func (a *App) sleepApart(ctx context.Context, d time.Duration) error {
	return a.apart(ctx, func() error { return a.Sleep(ctx, d) })
}

// askApart calls ask. If the table was changed until there was an answer, the answer is to
// a question that is no longer true.
func (a *App) askApart(ctx context.Context, ask func() error) error {
	if a.opened == nil || !a.changing {
		return ask()
	}
	before, err := a.opened.Snapshot(ctx)
	if err != nil {
		return err
	}
	if err := a.apart(ctx, ask); err != nil {
		return err
	}
	now, err := a.opened.Snapshot(ctx)
	if err != nil {
		return err
	}
	if len(plan.Between(now, plan.Of(before), plan.Options{Prune: true})) > 0 {
		return (&fault{status: exitFailed, err: errors.New("the table was changed by someone else before the answer: " +
			"nothing was changed")}).hintf("run it again: it compares with the table as it is now")
	}
	return nil
}
