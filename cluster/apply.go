package cluster

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
	var refused kernel.Refusals
	for sent := 0; sent < len(changes); {
		stage := changes[sent : sent+nextStage(changes[sent:], o)]
		err := k.Apply(ctx, stage)
		// Only a bare list of refusals says that everything else was made.
		var now kernel.Refusals
		if errors.As(err, &now) {
			for _, r := range now {
				refused = append(refused, kernel.Refusal{Index: sent + r.Index, Err: r.Err})
			}
		}
		if _, only := err.(kernel.Refusals); err != nil && !only {
			return Result{}, undo(ctx, k, before, changes, err)
		}
		if len(refused) > 0 && !o.KeepGoing {
			return Result{}, undo(ctx, k, before, changes, refused)
		}
		sent += len(stage)
		if o.Progress != nil {
			o.Progress(sent, len(changes))
		}
	}
	result := count(changes, refused)
	if len(refused) > 0 {
		return result, refused
	}
	return result, nil
}

// stageLen is how many changes are sent before refusals are looked at: looking
// for a scheduler that does not exist takes the kernel some milliseconds each.
const stageLen = 256

// nextStage tells how many changes to send at once: many, but no deletion
// before it is known that what takes over is there.
func nextStage(changes []kernel.Change, o ApplyOptions) int {
	n := min(len(changes), stageLen)
	if !o.KeepGoing {
		for i := 1; i < n; i++ {
			if deletes(changes[i].Op) && !deletes(changes[i-1].Op) {
				n = i
			}
		}
	}
	return n
}

func deletes(op kernel.Op) bool { return op == kernel.DeleteService || op == kernel.DeleteServer }

// count leaves out what was refused.
func count(changes []kernel.Change, refused kernel.Refusals) (r Result) {
	for i := range changes {
		if len(refused) > 0 && refused[0].Index == i {
			refused = refused[1:]
			continue
		}
		switch changes[i].Op {
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
