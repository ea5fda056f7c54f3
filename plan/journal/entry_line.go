package journal

import (
	"encoding/json"
	"errors"
	"time"

	"lvs/plan"
)

// journalFormat is the version of a journal's lines. Lines of a later one are
// left alone.
const journalFormat = 1

// line is one line of a journal: an entry, more of one, or its end.
type line struct {
	Format int `json:"format"`
	// ID is an entry's number. More and the end have Of, the entry that they
	// belong to, and Last, the highest number given so far: so each line tells
	// that.
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

// line gives the entry without its objects, which appendObjects writes.
func (e *Entry) line() line {
	l := line{
		Format: journalFormat, ID: e.ID, Time: e.Time, User: e.User, UID: e.UID, SudoUser: e.SudoUser,
		Command: e.Command, Netns: e.Netns, Table: e.Table, Undoes: e.Undoes, Without: e.Without,
		Counts: &[3]int{e.Counts.Added, e.Counts.Edited, e.Counts.Deleted},
	}
	return l
}

// encoded gives what stands before the objects of a line, and after them.
func encoded(l *line, objects bool) (head, tail []byte) {
	head, _ = json.Marshal(l) // numbers and text always encode
	if !objects {
		return append(head, '\n'), nil
	}
	return append(head[:len(head)-1], `,"objects":`...), []byte("}\n")
}

// errLine is a line that is none of a journal, or of one to come.
var errLine = errors.New("no line of this journal")

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

// entry gives what a line says that is an entry, without its objects.
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
