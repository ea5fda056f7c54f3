// Package journal records what was changed in a table, and how it can be undone. It
// is a file of lines in JSON that several processes append to.
package journal

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"lvs/plan"
	"lvs/safefile"
)

// Journal is the record of changes, kept in a folder in which only trusted users can
// write. Several processes, of several users, may write to it at once. What a process wrote survives the end
// of that process. It need not survive a crash of the machine: the tables that it
// describes do not either.
type Journal struct {
	// Dir is the folder. It is created by the first write.
	Dir string
	// Max is the largest size of a file in bytes, unless a single entry is larger.
	// Zero is 8 MiB.
	Max int64

	dir  *safefile.Dir
	file *os.File
	// size and last are the length of the file and the last entry's number after this
	// journal's latest write: while the file has that length, no other process has
	// written to it. Zero is unknown.
	size int64
	last uint64
}

// The journal's files: the current one, and the one before it.
const (
	journalName = "journal.jsonl"
	journalOld  = "journal.old.jsonl"
)

const (
	// maxJournal stands for a Max of zero.
	maxJournal = 8 << 20
	// maxEntry is the longest line, in bytes. That holds some 300,000 servers.
	maxEntry = 32 << 20
)

// ErrTooLarge means that an entry was written without its objects, so that it
// cannot be undone.
var ErrTooLarge = errors.New("the change is too large to be kept: it cannot be undone")

// Begin writes the entry of changes that are about to be made and returns its
// number. ErrTooLarge means that it was written without its objects.
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

// More adds objects to an entry: changes that a command makes after its first ones.
// The entry's outcome is unknown again.
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
	return j.append(ctx, nil, func(last uint64) line {
		return line{Format: journalFormat, Last: max(last, id), Of: id,
			Outcome: end.Outcome, Refused: end.Refused, Error: end.Error}
	})
}

// Close closes the file. The journal can be used again afterwards.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	err := errors.Join(j.file.Close(), j.dir.Close())
	j.file, j.dir, j.size = nil, nil, 0
	return err
}

// Entries returns the entries of the journal, oldest first. It skips lines that it
// cannot read. A journal that was never written to has no entries.
func (j *Journal) Entries() ([]Entry, error) {
	files, err := j.files()
	if err != nil {
		return nil, err
	}
	found := map[uint64]*Entry{}
	for _, f := range files {
		if e := readLines(f, found); err == nil {
			err = e
		}
		f.Close()
	}
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		e := found[id]
		if !e.Without {
			e.Counts = plan.Count(plan.Merge(e.Objects, nil))
		}
		entries = append(entries, *e)
	}
	link(entries)
	return entries, nil
}

// files opens the files of the journal and returns the older one first. It opens
// the newer one first, so that no entry is missed if that is renamed meanwhile.
func (j *Journal) files() (files []*os.File, err error) {
	d, err := j.folder()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	var infos []fs.FileInfo
	for _, name := range []string{journalName, journalOld} {
		f, err := d.OpenFile(name, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var info fs.FileInfo
		if err == nil {
			info, err = f.Stat()
		}
		if err != nil {
			return nil, err
		}
		if len(infos) > 0 && os.SameFile(infos[0], info) {
			f.Close()
			continue
		}
		files, infos = append([]*os.File{f}, files...), append(infos, info)
	}
	return files, nil
}

// readLines adds the lines of a file to the entries found so far.
func readLines(f io.Reader, found map[uint64]*Entry) error {
	in := bufio.NewReaderSize(f, 64<<10)
	for {
		b, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil // a line without its end is torn, or still being written
		}
		if err != nil {
			return err
		}
		if l, err := parseLine(b); err == nil {
			l.read(found)
		}
	}
}

// read adds a line to the entries. It ignores a line whose entry is missing.
func (l *line) read(found map[uint64]*Entry) {
	objects, err := l.objects()
	if err != nil {
		return
	}
	e := found[l.Of]
	switch {
	case l.ID != 0:
		e := l.entry()
		e.Objects = objects
		found[l.ID] = &e
	case e == nil:
	case l.Outcome != "":
		e.End = End{l.Outcome, l.Refused, l.Error}
	default:
		e.Objects = append(e.Objects, objects...)
		e.Without = e.Without || l.Without
		e.End = End{Outcome: Unknown}
	}
}
