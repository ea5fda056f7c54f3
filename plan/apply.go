package plan

import (
	"context"
	"errors"
	"fmt"

	"lvs/kernel"
)

// ApplyOptions say what Apply does when something goes wrong, and who looks on.
type ApplyOptions struct {
	// KeepGoing leaves out what the kernel refuses, instead of undoing all.
	KeepGoing bool
	// Progress is told now and then how many of the changes were sent.
	Progress func(sent, total int)
}

// Result counts the changes that are in force when Apply returns.
type Result struct {
	Added, Edited, Deleted int
}

// Failure is a plan that was not carried out.
type Failure struct {
	// Cause is why: kernel.Refusals (with places in the plan), the context's
	// error, or whatever broke the way to the kernel.
	Cause error
	// Undo is why the table is not as it was before. Nil means that it is.
	Undo error
	// Left is what would still have to be done for that; empty also where the
	// table could not be read.
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
// nothing: when the kernel refuses one, or the context ends, those made are
// undone, and the error is a *Failure. With KeepGoing a refusal undoes nothing;
// the error is then kernel.Refusals.
func Apply(ctx context.Context, k kernel.Kernel, before *kernel.Snapshot, changes []kernel.Change, o ApplyOptions) (Result, error) {
	return applyWith(ctx, k, before, changes, o, func() error { return nil })
}

// applyWith calls settle when all is made but the deletions: whatever can be
// refused is known before something goes that cannot be brought back whole.
func applyWith(ctx context.Context, k kernel.Kernel, before *kernel.Snapshot, changes []kernel.Change, o ApplyOptions, settle func() error) (Result, error) {
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
		// Only a bare list of refusals says that everything else was made.
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

// stageLen is how many changes are sent before refusals are looked at: looking
// for a scheduler that does not exist takes the kernel some milliseconds each.
const stageLen = 256

// nextStage tells how many changes to send at once: many, but none that takes a
// server away before it is known that what takes over is there.
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

// takes tells whether a server takes no new connections after the change.
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
