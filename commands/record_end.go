package commands

import (
	"errors"
	"slices"

	"lvs/kernel"
	"lvs/plan"
	"lvs/plan/journal"
)

// written is what a command has written into the journal: one entry, however
// often it changes something.
type written struct {
	// entry is its number, zero before the first change.
	entry   uint64
	objects int
	refused []int
	unknown bool
	problem string
	// broken is set where the journal cannot be written, and told once a person
	// knows that something is not in it.
	broken, told bool
}

// add takes in how a change of some objects ended.
func (w *written) add(failure error, objects []plan.Object) {
	all := make([]int, len(objects))
	for i := range all {
		all[i] = w.objects + i
	}
	w.objects += len(objects)
	if failure == nil {
		return
	}
	if w.problem == "" {
		w.problem = oneLine(failure.Error())
	}
	var refused kernel.Refusals
	var given *plan.Failure
	switch {
	case errors.As(failure, &given):
		w.unknown = w.unknown || given.Undo != nil
		if given.Undo == nil {
			w.refused = append(w.refused, all...)
		}
	case errors.As(failure, &refused):
		for i := range objects { // with a service its servers stay
			_, found := slices.BinarySearchFunc(refused, objects[i].Change, func(r kernel.Refusal, change int) int { return r.Index - change })
			if found {
				w.refused = append(w.refused, all[i])
			}
		}
	case statusOf(failure) != exitFailed: // the kernel's answer, not a broken way to it
		w.refused = append(w.refused, all...)
	default:
		w.unknown = true
	}
}

// end tells how much of all that was sent came to be.
func (w *written) end() journal.End {
	end := journal.End{Outcome: journal.Done, Error: w.problem}
	switch {
	case w.unknown:
		end.Outcome, end.Refused = journal.Unknown, w.refused
	case len(w.refused) > 0 && len(w.refused) == w.objects:
		end.Outcome = journal.Refused
	case len(w.refused) > 0:
		end.Outcome, end.Refused = journal.Partly, w.refused
	}
	return end
}
