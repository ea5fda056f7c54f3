package plan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lvs/kernel"
)

// ApplyOptions are the options of Apply.
type ApplyOptions struct {
	// KeepGoing skips changes that the kernel refuses, instead of undoing all.
	KeepGoing bool
	// Progress is called from time to time with the number of changes sent so far.
	// Nil is allowed.
	Progress func(sent, total int)
}

// Result counts the changes that are in force when Apply returns.
type Result struct {
	Added, Edited, Deleted int
}

// Failure is the error of a plan that was not carried out.
type Failure struct {
	// Cause is the reason: kernel.Refusals (indexed by the plan's changes), the
	// context's error, or a broken connection to the kernel.
	Cause error
	// Undo is why the changes could not be undone. Nil means that the table is as
	// it was before.
	Undo error
	// Left are the changes that would still have to be made to undo it all. It is
	// empty too if the table could not be read.
	Left []kernel.Change
}

func (f *Failure) Error() string {
	if f.Undo == nil {
		return f.Cause.Error() + " (all changes were undone)"
	}
	return fmt.Sprintf("%v (and undoing failed: %v)", f.Cause, f.Undo)
}

func (f *Failure) Unwrap() error { return f.Cause }

// Apply makes the changes that were planned for the table before. It is all or
// nothing: if the kernel refuses a change or the context ends, the changes made so
// far are undone, and the error is a *Failure. With KeepGoing a refusal undoes
// nothing; the error is then kernel.Refusals.
func Apply(ctx context.Context, k kernel.Kernel, before *kernel.Snapshot, changes []kernel.Change,
	o ApplyOptions) (Result, error) {
	return applyWith(ctx, k, before, changes, o, func() error { return nil })
}

// applyWith calls settle when everything but the deletions is done: all refusals
// are known before something is deleted that cannot be restored completely.
func applyWith(ctx context.Context, k kernel.Kernel, before *kernel.Snapshot, changes []kernel.Change,
	o ApplyOptions, settle func() error) (Result, error) {
	var refused kernel.Refusals
	settled := false
	for sent := 0; sent < len(changes) || !settled; {
		if !settled && (sent == len(changes) || deletes(changes[sent].Op)) {
			if err := settle(); err != nil {
				return Result{}, undo(ctx, k, before, without(changes[:sent], refused), err)
			}
			settled = true
			continue
		}
		stage := changes[sent : sent+nextStage(changes[sent:], o)]
		err := k.Apply(ctx, stage)
		// Only a bare list of refusals means that all other changes were made.
		var now kernel.Refusals
		if errors.As(err, &now) {
			for _, r := range now {
				refused = append(refused, kernel.Refusal{Index: sent + r.Index, Err: r.Err})
			}
		}
		sent += len(stage)
		if _, only := err.(kernel.Refusals); err != nil && !only {
			return Result{}, undo(ctx, k, before, without(changes[:sent], refused), err)
		}
		if len(refused) > 0 && !o.KeepGoing {
			return Result{}, undo(ctx, k, before, without(changes[:sent], refused), refused)
		}
		if o.Progress != nil {
			o.Progress(sent, len(changes))
		}
	}
	result := count(without(changes, refused))
	if len(refused) > 0 {
		return result, refused
	}
	return result, nil
}

// stageLen is how many changes are sent before refusals are handled: the kernel
// takes some milliseconds to look for each scheduler that does not exist.
const stageLen = 256

// nextStage returns how many changes to send at once: many, but a server is not
// taken out of use before the changes that replace it have succeeded.
func nextStage(changes []kernel.Change, o ApplyOptions) int {
	n := min(len(changes), stageLen)
	if !o.KeepGoing {
		for i := 1; i < n; i++ {
			if takes(&changes[i]) && !takes(&changes[i-1]) || deletes(changes[i].Op) && !deletes(changes[i-1].Op) {
				n = i
			}
		}
	}
	return n
}

// takes reports whether a server accepts no new connections after the change.
func takes(c *kernel.Change) bool {
	return deletes(c.Op) || c.Op == kernel.EditServer && c.Server.Weight == 0
}

func deletes(op kernel.Op) bool { return op == kernel.DeleteService || op == kernel.DeleteServer }

func count(made []kernel.Change) (r Result) {
	for i := range made {
		switch made[i].Op {
		case kernel.AddService, kernel.AddServer:
			r.Added++
		case kernel.EditService, kernel.EditServer:
			r.Edited++
		default:
			r.Deleted++
		}
	}
	return r
}

// undoTime is the time limit of an undo. It does not depend on the context of the
// changes, whose end may be the reason for the undo.
const undoTime = 30 * time.Second

// undoTries is how often the table is read again. A kernel that is growing its
// hash table may list a service twice and leave out another.
const undoTries = 4

// errStillDiffers is an undo that was not refused and still had no effect.
var errStillDiffers = errors.New("another process changes the table")

// undo reverts the changes that were made, or may have been. It compares each
// object with the table as it is now, so it does not matter how many changes were
// made; other objects that another process has changed meanwhile stay.
func undo(ctx context.Context, k kernel.Kernel, before *kernel.Snapshot, made []kernel.Change, cause error) *Failure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	u := undoing{kernel: k, made: Merge(Touched(before, made), nil)}

	f := &Failure{Cause: cause}
	left, err := u.left(ctx)
	for try := 0; try < undoTries && err == nil && len(left) > 0; try++ {
		refusal := k.Apply(ctx, left)
		left, err = u.left(ctx)
		if last := try == undoTries-1; err == nil && len(left) > 0 && last {
			err = errStillDiffers
			if refusal != nil {
				err = refusal
			}
		}
	}
	f.Undo, f.Left = err, left
	return f
}

type undoing struct {
	kernel kernel.Kernel
	made   []Object
}

// left returns the changes that remain to be reverted in the table as it is now.
func (u *undoing) left(ctx context.Context) ([]kernel.Change, error) {
	now, err := u.kernel.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return Revert(u.made, &Table{Snapshot: now}).Changes, nil
}

// without returns the changes that were not refused.
func without(changes []kernel.Change, refused kernel.Refusals) []kernel.Change {
	if len(refused) == 0 {
		return changes
	}
	made := make([]kernel.Change, 0, len(changes))
	for i := range changes {
		if len(refused) > 0 && refused[0].Index == i {
			refused = refused[1:]
			continue
		}
		made = append(made, changes[i])
	}
	return made
}
