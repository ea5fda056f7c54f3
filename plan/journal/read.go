package journal

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"lvs/safefile"
)

// maxLine is the longest line that is read, in bytes: longer ones are not the journal's.
const maxLine = maxPacked + 1<<20

// Entries returns the entries of a table or, if that is empty, of all tables, in the
// order of their numbers. Their objects are not there before Load. It skips lines that it
// cannot read. A journal that was never written to has no entries.
func (j *Journal) Entries(table string) ([]Entry, error) {
	d, err := j.folder()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	groups, err := groupsOf(d, table)
	if err != nil {
		return nil, err
	}
	names := [][2]string{{legacyOlder, legacyCurrent}}
	for _, name := range groups {
		names = append(names, [2]string{name + older, name + current})
	}
	var entries []Entry
	for _, pair := range names {
		found, err := readFiles(d, pair[0], pair[1])
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			if table == "" || e.Table == table {
				e.count()
				entries = append(entries, *e)
			}
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), a.Time.Compare(b.Time))
	})
	link(entries)
	return entries, nil
}

// readFiles returns the entries of a file and of the one before it.
func readFiles(d *safefile.Dir, old, new string) (map[uint64]*Entry, error) {
	files, err := filesOf(d, old, new)
	found := map[uint64]*Entry{}
	for _, f := range files {
		if e := readLines(f, found); err == nil {
			err = e
		}
		f.Close()
	}
	return found, err
}

// filesOf opens two files and returns the older one first. It opens the newer one first, so
// that no entry is missed if that is renamed meanwhile.
func filesOf(d *safefile.Dir, old, new string) (files []*os.File, err error) {
	var infos []fs.FileInfo
	for _, name := range []string{new, old} {
		f, err := d.OpenFile(name, os.O_RDONLY)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var info fs.FileInfo
		if err == nil {
			info, err = f.Stat()
		}
		if err != nil {
			return files, err
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
		b, err := readLine(in)
		if err == io.EOF {
			return nil // a line without its end is torn, or still being written
		}
		if err != nil {
			return err
		}
		if l, p, err := parseLine(b); err == nil {
			l.read(p, found)
		}
	}
}

// readLine reads a line. Of one that is too long, it returns nothing.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	long := false
	for {
		b, err := in.ReadSlice('\n')
		if long = long || len(line)+len(b) > maxLine; long {
			line = nil
		} else {
			line = append(line, b...)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

// read adds a line to the entries. It ignores the end of an entry that is missing.
func (l *line) read(p part, found map[uint64]*Entry) {
	id := max(l.ID, l.Of)
	e := found[id]
	switch {
	case l.Outcome != "":
		if e != nil {
			e.End = End{l.Outcome, l.Refused, l.Error, l.Reached}
		}
	case l.ID != 0 || e == nil && l.Table != "":
		e := l.entry()
		e.ID, e.cut = id, l.ID == 0
		e.add(p)
		found[id] = &e
	case e != nil:
		e.add(p)
		e.Without = e.Without || l.Without
		e.End = End{Outcome: Unknown}
	}
}
