package journal

import (
	"bytes"
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
	// Reason is why the user did it, as given. Source is what ran the command.
	Reason string
	Source Source
	// Netns is the name of the network namespace, empty for the caller's own. Table
	// is the identity of its table (kernel.Identity).
	Netns, Table string
	// Undoes is the entry that this one undoes, or zero.
	Undoes uint64
	// Objects are the changed objects. An entry that was read has them after Load.
	Objects []plan.Object
	// Without is set if some objects, or all, were too many to be kept. Counts are those
	// of all.
	Without bool
	Counts  plan.Result
	// Declared is how many drained servers got another weight to restore (state.Weight), in
	// an entry that changes nothing in the table. It is zero if there are Objects.
	Declared int
	// parts are the objects as they are written. cut is set if the beginning of the entry
	// is no longer in the journal.
	parts []part
	cut   bool

	End
	// UndoneBy is the entry that undid this one and is not undone itself, or zero.
	UndoneBy uint64
}

// Source is what made an entry.
type Source string

// The sources.
const (
	Command  Source = ""         // somebody's command
	Job      Source = "job"      // what a command had asked for, when its time was over
	Director Source = "director" // a daemon, without a person
)

// Complete reports whether the journal has all of what was changed.
func (e *Entry) Complete() bool { return !e.Without && !e.cut }

// Reversible reports whether the journal has something that can be undone.
func (e *Entry) Reversible() bool {
	return e.Declared > 0 || e.Counts != plan.Result{} && (len(e.parts) > 0 || len(e.Objects) > 0)
}

// End is how a command ended.
type End struct {
	// Outcome is unknown until the end is written.
	Outcome Outcome
	// Refused are the indexes, in Objects, of the changes that the kernel refused.
	Refused []int
	// Error is the error message, on one line.
	Error string
	// Reached is the weight that a change in small steps has reached, if it is not at its
	// end: then Outcome is Interrupted, or Unknown while it goes on. Otherwise nil.
	Reached *int
}

// Outcome is how many of an entry's changes were made.
type Outcome string

// The outcomes.
const (
	Unknown Outcome = "unknown" // the command did not end, or could not find out
	Done    Outcome = "done"
	Partly  Outcome = "partly"  // all but Refused
	Refused Outcome = "refused" // none, or all were undone
	// Interrupted is a change in small steps that ended at Reached.
	Interrupted Outcome = "interrupted"
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
	type key struct {
		table string
		id    uint64
	}
	place := make(map[key]int, len(entries))
	for i := range entries {
		place[key{entries[i].Table, entries[i].ID}] = i
	}
	for i := len(entries) - 1; i >= 0; i-- {
		e := &entries[i]
		if e.Undoes == 0 || e.Outcome != Done || e.UndoneBy != 0 {
			continue
		}
		if at, ok := place[key{e.Table, e.Undoes}]; ok && entries[at].UndoneBy == 0 {
			entries[at].UndoneBy = e.ID
		}
	}
}

// journalFormat is the version of a journal's lines. Lines of a later version are
// skipped. Format 1 had no packed objects.
const journalFormat = 2

// maxID is the highest number of an entry: JSON numbers are exact up to it. A line with a
// higher one is damaged.
const maxID = 1<<53 - 1

// line is one line of a journal: an entry, more objects of one, or its end. After these
// fields, it has the objects or packed objects (part).
type line struct {
	Format int `json:"format"`
	// ID is an entry's number. The other lines have Of, the entry that they belong to.
	ID uint64 `json:"id,omitempty"`
	Of uint64 `json:"of,omitempty"`

	Time     time.Time `json:"time,omitzero"`
	User     string    `json:"user,omitempty"`
	UID      int       `json:"uid,omitempty"`
	SudoUser string    `json:"sudoUser,omitempty"`
	Command  string    `json:"command,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Source   Source    `json:"source,omitempty"`
	Netns    string    `json:"netns,omitempty"`
	Table    string    `json:"table,omitempty"`
	Undoes   uint64    `json:"undoes,omitempty"`
	Counts   *[3]int   `json:"counts,omitempty"` // added, edited, deleted
	Without  bool      `json:"without,omitempty"`
	Declared int       `json:"declared,omitempty"`

	Outcome Outcome `json:"outcome,omitempty"`
	Refused []int   `json:"refused,omitempty"`
	Error   string  `json:"error,omitempty"`
	Reached *int    `json:"reached,omitempty"`
}

// line returns the entry without its objects, which are a part.
func (e *Entry) line() line {
	return line{
		Format: journalFormat, ID: e.ID, Time: e.Time, User: e.User, UID: e.UID, SudoUser: e.SudoUser,
		Command: e.Command, Reason: e.Reason, Source: e.Source, Netns: e.Netns, Table: e.Table, Undoes: e.Undoes,
		Without: e.Without, Declared: e.Declared,
		Counts: &[3]int{e.Counts.Added, e.Counts.Edited, e.Counts.Deleted},
	}
}

// The keys of the objects, which are the last of a line. They cannot be part of a text
// in it: there, a quotation mark follows a backslash.
const (
	objectsKey = `,"objects":`
	packedKey  = `,"packed":"`
)

// encoded returns what is before and after the part in a line.
func (l *line) encoded(p part) (head, tail []byte) {
	head, _ = json.Marshal(l) // numbers and text always encode
	switch {
	case len(p.text) == 0:
		return append(head, '\n'), nil
	case p.packed:
		return append(head[:len(head)-1], packedKey...), []byte("\"}\n")
	}
	return append(head[:len(head)-1], objectsKey...), []byte("}\n")
}

// errLine is a line that no journal of this format has.
var errLine = errors.New("not a line of this journal's format")

// parseLine reads a line, which ends with \n.
func parseLine(b []byte) (l line, p part, err error) {
	head := b
	key, end := objectsKey, "]}\n"
	at := bytes.Index(b, []byte(key))
	if at < 0 {
		key, end = packedKey, "\"}\n"
		at = bytes.Index(b, []byte(key))
	}
	if at >= 0 {
		if !bytes.HasSuffix(b, []byte(end)) {
			return line{}, part{}, errLine
		}
		head = append(b[:at:at], '}')
		p = part{text: b[at+len(key) : len(b)-2], packed: key == packedKey}
		if p.packed {
			p.text = p.text[:len(p.text)-1]
		}
	}
	if err := json.Unmarshal(head, &l); err != nil {
		return line{}, part{}, err
	}
	if l.Format < 1 || l.Format > journalFormat || (l.ID == 0) == (l.Of == 0) || max(l.ID, l.Of) > maxID {
		return line{}, part{}, errLine
	}
	return l, p, nil
}

// entry returns the entry of a line, without its objects.
func (l *line) entry() Entry {
	e := Entry{
		ID: l.ID, Time: l.Time, User: l.User, UID: l.UID, SudoUser: l.SudoUser, Command: l.Command, Reason: l.Reason,
		Source: l.Source, Netns: l.Netns, Table: l.Table, Undoes: l.Undoes, Without: l.Without, Declared: l.Declared,
		End: End{Outcome: Unknown},
	}
	if l.Counts != nil {
		e.Counts = plan.Result{Added: l.Counts[0], Edited: l.Counts[1], Deleted: l.Counts[2]}
	}
	return e
}
