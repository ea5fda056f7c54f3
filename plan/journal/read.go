package journal

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	"lvs/plan"
)

// Entries reads the journal, oldest first. What cannot be read as an entry is
// left out. A journal that was never written to has none.
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

// files opens what there is of the journal, the older file first. It takes the
// newer one before the older: where that becomes the older one meanwhile,
// nothing is missed.
func (j *Journal) files() (files []*os.File, err error) {
	var infos []fs.FileInfo
	for _, name := range []string{journalName, journalOld} {
		f, err := os.Open(j.path(name))
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

// readLines reads a file into the entries found so far.
func readLines(f io.Reader, found map[uint64]*Entry) error {
	in := bufio.NewReaderSize(f, 64<<10)
	for {
		b, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil // what has no end of line is torn, or not yet written
		}
		if err != nil {
			return err
		}
		if l, err := parseLine(b); err == nil {
			l.read(found)
		}
	}
}

// read takes one line in. What belongs to an entry that is gone is left out.
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
