package commands

import (
	"errors"
	"fmt"
	"math"

	"lvs/plan"
	"lvs/plan/journal"
)

// number returns the number of the entry to undo; 0 is the last one.
func (o *undo) number(args []string) (uint64, error) {
	if len(args) == 0 {
		return 0, nil
	}
	n, err := parseNumber("entry", args[0], 1, math.MaxInt64)
	if err != nil {
		err = usagef("invalid entry %q: want a number that %s history shows", args[0], o.app.here())
	}
	return n, both(err, noMore(args[1:], "undo one entry at a time"))
}

// entry returns the entry to undo, or nil if there is nothing to do and that was
// printed.
func (o *undo) entry(n uint64) (*journal.Entry, error) {
	a := o.app
	all, _, err := a.entries(false)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return o.last(all)
	}
	for i := range all {
		if e := &all[i]; e.ID == n {
			return o.named(e)
		}
	}
	if all, _, err = a.entries(true); err != nil {
		return nil, err
	}
	for i := range all {
		if e := &all[i]; e.ID == n {
			return nil, o.ofAnother(e)
		}
	}
	f := &fault{status: exitNotFound, err: fmt.Errorf("entry %d: no such entry in the journal", n)}
	return nil, f.hintf("%s history --all lists the entries", a.here())
}

// last returns the newest change that is still in effect.
func (o *undo) last(all []journal.Entry) (*journal.Entry, error) {
	a, byDirector := o.app, 0
	for i := len(all) - 1; i >= 0; i-- {
		e := &all[i]
		switch {
		case e.Undoes != 0, e.UndoneBy != 0, e.Outcome == journal.Refused:
		case e.Source == journal.Director && a.actor(a.ctx) != nil:
			byDirector++
		case e.Without && !e.Reversible():
			return nil, tooLarge(e).hintf("%s undo N undoes an older entry; %s history lists them", a.here(), a.here())
		case onlyCounters(e):
			a.note("entry %d (%s) is skipped: counters cannot be restored", e.ID, e.Command)
		default:
			if byDirector > 0 {
				a.note("skipped: %s of the director, which would make them again", plural(byDirector, "newer change"))
			}
			return e, e.Load()
		}
	}
	f := &fault{status: exitNotFound,
		err: errors.New("nothing to undo: the journal has no change to this table that is still in effect")}
	return nil, f.hintf("%s history --all lists the entries", a.here())
}

// named returns the entry that was named if it can be undone, or nil if it is
// undone already.
func (o *undo) named(e *journal.Entry) (*journal.Entry, error) {
	a := o.app
	switch {
	case e.UndoneBy != 0:
		return nil, a.nothingChanges("entry %d is already undone by entry %d (%s undo %d makes it again)", e.ID, e.UndoneBy,
			a.here(), e.UndoneBy)
	case e.Outcome == journal.Refused:
		return nil, a.nothingChanges("entry %d changed nothing", e.ID)
	case e.Without && !e.Reversible():
		return nil, tooLarge(e)
	case onlyCounters(e):
		return nil, &fault{status: exitNo, err: fmt.Errorf("entry %d: counters cannot be restored", e.ID)}
	}
	return e, e.Load()
}

// ofAnother returns the error for an entry of another table.
func (o *undo) ofAnother(e *journal.Entry) error {
	f := &fault{status: exitNotFound, err: fmt.Errorf("entry %d: it changed another table", e.ID)}
	if e.Netns != "" {
		return f.hintf("try --netns %s, if that is still the same namespace", e.Netns)
	}
	return f.hintf("list this table's entries with %s history; a table ends at reboot, or with its namespace",
		o.app.here())
}

func tooLarge(e *journal.Entry) *fault {
	return &fault{status: exitNo, err: fmt.Errorf(
		"entry %d (%s): it was too large for the journal, which does not have the state before it", e.ID, e.Command)}
}

func onlyCounters(e *journal.Entry) bool {
	return e.Complete() && e.Declared == 0 && e.Counts == plan.Result{}
}
