package journal

import (
	"encoding/json"
	"errors"
	"time"

	"lvs/plan"
)

// Entry is the record of one command that changed a table, or was about to.
type Entry struct {
	// ID numbers the entries of a journal from 1. Begin sets it.
	ID   uint64
	Time time.Time
	// User and UID are who ran the command; SudoUser is who called sudo to do so,
	// empty without sudo.
	User     string
	UID      int
	SudoUser string
	// Command is the command line, quoted for a shell.
	Command string
	// Netns is the name of the network namespace, empty for the caller's own. Table
	// is the identity of its table (kernel.Identity).
	Netns, Table string
	// Undoes is the entry that this one undoes, or zero.
	Undoes uint64
	// Objects are the changed objects. Without is set if they were too many to be
	// kept; Counts are kept nevertheless.
	Objects []plan.Object
	Without bool
	Counts  plan.Result

	End
	// UndoneBy is the entry that undid this one and is not undone itself, or zero.
	UndoneBy uint64
}

// End is how a command ended.
type End struct {
	// Outcome is unknown until the end is written.
	Outcome Outcome
	// Refused are the indexes, in Objects, of the changes that the kernel refused.
	Refused []int
	// Error is the error message, on one line.
	Error string
}

// Outcome is how many of an entry's changes were made.
type Outcome string

// The outcomes.
const (
	Unknown Outcome = "unknown" // the command did not end, or could not find out
	Done    Outcome = "done"
	Partly  Outcome = "partly"  // all but Refused
	Refused Outcome = "refused" // none, or all were undone
)

// Made returns the objects that were changed, or may have been: each object once,
// from its first settings to its last.
func (e *Entry) Made() []plan.Object {
	if e.Outcome == Refused {
		return nil
	}
	return plan.Merge(e.Objects, e.Refused)
}

// link sets UndoneBy. The entries are in the order of their numbers.
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

// journalFormat is the version of a journal's lines. Lines of a later version are
// skipped.
const journalFormat = 1

// line is one line of a journal: an entry, more objects of one, or its end.
type line struct {
	Format int `json:"format"`
	// ID is an entry's number. The other lines have Of, the entry that they belong
	// to, and Last, the highest number given so far. So every line has that number.
	ID   uint64 `json:"id,omitempty"`
	Last uint64 `json:"last,omitempty"`
	Of   uint64 `json:"of,omitempty"`

	Time     time.Time    `json:"time,omitzero"`
	User     string       `json:"user,omitempty"`
	UID      int          `json:"uid,omitempty"`
	SudoUser string       `json:"sudoUser,omitempty"`
	Command  string       `json:"command,omitempty"`
	Netns    string       `json:"netns,omitempty"`
	Table    string       `json:"table,omitempty"`
	Undoes   uint64       `json:"undoes,omitempty"`
	Counts   *[3]int      `json:"counts,omitempty"` // added, edited, deleted
	Without  bool         `json:"without,omitempty"`
	Objects  []objectLine `json:"objects,omitempty"`

	Outcome Outcome `json:"outcome,omitempty"`
	Refused []int   `json:"refused,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// line returns the entry without its objects, which appendObjects writes.
func (e *Entry) line() line {
	l := line{
		Format: journalFormat, ID: e.ID, Time: e.Time, User: e.User, UID: e.UID, SudoUser: e.SudoUser,
		Command: e.Command, Netns: e.Netns, Table: e.Table, Undoes: e.Undoes, Without: e.Without,
		Counts: &[3]int{e.Counts.Added, e.Counts.Edited, e.Counts.Deleted},
	}
	return l
}

// encoded returns the parts of a line before and after its objects.
func encoded(l *line, objects bool) (head, tail []byte) {
	head, _ = json.Marshal(l) // numbers and text always encode
	if !objects {
		return append(head, '\n'), nil
	}
	return append(head[:len(head)-1], `,"objects":`...), []byte("}\n")
}

// errLine is a line that no journal of this format has.
var errLine = errors.New("not a line of this journal's format")

// parseLine reads a line.
func parseLine(b []byte) (line, error) {
	var l line
	if err := json.Unmarshal(b, &l); err != nil {
		return line{}, err
	}
	if l.Format < 1 || l.Format > journalFormat || (l.ID == 0) == (l.Of == 0) {
		return line{}, errLine
	}
	return l, nil
}

// entry returns the entry of a line, without its objects.
func (l *line) entry() Entry {
	e := Entry{
		ID: l.ID, Time: l.Time, User: l.User, UID: l.UID, SudoUser: l.SudoUser, Command: l.Command,
		Netns: l.Netns, Table: l.Table, Undoes: l.Undoes, Without: l.Without, End: End{Outcome: Unknown},
	}
	if l.Counts != nil {
		e.Counts = plan.Result{Added: l.Counts[0], Edited: l.Counts[1], Deleted: l.Counts[2]}
	}
	return e
}

func (l *line) objects() ([]plan.Object, error) {
	out := make([]plan.Object, len(l.Objects))
	for i := range l.Objects {
		if err := l.Objects[i].object(&out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
