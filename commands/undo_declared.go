package commands

import (
	"context"
	"fmt"

	"lvs/operate"
	"lvs/output"
	"lvs/plan/journal"
)

// declared undoes an entry that changed nothing in the table, but the weights that undrain
// restores.
func (o *undo) declared(ctx context.Context, e *journal.Entry, op *operate.Operator) error {
	a := o.app
	a.undoes = e.ID
	undo := op.RewindAlone
	if a.global.dryRun {
		undo = func(_ context.Context, entry uint64) (int, error) { return op.DeclaredBy(entry) }
	}
	n, err := undo(ctx, e.ID)
	switch {
	case err != nil:
		return fmt.Errorf("entry %d is not undone: %w", e.ID, err)
	case n == 0:
		return &fault{status: exitNo, err: fmt.Errorf(
			"entry %d is not undone: it set the weights that undrain restores, and the servers were undrained since", e.ID)}
	case a.global.dryRun:
		a.note("would undo entry %d (%s): undrain restores the weight before it to %s", e.ID, e.Command,
			plural(n, "drained server"))
	default:
		a.note("entry %d (%s) is undone: undrain restores the weight before it to %s", e.ID, e.Command,
			plural(n, "drained server"))
		if id := op.EntryID(); id != 0 {
			a.say("hint: %s undo %d makes the change again", a.here(), id)
		}
	}
	if !a.reports() {
		return nil
	}
	p, err := a.printer(output.Options{})
	if err != nil {
		return err
	}
	return p.Changes(nil)
}
