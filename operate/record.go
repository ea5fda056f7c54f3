package operate

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"lvs/kernel"
	"lvs/plan"
	"lvs/plan/journal"
)

// journalTime is how long a change waits for its journal: for other processes that
// write to it, and for a disk that does not answer.
const journalTime = 2 * time.Second

// written is what an operator has written to the journal: one entry, no matter how
// often it changes something.
type written struct {
	// entry is its number, zero before the first change; head the entry without objects.
	entry   uint64
	head    journal.Entry
	objects int
	refused []int
	// raced is how many of refused were planned again, after a race.
	raced   int
	unknown bool
	// partial is set if the changes are only a part of what was asked for.
	partial bool
	// reached is the weight of a ramp that is not at its end, stopped that it ended there.
	reached *int
	stopped bool
	// problem is the error, before that of before unfinished.
	problem, before string
	// broken is set if the journal cannot be written, told once Unrecorded was sent.
	broken, told bool
}

// EntryID returns the number of the operator's entry in the journal, or zero if
// it has none.
func (o *Operator) EntryID() uint64 { return o.written.entry }

// Recorded reports whether the journal has all changes so far, so that they can be
// undone.
func (o *Operator) Recorded() bool { return o.written.entry != 0 && !o.written.told }

// Record writes to the journal what is about to be changed, and returns a function to
// call with the outcome. Call it right before the first message to the kernel: then
// undo works whatever happens after that.
//
// A journal that cannot be written does not prevent a change: Unrecorded is sent once,
// and done does nothing.
func (o *Operator) Record(ctx context.Context, objects []plan.Object) (done func(error)) {
	if len(objects) == 0 {
		return func(error) {}
	}
	return o.record(ctx, objects, 0)
}

// record records objects or, if they are none, a number of weights that are declared.
func (o *Operator) record(ctx context.Context, objects []plan.Object, declared int) (done func(error)) {
	nothing := func(error) {}
	w := &o.written
	if o.Journal == nil || w.broken {
		return nothing
	}
	if o.Table == "" {
		o.unrecorded(o.noTable())
		return nothing
	}
	if w.entry == 0 {
		w.head = o.Describe()
		w.head.Time, w.head.Netns, w.head.Table = o.Now(), o.Netns, o.Table
	}
	e := w.head
	e.ID, e.Objects, e.Declared = w.entry, objects, declared
	e.Pack()
	j := o.journal()
	id, err := inTime(ctx, func(ctx context.Context) (id uint64, err error) {
		if e.ID != 0 {
			id, err = e.ID, j.More(ctx, e)
		} else {
			id, err = j.Begin(ctx, e)
		}
		if err != nil {
			j.Close()
		}
		return id, err
	})
	if err != nil {
		o.unrecorded(err)
	}
	if err != nil && !errors.Is(err, journal.ErrTooLarge) {
		w.broken = true
		return nothing
	}
	w.entry = id
	return func(failure error) {
		w.add(failure, objects)
		end := w.end()
		_, err := inTime(ctx, func(ctx context.Context) (uint64, error) {
			defer j.Close()
			return id, j.End(ctx, id, end)
		})
		if err != nil {
			o.unrecorded(err)
		}
	}
}

// Incomplete states, before the first change, that the changes are only a part of what
// was asked for, and why. Their outcome in the journal is partly.
func (o *Operator) Incomplete(why error) {
	o.written.partial, o.written.problem = true, errorLine(why)
}

// replanned states that what was refused so far is planned again: it was undone, and what is
// left of the work is in the objects that follow.
func (o *Operator) replanned() {
	w := &o.written
	w.raced = len(w.refused)
	if !w.partial {
		w.problem = ""
	}
}

// Declined writes to the journal what was to be done and is not, and why: its outcome is
// refused.
func (o *Operator) Declined(ctx context.Context, objects []plan.Object, why error) {
	o.written.problem = errorLine(why)
	o.Record(ctx, objects)(&plan.Failure{Cause: why})
}

// unfinished writes that the work was interrupted: the outcome is unknown, and an
// interrupted undo does not count as one.
func (o *Operator) unfinished(ctx context.Context, cause error) {
	o.written.before = o.written.problem
	o.written.unknown, o.written.problem = true, errorLine(cause)
	o.writeEnd(ctx)
}

// finished reverts unfinished, which work in two parts calls between them in case it is
// killed there.
func (o *Operator) finished(ctx context.Context) {
	o.written.unknown, o.written.problem = false, o.written.before
	o.writeEnd(ctx)
}

func (o *Operator) writeEnd(ctx context.Context) {
	w := &o.written
	if w.entry == 0 || w.broken {
		return
	}
	end, j := w.end(), o.journal()
	_, err := inTime(ctx, func(ctx context.Context) (uint64, error) {
		defer j.Close()
		return w.entry, j.End(ctx, w.entry, end)
	})
	if err != nil {
		o.unrecorded(err)
	}
}

// journal returns a journal to write to. Each writing has its own, because one that hangs
// is left behind.
func (o *Operator) journal() *journal.Journal {
	return &journal.Journal{Dir: o.Journal.Dir, Max: o.Journal.Max, Table: o.Table, Source: o.Journal.Source}
}

func (o *Operator) unrecorded(err error) {
	if !o.written.told {
		o.written.told = true
		o.tell(Unrecorded{err})
	}
}

// errNoAnswer means that the journal did not answer in time.
var errNoAnswer = errors.New("the disk does not answer")

// inTime calls do and gives up waiting for it after journalTime; the goroutine that
// hangs is left behind. The end of ctx does not stop it: the outcome of a change must be
// written even then.
func inTime(ctx context.Context, do func(context.Context) (uint64, error)) (uint64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalTime)
	defer cancel()
	type answer struct {
		id  uint64
		err error
	}
	got := make(chan answer, 1)
	go func() {
		id, err := do(ctx)
		got <- answer{id, err}
	}()
	select {
	case a := <-got:
		return a.id, a.err
	case <-ctx.Done():
		return 0, errNoAnswer
	}
}

// add adds the outcome of a change of some objects.
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
		w.problem = errorLine(failure)
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
		byIndex := func(r kernel.Refusal, change int) int { return r.Index - change }
		for i := range objects { // a service that is not deleted keeps its servers
			if _, found := slices.BinarySearchFunc(refused, objects[i].Change, byIndex); found {
				w.refused = append(w.refused, all[i])
			}
		}
	case isAnswer(failure):
		w.refused = append(w.refused, all...)
	default:
		w.unknown = true
	}
}

// end returns the outcome of all changes.
func (w *written) end() journal.End {
	end := journal.End{Outcome: journal.Done, Error: w.problem}
	switch {
	case w.unknown:
		end.Outcome, end.Refused = journal.Unknown, w.refused
	case len(w.refused) > 0 && len(w.refused) == w.objects:
		end.Outcome = journal.Refused
	case w.reached != nil && w.stopped:
		end.Outcome, end.Refused, end.Reached = journal.Interrupted, w.refused, w.reached
	case w.reached != nil:
		end.Outcome, end.Reached = journal.Unknown, w.reached
	case len(w.refused) > w.raced || w.partial:
		end.Outcome, end.Refused = journal.Partly, w.refused
	default:
		end.Refused = w.refused
	}
	return end
}

// isAnswer reports whether an error is the kernel's answer to a change, and not a broken
// connection to it: then nothing was changed.
func isAnswer(err error) bool {
	for _, answer := range []error{
		kernel.ErrPermission, fs.ErrPermission, kernel.ErrNotLoaded, kernel.ErrExists, kernel.ErrNoService,
		kernel.ErrNoServer,
		kernel.ErrNoDaemon, kernel.ErrNoInterface, kernel.ErrNoSysctl, kernel.ErrNoNamespace, kernel.ErrInvalid,
		kernel.ErrRange, kernel.ErrNoScheduler,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// errorLine returns an error as one line of bounded length.
func errorLine(err error) string {
	const longest = 2000 // bytes
	s := strings.Join(strings.Fields(err.Error()), " ")
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") + " …"
	}
	return s
}
