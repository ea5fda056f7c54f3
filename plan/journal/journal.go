package journal

import (
	"context"
	"errors"
	"os"

	"lvs/plan"
)

// Journal is the record of what was changed, kept in a folder that belongs to
// one user. Several processes may write to it at once. Nothing in it is lost
// with the process that wrote it; it is not made to outlive the machine, as the
// tables that it is about do not either.
type Journal struct {
	// Dir is the folder. It is made when something is written.
	Dir string
	// Max is how large a file may grow, in bytes, unless a single entry is
	// larger. Zero is 8 MiB.
	Max int64

	file *os.File
	// size and last are what this journal left behind in the file: while it is
	// that long, nobody else has written to it. Zero is not known.
	size int64
	last uint64
}

// The journal's files: what is written to, and the one before it.
const (
	journalName = "journal.jsonl"
	journalOld  = "journal.old.jsonl"
)

const (
	// maxJournal is Max where that is zero.
	maxJournal = 8 << 20
	// maxEntry is the longest line, in bytes. That holds some 300,000 servers.
	maxEntry = 32 << 20
)

// ErrTooLarge says that an entry was written without its objects, so that it
// cannot be undone.
var ErrTooLarge = errors.New("the change is too large to be kept: it cannot be undone")

// Begin writes what is about to be done and gives its number. ErrLargeEntry
// says that it was written, but not all of it.
func (j *Journal) Begin(ctx context.Context, e Entry) (id uint64, err error) {
	e.Counts = plan.Count(e.Objects)
	objects := appendObjects(nil, e.Objects)
	if len(objects)+len(e.Command) > maxEntry {
		objects, e.Without = nil, true
		e.Command = shortened(e.Command)
	}
	err = j.append(ctx, objects, func(last uint64) line {
		id, e.ID = last+1, last+1
		return e.line()
	})
	if err == nil && e.Without {
		err = ErrTooLarge
	}
	return id, err
}

// More adds objects to an entry: what a command does after its first changes.
// Its end is unknown again.
func (j *Journal) More(ctx context.Context, id uint64, objects []plan.Object) error {
	l := line{Format: journalFormat, Of: id}
	text := appendObjects(nil, objects)
	if len(text) > maxEntry {
		text, l.Without = nil, true
	}
	err := j.append(ctx, text, func(last uint64) line {
		l.Last = max(last, id)
		return l
	})
	if err == nil && l.Without {
		err = ErrTooLarge
	}
	return err
}

// shortened keeps the start of a command line that is part of a huge entry.
func shortened(command string) string {
	const most = 4096
	if len(command) > most {
		return command[:most] + " …"
	}
	return command
}

// End writes how what Begin wrote has ended.
func (j *Journal) End(ctx context.Context, id uint64, end End) error {
	return j.append(ctx, nil, func(last uint64) line {
		return line{Format: journalFormat, Last: max(last, id), Of: id,
			Outcome: end.Outcome, Refused: end.Refused, Error: end.Error}
	})
}

// Close ends the use of the file, as the end of the process does. A journal can
// be used again afterwards.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file, j.size = nil, 0
	return err
}
