package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Journal is the record of what was changed, kept in a folder that belongs to
// one user. Several processes may write to it at once. Nothing in it is lost
// with the process that wrote it; it is not made to outlive the machine, as the
// tables that it is about do not either.
type Journal struct {
	// Dir is the folder. It is made when something is written.
	Dir string

	file *os.File
}

// The journal's files: what is written to, and the one before it.
const (
	journalName = "journal.jsonl"
	journalOld  = "journal.old.jsonl"
)

const (
	// maxJournal is how large a file of the journal may grow, in bytes, unless a
	// single entry is larger.
	maxJournal = 8 << 20
	// maxEntry is the longest line, in bytes. That holds some 200,000 servers.
	maxEntry = 32 << 20
)

// ErrLargeEntry says that an entry was written without its objects, so that it
// cannot be undone.
var ErrLargeEntry = errors.New("the change is too large to be kept: it cannot be undone")

// Begin writes what is about to be done and gives its number. ErrLargeEntry
// says that it was written, but not all of it.
func (j *Journal) Begin(ctx context.Context, e Entry) (id uint64, err error) {
	e.Counts = Count(e.Objects)
	text := e.line()
	b, err := json.Marshal(text)
	if err != nil {
		return 0, err
	}
	if len(b) > maxEntry {
		text.Objects, text.Without = nil, true
		text.Command = shortened(text.Command)
		if b, err = json.Marshal(text); err != nil {
			return 0, err
		}
	}
	err = j.append(ctx, func(last uint64) []byte {
		id = last + 1
		return numbered(b, id)
	})
	if err == nil && text.Without {
		err = ErrLargeEntry
	}
	return id, err
}

// numbered puts the number into an entry that was encoded without one.
func numbered(b []byte, id uint64) []byte {
	head := fmt.Appendf(nil, `{"format":%d,`, journalFormat)
	out := make([]byte, 0, len(b)+32)
	out = fmt.Appendf(append(out, head...), `"id":%d,`, id)
	return append(append(out, b[len(head):]...), '\n')
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
	return j.append(ctx, func(last uint64) []byte {
		b, _ := json.Marshal(line{Format: journalFormat, Last: max(last, id), Of: id,
			Outcome: end.Outcome, Refused: end.Refused, Error: end.Error}) // numbers and text always encode
		return append(b, '\n')
	})
}

// Entries reads the journal, oldest first. What cannot be read as an entry is
// left out. A journal that was never written to has none.
func (j *Journal) Entries() ([]Entry, error) {
	// The newer file comes first: where it becomes the older one meanwhile, its
	// entries are read twice, and none is missed.
	found := map[uint64]Entry{}
	ends := map[uint64]End{}
	for _, name := range []string{journalName, journalOld} {
		if err := j.read(name, found, ends); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	entries := make([]Entry, 0, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		e := found[id]
		if end, ok := ends[id]; ok {
			e.End = end
		}
		entries = append(entries, e)
	}
	link(entries)
	return entries, nil
}

func (j *Journal) read(name string, found map[uint64]Entry, ends map[uint64]End) error {
	f, err := os.Open(filepath.Join(j.Dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 64<<10)
	for {
		b, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil // what has no end of line is torn, or not yet written
		}
		if err != nil {
			return err
		}
		l, err := parseLine(b)
		if err != nil {
			continue
		}
		if l.Of != 0 {
			ends[l.Of] = End{l.Outcome, l.Refused, l.Error}
		} else if e, err := l.entry(); err == nil {
			found[l.ID] = e
		}
	}
}

// Close ends the use of the file, as the end of the process does. A journal can
// be used again afterwards.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
