package journal

import (
	"time"

	"lvs/plan"
)

// Entry is what the journal knows of one command that changed a table, or was
// about to.
type Entry struct {
	// ID numbers the entries of a journal from 1. Append gives it.
	ID   uint64
	Time time.Time
	// User is who ran the command, by name and number; SudoUser is who became
	// that user by sudo, empty without.
	User     string
	UID      int
	SudoUser string
	// Command is the command line, quoted for a shell.
	Command string
	// Netns is the namespace as it was named, empty for the caller's own. Table
	// is its identity.
	Netns, Table string
	// Undoes is the entry that this one undoes, or zero.
	Undoes uint64
	// Objects are what is changed. Without is set where they were too many to be
	// kept; Counts are kept all the same.
	Objects []plan.Object
	Without bool
	Counts  plan.Result

	End
	// UndoneBy is the entry that has undone this one and is itself in force, or
	// zero.
	UndoneBy uint64
}

// End is how a command ended.
type End struct {
	// Outcome is unknown until the end is written.
	Outcome Outcome
	// Refused are the places, in Objects, of what the kernel refused.
	Refused []int
	// Error is what went wrong, in a line.
	Error string
}

// Outcome says how much of an entry's changes was made.
type Outcome string

// The outcomes.
const (
	Unknown Outcome = "unknown" // the command never came to its end, or could not tell
	Done    Outcome = "done"
	Partly  Outcome = "partly"  // all but Refused
	Refused Outcome = "refused" // none, or all were taken back
)

// Made returns the objects that were changed, or may have been: one for each that
// was touched, from what it was first to what it was last.
func (e *Entry) Made() []plan.Object {
	if e.Outcome == Refused {
		return nil
	}
	return plan.Merge(e.Objects, e.Refused)
}

// link finds which entries are undone. They are in the order of their numbers.
func link(entries []Entry) {
	place := make(map[uint64]int, len(entries))
	for i := range entries {
		place[entries[i].ID] = i
	}
	for i := len(entries) - 1; i >= 0; i-- {
		e := &entries[i]
		if e.Undoes == 0 || e.Outcome != Done || e.UndoneBy != 0 {
			continue
		}
		if at, ok := place[e.Undoes]; ok && entries[at].UndoneBy == 0 {
			entries[at].UndoneBy = e.ID
		}
	}
}
