// Package journal records what was changed in a table, and how it can be undone. It
// is files of lines in JSON that several processes append to.
package journal

import (
	"context"
	"errors"
	"os"

	"lvs/safefile"
)

// Journal is the record of changes, kept in a folder in which only trusted users can
// write. Several processes, of several users, may write to it at once. What a process wrote survives the end
// of that process. It need not survive a crash of the machine: the tables that it
// describes do not either.
type Journal struct {
	// Dir is the folder. It is created by the first write.
	Dir string
	// Table and Source are those of the entries that are written. Reading does not need
	// them.
	Table  string
	Source Source
	// Max is the largest size of a file in bytes, unless a single entry is larger.
	// Zero is 8 MiB.
	Max int64

	// locked is the file of the lock, file that of the table's entries. Nil: not open.
	dir          *safefile.Dir
	locked, file *os.File
	// size is the length of the file after this journal's latest write: while it has
	// that length, no other process has written to it. Zero is unknown.
	size int64
}

// maxJournal stands for a Max of zero.
const maxJournal = 8 << 20

// ErrTooLarge means that an entry was written without its objects, so that it
// cannot be undone.
var ErrTooLarge = errors.New("the change is too large to be kept: it cannot be undone")

// Begin writes the entry of changes that are about to be made and returns its
// number. ErrTooLarge means that it was written without its objects. It sets the fields
// Table and Source. An entry with many objects should be packed before (Pack).
func (j *Journal) Begin(ctx context.Context, e Entry) (id uint64, err error) {
	e.Table, e.Source = j.Table, j.Source
	e.Pack()
	if e.Without {
		e.Command = shortened(e.Command)
	}
	err = j.append(ctx, e.part(), func(last uint64) line {
		id, e.ID = last+1, last+1
		return e.line()
	})
	if err == nil && e.Without {
		err = ErrTooLarge
	}
	return id, err
}

// More adds the objects of e to the entry e.ID: changes that a command makes after its
// first ones. The entry's outcome is unknown again. The other fields are those of the
// entry, in case its beginning is removed from the journal before it ends.
func (j *Journal) More(ctx context.Context, e Entry) error {
	e.Table, e.Source = j.Table, j.Source
	e.Pack()
	e.Command = shortened(e.Command)
	err := j.append(ctx, e.part(), func(uint64) line {
		l := e.line()
		l.ID, l.Of = 0, e.ID
		return l
	})
	if err == nil && e.Without {
		err = ErrTooLarge
	}
	return err
}

// shortened cuts the command line of a huge entry.
func shortened(command string) string {
	const most = 4096
	if len(command) > most {
		return command[:most] + " …"
	}
	return command
}

// End writes how the changes of an entry ended.
func (j *Journal) End(ctx context.Context, id uint64, end End) error {
	return j.append(ctx, part{}, func(uint64) line {
		return line{Format: journalFormat, Of: id, Outcome: end.Outcome, Refused: end.Refused, Error: end.Error,
			Reached: end.Reached}
	})
}

// Close closes the files. The journal can be used again afterwards.
func (j *Journal) Close() error {
	err := j.closeTable()
	if j.locked != nil {
		err = errors.Join(err, j.locked.Close(), j.dir.Close())
		j.locked, j.dir = nil, nil
	}
	return err
}

func (j *Journal) closeTable() (err error) {
	if j.file != nil {
		err = j.file.Close()
		j.file, j.size = nil, 0
	}
	return err
}
