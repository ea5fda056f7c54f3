package journal

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// append adds one line to the table's file under the lock. text makes the line once the
// last number given is known.
func (j *Journal) append(ctx context.Context, p part, text func(last uint64) line) error {
	if err := j.lock(ctx); err != nil {
		return err
	}
	defer j.unlock()
	last, err := j.lastNumber()
	if err != nil {
		return err
	}
	l := text(last)
	head, tail := l.encoded(p)
	n := int64(len(head) + len(p.text) + len(tail))
	size, err := j.openTable()
	if err == nil && size > 0 && size+n > cmp.Or(j.Max, maxJournal) {
		name := base(j.Table, j.Source)
		if err = j.dir.Rename(name+current, name+older); err == nil {
			_ = j.closeTable() // all of it was written
			size, err = j.openTable()
		}
	}
	if err == nil && l.ID != 0 {
		err = j.setNumber(l.ID) // first, so that no number is given twice
	}
	if err != nil {
		return err
	}
	if err := j.write(size, head, p.text, tail); err != nil {
		j.size = 0
		return errors.Join(err, j.setNumber(last))
	}
	j.size = size + n
	return nil
}

// write writes a line. If the disk is full the file stays as it was.
func (j *Journal) write(size int64, parts ...[]byte) error {
	for _, b := range parts {
		if len(b) == 0 {
			continue
		}
		if _, err := j.file.Write(b); err != nil {
			return errors.Join(err, j.file.Truncate(size))
		}
	}
	return nil
}

// openTable opens the file of the table for appending, and creates it if necessary. It
// removes a torn line at the end, and returns the size of the file.
func (j *Journal) openTable() (size int64, err error) {
	name := base(j.Table, j.Source) + current
	if j.file != nil && !j.dir.Same(name, j.file) {
		_ = j.closeTable() // another process has replaced it
	}
	if j.file == nil {
		if j.file, err = j.dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND); err != nil {
			return 0, err
		}
	}
	info, err := j.file.Stat()
	if err != nil || j.size > 0 && info.Size() == j.size {
		return j.size, err
	}
	if info.Size() == 0 {
		j.prune()
		return 0, nil
	}
	size, err = wholeLines(j.file, info.Size())
	if err == nil && size < info.Size() {
		err = j.file.Truncate(size)
	}
	return size, err
}

// numberLen is the length of the number in the file of the lock.
const numberLen = 20

// lastNumber returns the last number given.
func (j *Journal) lastNumber() (uint64, error) {
	b := make([]byte, numberLen)
	n, err := j.locked.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return 0, err
	}
	last, err := strconv.ParseUint(strings.TrimSpace(string(b[:n])), 10, 64)
	if err == nil && n == numberLen && last < maxID {
		return last, nil
	}
	return j.highest() // this is the first entry, or the file is damaged
}

func (j *Journal) setNumber(n uint64) error {
	_, err := j.locked.WriteAt(fmt.Appendf(nil, "%*d\n", numberLen, n), 0)
	return err
}

// highest returns the highest number after which one is free: a damaged line may have
// the last number of all.
func (j *Journal) highest() (last uint64, err error) {
	all, err := j.Entries("")
	if err != nil {
		return 0, err
	}
	next := uint64(maxID)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].ID+1 < next {
			return all[i].ID, nil
		}
		next = all[i].ID
	}
	return 0, nil
}

// wholeLines returns where the last whole line of a file of some size ends.
func wholeLines(f io.ReaderAt, size int64) (end int64, err error) {
	b := make([]byte, 4096)
	for end = size; end > 0; {
		start := max(0, end-int64(len(b)))
		part := b[:end-start]
		if _, err := f.ReadAt(part, start); err != nil && err != io.EOF {
			return 0, err
		}
		if at := bytes.LastIndexByte(part, '\n'); at >= 0 {
			return start + int64(at) + 1, nil
		}
		end = start
	}
	return 0, nil
}
